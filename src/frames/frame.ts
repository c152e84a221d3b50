import type { Size } from './size.ts';

/**
 * Bytes kept free before the JPEG in a frame's buffer, so that a server can write its part header and delimiter around the picture
 * and hand all three to the kernel in one write, without copying the picture.
 */
export const HEADROOM = 160;
/** Bytes kept free after the JPEG, for the delimiter. */
export const TAILROOM = 64;

/**
 * A complete JPEG in a buffer with space around it, as the splitter delivers it; width and height are those of its start-of-frame
 * segment.
 */
export interface Picture extends Size {
  /** HEADROOM bytes, the JPEG, TAILROOM bytes. */
  readonly buffer: Buffer;
  /** Length of the JPEG in bytes. */
  readonly size: number;
}

/** Returns a buffer for a JPEG of `size` bytes, not initialised. The JPEG belongs at offset {@link HEADROOM}. */
export function allocateBuffer(size: number): Buffer {
  return Buffer.allocUnsafeSlow(HEADROOM + size + TAILROOM);
}

/** One captured picture. Shared by every viewer; the JPEG bytes never change. */
export class Frame implements Picture {
  /** {@link HEADROOM} bytes, the JPEG, {@link TAILROOM} bytes. */
  readonly buffer: Buffer;
  /** Length of the JPEG, bytes. */
  readonly size: number;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;

  /**
   * @param sequence number of the frame, from 1, over restarts of the capture
   * @param capturedAt wall clock at which the picture was complete, milliseconds since the Unix epoch
   * @param monotonic the same moment on the monotonic clock, milliseconds
   */
  constructor(
    picture: Picture,
    readonly sequence: number,
    readonly capturedAt: number,
    readonly monotonic: number,
  ) {
    this.buffer = picture.buffer;
    this.size = picture.size;
    this.width = picture.width;
    this.height = picture.height;
  }

  /** The JPEG, SOI to EOI: a view into {@link buffer}, made when it is asked for, as most viewers get the buffer itself. */
  get jpeg(): Buffer {
    return this.buffer.subarray(HEADROOM, HEADROOM + this.size);
  }
}
