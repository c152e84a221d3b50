import type { Frame } from '../../frames/frame.ts';
import { FLV_TIMESTAMP_MODULUS } from '../../protocols/flv/demuxer.ts';
import type { Codec } from './arguments.ts';

/**
 * Pictures that ffmpeg may have without having answered; more would only wait in the pipe and grow old. The hardware
 * holds on to some while it works.
 */
const WINDOW: Readonly<Record<Codec, number>> = { libx264: 2, h264_v4l2m2m: 4 };
/** A picture unanswered for this long may have been a broken one, which gives no unit: it no longer keeps others waiting. Milliseconds. */
const PATIENCE_MS = 1000;
/** Most pictures without an answer, whatever their age. */
const MAX_IN_FLIGHT = 16;
/** Rounding on the way through ffmpeg, milliseconds. */
export const TIMESTAMP_TOLERANCE = 1;

interface Written {
  /** Milliseconds as FLV writes them, but not wrapped. */
  readonly timestamp: number;
  readonly frame: Frame;
  /** Monotonic, milliseconds. */
  readonly written: number;
}

/** The pictures that ffmpeg has and has not answered yet, the oldest first. */
export class InFlight {
  readonly #pictures: Written[] = [];

  constructor(private readonly codec: Codec) {}

  /** When the oldest was written, monotonic milliseconds; undefined: there is none. */
  get since(): number | undefined {
    return this.#pictures[0]?.written;
  }

  /** Whether ffmpeg has as many as it may. @param now monotonic, milliseconds */
  isFull(now: number): boolean {
    if (this.#pictures.length >= MAX_IN_FLIGHT) return true;
    let young = 0;
    for (const { written } of this.#pictures) if (now - written < PATIENCE_MS) young++;
    return young >= WINDOW[this.codec];
  }

  /** @param timestamp microseconds @param now monotonic, milliseconds */
  add(timestamp: number, frame: Frame, now: number): void {
    this.#pictures.push({ timestamp: Math.round(timestamp / 1000), frame, written: now });
  }

  /** Returns the picture of this FLV timestamp, undefined: there is none. Those before it came to nothing. */
  take(timestamp: number): Frame | undefined {
    const index = this.#pictures.findIndex((each) => flvDistance(each.timestamp, timestamp) <= TIMESTAMP_TOLERANCE);
    if (index === -1) return undefined;
    const { frame } = this.#pictures[index]!;
    this.#pictures.splice(0, index + 1);
    return frame;
  }

  clear(): void {
    this.#pictures.length = 0;
  }
}

/** Milliseconds between two times of which FLV has wrapped one. */
export function flvDistance(a: number, b: number): number {
  const difference = Math.abs(a - b) % FLV_TIMESTAMP_MODULUS;
  return Math.min(difference, FLV_TIMESTAMP_MODULUS - difference);
}
