import type { DeviceEvent } from '../../device/events.ts';

/** Events that wait for one subscriber: an hour of somebody who walks to and fro. */
const MAX_WAITING = 256;
/** Of those, the newest that stay when there are too many. */
const KEPT = 128;

/** The events that a subscriber has not got yet. Where there are too many, the oldest are dropped. */
export class EventQueue {
  #waiting: DeviceEvent[] = [];

  /** @param states every state that the subscriber is to know, as they are now */
  constructor(private readonly states: () => readonly DeviceEvent[]) {}

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(event: DeviceEvent): void {
    this.#waiting.push(event);
    if (this.#waiting.length <= MAX_WAITING) return;
    // All states before what is left: so the subscriber sees that he missed something, and misses no state by it.
    this.#waiting = [...this.states(), ...this.#waiting.slice(-KEPT)];
  }

  /** Every state follows as it is now, and none before the changes that wait. */
  synchronize(): void {
    this.#waiting = [...this.#waiting.filter(({ kind }) => kind !== 'initialized'), ...this.states()];
  }

  /** Takes the oldest away. @param limit at most so many */
  take(limit: number): readonly DeviceEvent[] {
    return this.#waiting.splice(0, limit);
  }
}
