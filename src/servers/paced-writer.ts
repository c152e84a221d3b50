import type { Socket } from 'node:net';
import { DirectWriter } from '../platform/direct-writer.ts';
import type { ViewerPace } from './viewer-pace.ts';

/** What a writer needs. */
export interface PacedWriterOptions {
  readonly socket: Socket;
  /** Undefined: everything is given at once. */
  readonly pace: Pick<ViewerPace, 'capacity' | 'gave' | 'whenReady'> | undefined;
  /**
   * Returns where a picture may be cut, as an offset in bytes: behind `at`, from which on it is given next, and at best before
   * `end`. Undefined: anywhere.
   */
  readonly cut?: (bytes: Buffer, at: number, end: number) => number;
  /** Called for every picture of which {@link PacedWriter.write} said that it is not all in the kernel, once it is, in their order. */
  readonly onWritten: (error?: Error | null) => void;
}

/** A rest of less than two packets goes along, bytes. */
const LEAST_REST = 3000;

/**
 * Hands pictures to a viewer's connection, in slices where his link is slow, as the link takes them: a whole picture at once may be
 * more than the buffer in front of the link holds, and what is lost there holds up all that comes behind it. Nothing is copied.
 */
export class PacedWriter {
  readonly #writer: DirectWriter;
  /** Pictures that are not wholly given yet. */
  readonly #queue: Buffer[] = [];
  /** How much of the first one is given, bytes. */
  #given = 0;
  #waiting = 0;

  constructor(private readonly options: PacedWriterOptions) {
    this.#writer = new DirectWriter(options.socket);
  }

  /** Bytes that are not given to the connection yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Gives a picture, behind those before it. @returns whether all of it is in the kernel; if not, `onWritten` will be called */
  write(bytes: Buffer): boolean {
    const { pace } = this.options;
    if (this.#waiting > 0) this.#add(bytes);
    else if (pace && pace.capacity() < bytes.length) {
      this.#add(bytes);
      this.#goOn();
    } else {
      pace?.gave(bytes.length);
      if (this.#writer.write(bytes)) return true;
      this.#tellWhenWritten();
    }
    return false;
  }

  /** Gives all that waits at once: something else shall follow it. */
  flush(): void {
    while (this.#waiting > 0 && !this.options.socket.destroyed) this.#give(this.#queue[0]!.length);
  }

  #add(bytes: Buffer): void {
    this.#queue.push(bytes);
    this.#waiting += bytes.length;
  }

  readonly #goOn = (): void => {
    const { pace, socket, cut } = this.options;
    while (this.#waiting > 0 && !socket.destroyed) {
      const capacity = pace?.capacity() ?? Number.POSITIVE_INFINITY;
      if (capacity <= 0) {
        pace?.whenReady(this.#goOn);
        return;
      }
      const { length } = this.#queue[0]!;
      const end = this.#given + capacity;
      const taken = this.#give(length - end < LEAST_REST ? length : (cut?.(this.#queue[0]!, this.#given, end) ?? end));
      if (!taken && this.#waiting > 0) {
        socket.write('', this.#goOn);
        return;
      }
    }
  };

  /** Gives the first picture up to its byte `end`. @returns whether all of that is in the kernel */
  #give(end: number): boolean {
    const bytes = this.#queue[0]!;
    const slice = bytes.subarray(this.#given, end);
    this.#given = end;
    this.#waiting -= slice.length;
    this.options.pace?.gave(slice.length);
    const taken = this.#writer.write(slice);
    if (end === bytes.length) {
      this.#queue.shift();
      this.#given = 0;
      this.#tellWhenWritten();
    }
    return taken;
  }

  /** "drain" does not come for small pictures, but an empty write is done when what is before it is. */
  #tellWhenWritten(): void {
    this.options.socket.write('', this.options.onWritten);
  }
}
