import type { Cancel, Clock } from '../../core/clock.ts';
import type { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { AccessUnit } from '../../frames/access-unit.ts';
import { readSps } from '../../frames/h264-sps.ts';
import { Program } from '../../platform/program.ts';
import { lengthPrefixed, prefixedSize } from '../../protocols/h264/avc.ts';
import { clusterHeader, h264StreamHeader } from '../../protocols/matroska/video-stream.ts';
import { endError, silenceError } from './errors.ts';

/** What ffmpeg is started with. */
export interface UnitFeederOptions {
  /** Path of ffmpeg. */
  readonly ffmpeg: string;
  /** Its arguments: it reads Matroska from standard input. */
  readonly args: readonly string[];
  /** What it does, for people: "decoder". */
  readonly work: string;
  /** Where programs are looked up, as in PATH. */
  readonly searchPath: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What comes back from ffmpeg. */
export interface UnitFeederEvents {
  /** Bytes of its standard output, cut anywhere. */
  stdout(chunk: Buffer): void;
  /** A line of its standard error. Returns whether the line was asked for; others are logged. */
  stderrLine?(line: string): boolean;
  /** ffmpeg is gone, or gives nothing, and is to be stopped. Called once, the last of all, and never after a stop. */
  ended(error: AppError): void;
}

/**
 * What the timestamp of a unit tells ffmpeg, in microseconds added to it: that something is to be made of it, or a key frame.
 * Without a mark it is only decoded.
 */
export const MARK = { picture: 1, keyframe: 3 } as const;
/** One of the {@link MARK}s. */
export type Mark = (typeof MARK)[keyof typeof MARK];

/** Most marked units that ffmpeg may have without having answered: more would only grow old on their way. */
const WINDOW = 2;
/** Where an answer is this late, ffmpeg is given nothing more up to the next key frame, milliseconds. */
const LATE_MS = 1000;
/** Most bytes that may wait for an ffmpeg that has only begun to start: the largest group of pictures, and as much again. */
const MAX_WAITING_BYTES = 16 << 20;
/** Time to the first answer, milliseconds: a Pi Zero loads ffmpeg from its card in a few seconds. */
const START_TIMEOUT_MS = 10_000;
/** Time to an answer after that, milliseconds: even a Pi Zero is faster. */
const STALL_MS = 3000;
const WATCHDOG_INTERVAL_MS = 500;
/** Timestamps without a mark are multiples of this, microseconds. */
const STEP_US = 4;
/** Least distance of two timestamps, microseconds. */
const LEAST_STEP_US = 1000;
/** Pixels, assumed where the parameter sets cannot be read: ffmpeg reads them by itself. */
const ANY_SIZE = { width: 640, height: 480 };
/** Pictures per second in the header; the timestamps count, whatever it says. */
const ANY_RATE = 15;

/**
 * One ffmpeg that gets all of a camera's H.264 as Matroska, since each picture needs those before it, and makes something of the
 * marked units alone: which and how many is decided while it runs. Constructing starts it.
 */
export class UnitFeeder {
  readonly #program: Program;
  readonly #stopWatchdog: Cancel;
  #opened = false;
  #over = false;
  #lastLine = '';
  /** The time of the first unit, milliseconds: timestamps count from there. */
  #origin: number | undefined;
  /** Microseconds, without a mark. */
  #lastTimestamp = 0;
  /** Marked units by their timestamps in microseconds, the oldest first. */
  readonly #inFlight = new Map<number, { readonly unit: AccessUnit; readonly written: number }>();
  /** Since when ffmpeg has been too slow, monotonic, milliseconds; undefined: it is not. */
  #lateSince: number | undefined;
  /** Whether units have been left out since the last key frame, so that nothing can be decoded before the next. */
  #skipping = true;
  #answered = false;

  constructor(
    private readonly options: UnitFeederOptions,
    private readonly events: UnitFeederEvents,
  ) {
    const { ffmpeg, args, work, searchPath, clock, log } = options;
    log.debug('starting ffmpeg', { command: ffmpeg, args });
    this.#program = new Program(
      ffmpeg,
      args,
      searchPath,
      {
        stdout: (chunk) => {
          if (!this.#over) events.stdout(chunk);
        },
        stderrLine: (line) => {
          if (this.#over || events.stderrLine?.(line)) return;
          log.debug(line, { program: 'ffmpeg' });
          this.#lastLine = line;
        },
        ended: (end) => this.fail(endError(work, end, this.#lastLine)),
      },
      { input: true },
    );
    this.#stopWatchdog = clock.every(WATCHDOG_INTERVAL_MS, () => this.#watch());
  }

  /**
   * Takes the next unit. Returns at once.
   * @param mark asked where ffmpeg has time to make something of it; what it returns is the mark, undefined: the unit is only decoded
   * @returns false where the unit is left out: ffmpeg is too slow, or there is no key frame yet
   */
  feed(unit: AccessUnit, mark: () => Mark | undefined): boolean {
    if (this.#over) return false;
    const now = this.options.clock.monotonic();
    const isLate = this.#isLate(now);
    this.#lateSince = isLate ? (this.#lateSince ?? now) : undefined;
    this.#skipping = isLate || (this.#skipping && !unit.keyframe);
    if (this.#skipping) return false;
    if (!this.#opened) {
      this.#opened = true;
      const { parameterSets } = unit;
      this.#program.write([h264StreamHeader({ ...(readSps(parameterSets.sps) ?? ANY_SIZE), frameRate: ANY_RATE }, parameterSets)]);
    }
    this.#origin ??= unit.monotonic;
    const elapsed = Math.round(((unit.monotonic - this.#origin) * 1000) / STEP_US) * STEP_US;
    this.#lastTimestamp = Math.max(elapsed, this.#lastTimestamp + LEAST_STEP_US);
    const marked = this.#inFlight.size < WINDOW ? mark() : undefined;
    const timestamp = this.#lastTimestamp + (marked ?? 0);
    if (marked !== undefined) this.#inFlight.set(timestamp, { unit, written: now });
    const size = prefixedSize(unit.nals);
    this.#program.write([clusterHeader(timestamp, size, unit.keyframe), ...lengthPrefixed(unit.nals)]);
    return true;
  }

  /**
   * Notes that something came of a marked unit, and that nothing will of those before it.
   * @param isIt whether the timestamp, microseconds, is that of the unit
   * @returns the unit; undefined: none of those under way has that timestamp
   */
  answered(isIt: (timestamp: number) => boolean): AccessUnit | undefined {
    const timestamp = [...this.#inFlight.keys()].find(isIt);
    if (timestamp === undefined) return undefined;
    const { unit } = this.#inFlight.get(timestamp)!;
    for (const each of this.#inFlight.keys()) if (each <= timestamp) this.#inFlight.delete(each);
    this.#answered = true;
    return unit;
  }

  /** Reports that what ffmpeg gives is of no use. */
  fail(error: AppError): void {
    if (this.#over) return;
    this.#rest();
    this.events.ended(error);
  }

  /** Ends ffmpeg at once. Resolves when nothing of it is left. */
  stop(): Promise<void> {
    this.#rest();
    // It has nothing to finish.
    return this.#program.stop(true);
  }

  #rest(): void {
    this.#over = true;
    this.#stopWatchdog();
    this.#inFlight.clear();
  }

  #isLate(now: number): boolean {
    if (this.#program.waiting > MAX_WAITING_BYTES) return true;
    const [oldest] = this.#inFlight.values();
    return this.#answered && oldest !== undefined && now - oldest.written > LATE_MS;
  }

  #watch(): void {
    const [oldest] = this.#inFlight.values();
    const since = oldest?.written ?? this.#lateSince;
    const limit = this.#answered ? STALL_MS : START_TIMEOUT_MS;
    if (since !== undefined && this.options.clock.monotonic() - since > limit)
      this.fail(silenceError(this.options.work, limit, this.#lastLine));
  }
}
