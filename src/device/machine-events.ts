import type { Cancel, Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { MachineVitals, ProcessorTime } from '../core/machine-vitals.ts';
import type { EventTeller } from './events.ts';

/** What is known of the machine, and where it is told. */
export interface MachineEventsOptions {
  /** Where the events are told. */
  readonly events: EventTeller;
  /** What is known of the machine. */
  readonly vitals: MachineVitals;
  /** Directory of the camera's own files, whose disk is watched. */
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Time from one look to the next, milliseconds: nothing here changes faster in a way that anybody acts on. */
const INTERVAL_MS = 15_000;
/** Steps in which the usage is told, percent: few are worth an event, and 1 would read as everything to clients that expect a share. */
const USAGE_STEP = 5;
/** How far the time of the start may be off before it is told anew, milliseconds: the clock drifts. */
const START_TOLERANCE_MS = 5000;

const PROCESSOR = { Token: 'processor' };
const POWER_SUPPLY = { Token: 'power_supply' };
const STORAGE = { Token: 'storage' };

/** Tells by events how the machine fares, as far as that can be known. */
export class MachineEvents {
  #cancel: Cancel = () => {};
  #before: ProcessorTime | undefined;
  #usage = Number.NEGATIVE_INFINITY;
  #startedAt = Number.NEGATIVE_INFINITY;
  #looking = false;

  constructor(private readonly options: MachineEventsOptions) {}

  /** Begins to look. Resolves when everything that is known was told once, but for the processor's usage. */
  async start(): Promise<void> {
    const { clock, events, vitals } = this.options;
    this.#before = vitals.processorTime();
    if (this.#before) events.offer('Monitoring/ProcessorUsage');
    this.#cancel = clock.every(INTERVAL_MS, () => {
      this.#tellUsage();
      void this.#look();
    });
    // Not the usage, which is a mean over the interval and comes at its end.
    await this.#look();
  }

  /** Ends the look. */
  stop(): void {
    this.#cancel();
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const { events, vitals, dataDir, log } = this.options;
    try {
      this.#tellTimes();
      const full = vitals.isFull(dataDir);
      if (full !== undefined) events.set('Device/HardwareFailure/StorageFailure', STORAGE, { Failed: full });
      const power = await vitals.power();
      if (power) {
        events.set('Device/HardwareFailure/PowerSupplyFailure', POWER_SUPPLY, { Failed: power.underVoltage });
        events.set('Device/HardwareFailure/TemperatureCritical', {}, { Critical: power.overheated });
      }
    } catch (error) {
      log.debug(`How the machine fares cannot be read: ${messageOf(error)}`);
    } finally {
      this.#looking = false;
    }
  }

  /** Tells the mean usage since the look before. */
  #tellUsage(): void {
    const now = this.options.vitals.processorTime();
    const before = this.#before;
    if (!now || !before || now.total <= before.total) return;
    this.#before = now;
    const percent = (100 * (now.busy - before.busy)) / (now.total - before.total);
    // Not to and fro between two steps.
    if (Math.abs(percent - this.#usage) < USAGE_STEP) return;
    this.#usage = Math.round(percent / USAGE_STEP) * USAGE_STEP;
    this.options.events.set('Monitoring/ProcessorUsage', PROCESSOR, { Value: this.#usage });
  }

  #tellTimes(): void {
    const { events, vitals } = this.options;
    const startedAt = vitals.startedAt();
    if (startedAt !== undefined && Math.abs(startedAt - this.#startedAt) > START_TOLERANCE_MS) {
      this.#startedAt = startedAt;
      events.set('Monitoring/OperatingTime/LastReboot', {}, { Status: new Date(startedAt) });
    }
    const setAt = vitals.clockSetAt();
    if (setAt !== undefined) events.set('Monitoring/OperatingTime/LastClockSynchronization', {}, { Status: new Date(setAt) });
  }
}
