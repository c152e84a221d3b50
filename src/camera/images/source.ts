import { constants } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { AppError, messageOf } from '../../core/errors.ts';
import { naturalOrder } from '../../core/natural-order.ts';
import { allocateBuffer, HEADROOM, type Picture, TAILROOM } from '../../frames/frame.ts';
import { readJpegHeader, wholeJpegLength } from '../../frames/jpeg.ts';
import { MAX_PICTURE_BYTES } from '../../frames/jpeg-splitter.ts';
import { unsupportedSettings } from '../defaults.ts';
import { HIGHEST_FPS, type SourceOffers } from '../offers.ts';
import type { CameraSettings, SettingName } from '../settings.ts';
import type { Capture, CaptureEvents, Source } from '../source.ts';
import { startTicker } from '../ticker.ts';
import { PictureCache } from './picture-cache.ts';

const SUPPORTED: ReadonlySet<SettingName> = new Set<SettingName>(['fps']);

const BYTES_PER_MIB = 1024 * 1024;

/** A folder of JPEG files, shown one after the other and over again. */
export class ImagesSource implements Source {
  readonly kind = 'images';
  readonly description: string;
  readonly encoding = 'JPEG';
  readonly captureFps: number;
  readonly unsupported: readonly SettingName[];
  readonly offers: SourceOffers = { sizes: [], fps: { min: 1, max: HIGHEST_FPS }, quality: undefined };

  constructor(
    private readonly dir: string,
    private readonly settings: CameraSettings,
    private readonly clock: Clock,
  ) {
    this.description = `pictures in ${dir}`;
    this.captureFps = settings.fps;
    this.unsupported = unsupportedSettings(settings, SUPPORTED);
  }

  /** Starts to show the folder's pictures, at the rate that is set. */
  start(events: CaptureEvents): Capture {
    const cache = new PictureCache(this.dir, this.clock);
    const show = new SlideShow(this.dir, (error) => events.notice(error), cache);
    const capture = startTicker(
      this.clock,
      this.settings.fps,
      async (signal) => {
        const picture = await show.next(signal);
        if (picture !== undefined && !signal.aborted) events.picture(picture);
      },
      (error) => {
        cache.close();
        events.ended(error);
      },
    );
    return {
      stop: async () => {
        await capture.stop();
        cache.close();
      },
    };
  }
}

/** Checks that there is a picture to show in a folder. Rejects with an AppError (NO_PICTURES) where there is none. */
export async function checkImagesDir(dir: string): Promise<void> {
  await new SlideShow(dir, () => {}).next(new AbortController().signal);
}

/** Goes round a folder. Each round lists the files anew, so that new files join and vanished ones are forgotten. */
class SlideShow {
  #names: string[] = [];
  #position = 0;
  /** Names of the files that were complained about. */
  readonly #named = new Set<string>();
  /** What is wrong with the first file of this round that cannot be shown. */
  #firstProblem: string | undefined;

  constructor(
    private readonly dir: string,
    private readonly complain: (error: AppError) => void,
    /** Where pictures are kept; undefined: each is read anew. */
    private readonly cache?: PictureCache,
  ) {}

  /** Returns the next good picture; undefined if aborted meanwhile. Rejects with NO_PICTURES after a whole round without one. */
  async next(signal: AbortSignal): Promise<Picture | undefined> {
    let freshRound = false;
    while (!signal.aborted) {
      const name = this.#names[this.#position];
      if (name !== undefined) {
        this.#position += 1;
        const picture = await this.#read(name, signal);
        if (picture) return picture;
      } else if (freshRound) {
        throw new AppError('NO_PICTURES', describeNone(this.dir, this.#names, this.#firstProblem));
      } else {
        this.#names = await listPictures(this.dir);
        this.#position = 0;
        this.#firstProblem = undefined;
        this.#forgetVanished();
        freshRound = true;
      }
    }
    return undefined;
  }

  async #read(name: string, signal: AbortSignal): Promise<Picture | undefined> {
    const known = this.cache?.get(name);
    if (known) return known;
    const version = this.cache?.version ?? 0;
    try {
      const picture = await readPicture(join(this.dir, name));
      this.#named.delete(name);
      if (picture) this.cache?.keep(name, picture, version);
      return picture && (this.cache?.get(name) ?? picture);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.#firstProblem ??= `${name}: ${messageOf(error.cause)}`;
      if (!this.#named.has(name) && !signal.aborted) {
        this.#named.add(name);
        this.complain(error);
      }
      return undefined;
    }
  }

  #forgetVanished(): void {
    const present = new Set(this.#names);
    for (const name of this.#named) if (!present.has(name)) this.#named.delete(name);
  }
}

const isPictureName = (name: string): boolean => /\.jpe?g$/i.test(name);

async function listPictures(dir: string): Promise<string[]> {
  try {
    return (await readdir(dir)).filter(isPictureName).sort(naturalOrder);
  } catch (error) {
    throw new AppError('NO_PICTURES', `The folder ${dir} can't be read: ${messageOf(error)}`, { cause: error });
  }
}

function describeNone(dir: string, names: readonly string[], problem = `${names[0]}: gone`): string {
  if (names.length === 0) return `There is no .jpg file in ${dir}.`;
  return names.length === 1
    ? `The only .jpg file in ${dir} cannot be shown: ${problem}.`
    : `None of the ${names.length} .jpg files in ${dir} can be shown; the first one is ${problem}.`;
}

/** Returns a picture; undefined if the file is gone. Rejects with BAD_PICTURE if it is there and no JPEG from SOI to EOI. */
async function readPicture(path: string): Promise<Picture | undefined> {
  try {
    // Opened without blocking, a named pipe does not wait for a writer.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return await readInto(file);
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new AppError('BAD_PICTURE', `${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** Reads a file straight into the buffer that the picture is sent from. Rejects with an Error that says what is wrong with it. */
async function readInto(file: FileHandle): Promise<Picture> {
  const stat = await file.stat();
  if (!stat.isFile()) throw new Error('not a file');
  if (stat.size > MAX_PICTURE_BYTES) throw new Error(`larger than ${MAX_PICTURE_BYTES / BYTES_PER_MIB} MiB`);
  const buffer = allocateBuffer(stat.size);
  let length = 0;
  while (length < stat.size) {
    const { bytesRead } = await file.read(buffer, HEADROOM + length, stat.size - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  const header = readJpegHeader(buffer, HEADROOM, length);
  const size = wholeJpegLength(buffer, HEADROOM, length);
  if (header === undefined || size === 0) throw new Error('not a whole JPEG');
  // Bytes behind the picture are left out.
  return { buffer: buffer.subarray(0, HEADROOM + size + TAILROOM), size, width: header.width, height: header.height };
}
