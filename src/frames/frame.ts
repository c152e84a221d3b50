import type { Size } from './size.ts';

/**
 * Bytes kept free before and after the JPEG in a frame's buffer, so that a server can write its part header and
 * delimiter around the picture and hand all three to the kernel in one write, without copying the picture.
 */
export const HEADROOM = 160;
export const TAILROOM = 64;

/** A complete JPEG in a buffer with space around it, as the splitter delivers it; its real size is read from the start-of-frame segment. */
export interface Picture extends Size {
  /** HEADROOM bytes, the JPEG, TAILROOM bytes. */
  readonly buffer: Buffer;
  /** Length of the JPEG in bytes. */
  readonly size: number;
}

/** Allocates the buffer for a JPEG of `size` bytes. The JPEG belongs at offset {@link HEADROOM}. */
export function allocateBuffer(size: number): Buffer {
  return Buffer.allocUnsafeSlow(HEADROOM + size + TAILROOM);
}

/** One captured picture. Shared by every viewer; the JPEG bytes never change. */
export class Frame implements Picture {
  readonly buffer: Buffer;
  readonly size: number;
  readonly width: number;
  readonly height: number;

  /**
   * @param sequence counts captured frames from 1, over restarts of the capture
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

  /** The JPEG, SOI to EOI: a view into {@link buffer}. Made when it is asked for, as most viewers get the buffer itself. */
  get jpeg(): Buffer {
    return this.buffer.subarray(HEADROOM, HEADROOM + this.size);
  }
}
