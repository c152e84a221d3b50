/** Processor time, of all processors together, in a unit of the system's own. */
export interface ProcessorTime {
  readonly busy: number;
  readonly total: number;
}

/** What the power supply and the cooling do, as the firmware of a Raspberry Pi has it. */
export interface PowerState {
  /** The voltage is too low now. */
  readonly underVoltage: boolean;
  /** The processor is slowed down because it is too hot. */
  readonly overheated: boolean;
}

/** How the machine fares. Never throws; undefined is what the system does not tell. */
export interface MachineVitals {
  /** Since the machine started. */
  processorTime(): ProcessorTime | undefined;
  /** When the machine started, by its clock as it is now: milliseconds since the Unix epoch, to the second. */
  startedAt(): number | undefined;
  /** When a time server last set the clock; undefined: none did, or nobody says so. Milliseconds since the Unix epoch. */
  clockSetAt(): number | undefined;
  power(): Promise<PowerState | undefined>;
  /** Whether there is no room left for a file in a directory. */
  isFull(directory: string): boolean | undefined;
}
