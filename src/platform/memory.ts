import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes of buffers between two collections: little memory, and yet a collection (about 1 ms) only once in dozens of pictures. */
const BYTES_PER_COLLECTION = 4 * 1024 * 1024;

/**
 * The settings of V8 beyond its defaults, for a process that copies no picture, sleeps most of its life and has half a gigabyte for
 * everything. docs/decisions/v8-settings.md has the gain of each.
 */
export const V8_SETTINGS = ['small-young-generation', 'late-compiler', 'early-optimizing', 'buffer-garbage'] as const;
/** One of {@link V8_SETTINGS}. */
export type V8Setting = (typeof V8_SETTINGS)[number];

/** What is to be done when the camera begins to be used. */
let atUse: (() => void) | undefined;
/** The account of the process's buffers, which all count together. */
let bufferGarbage: BufferGarbage | undefined;

/**
 * Sets up V8. To be called before the program is loaded, since the memory that loading needs counts too.
 *
 * @param plain value of ONVIF_CAMERA_PLAIN_V8: `1` leaves V8 as it is, names of {@link V8_SETTINGS} with commas between them leave
 *   these out, undefined, nothing and `0` leave out none
 * @throws RangeError on any other value; its message is for the user
 */
export function tuneV8(plain: string | undefined): void {
  const left = settingsLeft(plain);
  // By default it grows to 16 MB, three times over, with any burst of requests, and hardly shrinks. Pictures lie outside of it.
  if (left.has('small-young-generation')) setFlagsFromString('--semi-space-growth-factor=1');
  // Starting up and answering searches are not worth optimising, and the compiler's code alone takes 3 MB of memory.
  if (left.has('late-compiler')) setFlagsFromString('--no-opt');
  atUse = () => {
    if (left.has('late-compiler')) setFlagsFromString('--opt');
    // What runs is the same few functions thirty times a second, which would wait for minutes.
    if (left.has('early-optimizing')) setFlagsFromString(EARLY);
    // The context that the function comes from takes memory, too.
    if (left.has('buffer-garbage')) bufferGarbage = new BufferGarbage(youngCollector());
  };
}

/** The flag for early optimising, whose name and meaning depend on V8: Node.js 20 has version 11, 22 has 12. */
const EARLY = process.versions.v8.startsWith('11.') ? '--interrupt-budget=8192' : '--invocation-count-for-turbofan=300';

/** Returns a function that collects young garbage, as `node --expose-gc` gives one. Only contexts made after the flag is set have it. */
function youngCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as NonNullable<typeof globalThis.gc>;
  return () => void gc({ type: 'minor' });
}

/** Returns the settings that a value of ONVIF_CAMERA_PLAIN_V8 leaves. @throws RangeError as {@link tuneV8} */
export function settingsLeft(plain: string | undefined): ReadonlySet<V8Setting> {
  const value = plain?.trim() ?? '';
  if (value === '1') return new Set();
  const left = new Set<string>(V8_SETTINGS);
  if (value === '' || value === '0') return left as Set<V8Setting>;
  for (const name of value.split(',').map((each) => each.trim())) {
    if (!(V8_SETTINGS as readonly string[]).includes(name)) {
      throw new RangeError(
        `ONVIF_CAMERA_PLAIN_V8 is "${value}", and "${name}" is none of ${V8_SETTINGS.join(', ')}. Set it to 1 to leave V8 as it is, or not at all.`,
      );
    }
    left.delete(name);
  }
  return left as Set<V8Setting>;
}

/**
 * Has V8 optimise, and collect the garbage of pictures. To be called when the camera begins to be used: when somebody watches, or is
 * about to ask by ONVIF. Further calls do nothing.
 */
export function usedFromNowOn(): void {
  atUse?.();
  atUse = undefined;
}

/**
 * Has V8 collect young garbage after every few megabytes of buffers. By itself V8 hardly notices them, as their bytes lie
 * outside its heap: it waits for some 10 MB more, and then goes through the whole heap. Memory that is used again soon is also
 * still in the processor's cache.
 */
export class BufferGarbage {
  #bytes = 0;

  /** @param collect collects young garbage */
  constructor(private readonly collect: () => void) {}

  /** Counts a buffer of this many bytes, and collects where it is time. */
  count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < BYTES_PER_COLLECTION) return;
    this.#bytes = 0;
    this.collect();
  }
}

/** Counts a large buffer that was made and will soon be garbage; does nothing before {@link usedFromNowOn}. @param bytes its length */
export function countBuffer(bytes: number): void {
  bufferGarbage?.count(bytes);
}
