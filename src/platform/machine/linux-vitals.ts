import { statfsSync, statSync } from 'node:fs';
import type { Clock } from '../../core/clock.ts';
import type { MachineVitals, PowerState, ProcessorTime } from '../../core/machine-vitals.ts';
import { type Run, runProgram } from '../run-program.ts';
import { CLOCK_SET_FILE } from './boot.ts';
import { Cached } from './cached.ts';
import { Tools } from './tools.ts';
import { Tree } from './tree.ts';

/** The machine, and how it is asked. */
export interface LinuxVitalsOptions {
  /** Root of the file system: "/"; tests give a tree of their own. */
  readonly root: string;
  /** Where vcgencmd is looked up, as in PATH. */
  readonly searchPath: string;
  readonly clock: Clock;
  /** How vcgencmd is run; default {@link runProgram}. */
  readonly run?: Run;
}

/** How long the firmware's answer is good, milliseconds: to start a program is not free on a small Pi. */
const POWER_MAX_AGE_MS = 30_000;
/** Free bytes below which a disk counts as full: the camera's files have a few kB. */
const FULL_BELOW_BYTES = 64 * 1024;
/** Milliseconds. */
const SECOND = 1000;

/** Bits of the firmware's word for the present, not for the time since the start (raspberrypi.com, "vcgencmd", get_throttled). */
const UNDER_VOLTAGE = 1 << 0;
const THROTTLED = 1 << 2;
const SOFT_LIMIT = 1 << 3;

/** Tells how a machine with Linux fares, from its files and the tool of the Raspberry Pi's firmware. */
export class LinuxVitals implements MachineVitals {
  readonly #tree: Tree;
  readonly #tools: Tools;
  readonly #power: Cached<PowerState | undefined>;

  constructor(private readonly options: LinuxVitalsOptions) {
    this.#tree = new Tree(options.root);
    this.#tools = new Tools(options.searchPath, options.run ?? runProgram);
    this.#power = new Cached(options.clock, POWER_MAX_AGE_MS, () => this.#readPower());
  }

  /** Returns the processor time since the start, from the first line of proc_stat(5): user, nice, system, idle, iowait and so on. */
  processorTime(): ProcessorTime | undefined {
    const line = /^cpu +([\d ]+)$/m.exec(this.#tree.text('/proc/stat') ?? '');
    if (!line) return undefined;
    // Guests count among user and nice already.
    const times = line[1]!.split(' ').map(Number).slice(0, 8);
    const total = times.reduce((sum, time) => sum + time, 0);
    return { busy: total - (times[3] ?? 0) - (times[4] ?? 0), total };
  }

  /** Returns when the machine started, milliseconds since the Unix epoch, to the second. */
  startedAt(): number | undefined {
    const uptime = Number.parseFloat(this.#tree.text('/proc/uptime') ?? '');
    return Number.isNaN(uptime) ? undefined : Math.round(this.options.clock.now() / SECOND - uptime) * SECOND;
  }

  /**
   * Returns when a time server last set the clock, milliseconds since the Unix epoch, to the second; undefined: systemd-timesyncd
   * did not.
   */
  clockSetAt(): number | undefined {
    try {
      const { mtimeMs } = statSync(this.#tree.path(CLOCK_SET_FILE));
      return Math.floor(mtimeMs / SECOND) * SECOND;
    } catch {
      return undefined;
    }
  }

  /** Resolves with how the power supply and the cooling are; undefined: this is no Raspberry Pi, or it lacks vcgencmd. */
  power(): Promise<PowerState | undefined> {
    return this.#power.get();
  }

  async #readPower(): Promise<PowerState | undefined> {
    // Elsewhere a program of this name, should there be one, speaks of something else.
    if (!/raspberry pi/i.test(this.#tree.text('/proc/device-tree/model') ?? '')) return undefined;
    const answer = (await this.#tools.ask('vcgencmd', ['get_throttled'])) ?? '';
    const digits = /^throttled=0x([\da-f]{1,8})\s*$/i.exec(answer)?.[1];
    if (digits === undefined) return undefined;
    const flags = Number.parseInt(digits, 16);
    const underVoltage = (flags & UNDER_VOLTAGE) !== 0;
    // Low voltage throttles, too.
    return { underVoltage, overheated: (flags & SOFT_LIMIT) !== 0 || ((flags & THROTTLED) !== 0 && !underVoltage) };
  }

  /** Returns whether the disk of a directory is full: in bytes, or in files. */
  isFull(directory: string): boolean | undefined {
    try {
      const { bavail, bsize, files, ffree } = statfsSync(directory);
      // File systems without a fixed number of files say that they have none.
      return bavail * bsize < FULL_BELOW_BYTES || (files > 0 && ffree === 0);
    } catch {
      return undefined;
    }
  }
}
