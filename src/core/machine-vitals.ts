/** Processor time, of all processors together, in a unit of the system's own. */
export interface ProcessorTime {
  /** Time in which they worked. */
  readonly busy: number;
  /** All time. */
  readonly total: number;
}

/** How the power supply and the cooling are, as the firmware of a Raspberry Pi says. */
export interface PowerState {
  /** Whether the voltage is too low at this moment. */
  readonly underVoltage: boolean;
  /** Whether the processor is slowed down because it is too hot. */
  readonly overheated: boolean;
}

/** Tells how the machine fares. Its methods never throw or reject; undefined is what the system does not tell. */
export interface MachineVitals {
  /** Returns the processor time since the machine started. */
  processorTime(): ProcessorTime | undefined;
  /** Returns when the machine started, by its clock as it is set: milliseconds since the Unix epoch, to the second. */
  startedAt(): number | undefined;
  /** Returns when a time server last set the clock, milliseconds since the Unix epoch; undefined: none did, or the system does not say. */
  clockSetAt(): number | undefined;
  /** Resolves with how the power supply and the cooling are. */
  power(): Promise<PowerState | undefined>;
  /** Returns whether the disk of a directory is full. */
  isFull(directory: string): boolean | undefined;
}
