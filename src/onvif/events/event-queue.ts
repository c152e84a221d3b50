import type { DeviceEvent } from '../../device/events.ts';

/** Events that wait for one subscriber: an hour of somebody who walks to and fro. */
const MAX_WAITING = 256;
/** The newest that stay when there are more. */
const KEPT = 128;

/** The events that a subscriber has not fetched yet, the oldest first. Beyond 256 the oldest are dropped. */
export class EventQueue {
  #waiting: DeviceEvent[] = [];

  /** @param states returns every present state that the subscriber is to know */
  constructor(private readonly states: () => readonly DeviceEvent[]) {}

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Puts an event at the end. */
  add(event: DeviceEvent): void {
    this.#waiting.push(event);
    if (this.#waiting.length <= MAX_WAITING) return;
    // Every state comes before what is left: the subscriber sees that something was lost, and yet knows every state.
    this.#waiting = [...this.states(), ...this.#waiting.slice(-KEPT)];
  }

  /** Puts every present state at the end, in place of those that wait since an earlier call (SetSynchronizationPoint). */
  synchronize(): void {
    this.#waiting = [...this.#waiting.filter(({ kind }) => kind !== 'initialized'), ...this.states()];
  }

  /** Removes and returns the oldest events, `limit` at most. */
  take(limit: number): readonly DeviceEvent[] {
    return this.#waiting.splice(0, limit);
  }
}
