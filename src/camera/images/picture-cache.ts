import { type FSWatcher, watch } from 'node:fs';
import type { Clock } from '../../core/clock.ts';
import { allocateBuffer, HEADROOM, type Picture } from '../../frames/frame.ts';

/** Most bytes of pictures that are kept; a folder larger than this is read anew each time round. */
const MAX_BYTES = 64 * 1024 * 1024;
/** Longest that a picture is taken for unchanged, milliseconds: the system tells of no change made elsewhere on a network drive. */
const MAX_AGE_MS = 10_000;

/**
 * Keeps the pictures of a folder in memory for as long as nothing in the folder changes. Keeps nothing where the folder is too
 * large, or the system does not tell of changes.
 */
export class PictureCache {
  readonly #pictures = new Map<string, Picture>();
  #bytes = 0;
  #full = false;
  #version = 0;
  #filledAt = Number.NEGATIVE_INFINITY;
  #watcher: FSWatcher | undefined;

  /** Watches the folder until {@link close}. */
  constructor(
    dir: string,
    private readonly clock: Pick<Clock, 'monotonic'>,
  ) {
    try {
      this.#watcher = watch(dir, { persistent: false }, () => this.#forget());
      this.#watcher.on('error', () => this.close());
    } catch {
      // There are no watches left, or the folder is gone, which is found out when it is read.
    }
  }

  /** Number that grows whenever something in the folder changes. */
  get version(): number {
    return this.#version;
  }

  /**
   * Returns a copy of a picture that is kept; undefined: it is not. A copy, since a picture's buffer is written to when it is sent,
   * and an earlier showing may still be on its way.
   */
  get(name: string): Picture | undefined {
    if (this.clock.monotonic() - this.#filledAt > MAX_AGE_MS) this.#empty();
    const picture = this.#pictures.get(name);
    if (!picture) return undefined;
    const buffer = allocateBuffer(picture.size);
    picture.buffer.copy(buffer, HEADROOM, HEADROOM, HEADROOM + picture.size);
    return { ...picture, buffer };
  }

  /**
   * Keeps a picture, where that is possible.
   * @param version of the folder when the picture began to be read
   */
  keep(name: string, picture: Picture, version: number): void {
    if (!this.#watcher || this.#full || version !== this.#version) return;
    if (this.#bytes + picture.buffer.length > MAX_BYTES) {
      this.#empty();
      this.#full = true;
      return;
    }
    if (this.#pictures.size === 0) this.#filledAt = this.clock.monotonic();
    this.#pictures.set(name, picture);
    this.#bytes += picture.buffer.length;
  }

  /** Ends the watch and forgets all pictures. */
  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#forget();
  }

  /** Forgets what is known to be old. */
  #forget(): void {
    this.#version++;
    this.#full = false;
    this.#empty();
  }

  #empty(): void {
    this.#pictures.clear();
    this.#bytes = 0;
  }
}
