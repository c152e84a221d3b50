import type { Clock } from '../core/clock.ts';
import { AppError, messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { DEFAULT_CAMERA_SETTINGS } from './defaults.ts';
import { type CameraSettings, IMAGE_SETTINGS, type SettingName } from './settings.ts';
import type { FindSource, MakeSource, SearchOptions, Source, SourceKind, VideoSettings } from './source.ts';
import type { SourceSpec, SpecOf } from './source-spec.ts';

export interface ResolverOptions extends SearchOptions {
  readonly spec: SourceSpec;
  readonly settings: CameraSettings;
  /** What H.264 the camera is to make itself; undefined: it makes JPEGs. */
  readonly video?: VideoSettings | undefined;
  /** Whether the owner set it; undefined: all of it is his. */
  readonly isOwners?: (name: SettingName) => boolean;
}

export interface ResolvedSource {
  readonly source: Source;
  /** For `auto`: why this one. */
  readonly reason?: string;
  /** What viewers should know about it. */
  readonly notices: readonly AppError[];
}

interface Found {
  readonly make: MakeSource;
  readonly reason?: string;
  /** For the test pattern: what to do about the camera that was not found. */
  readonly hint?: string | undefined;
}

/** Why `auto` goes on to the next source: these say no more than that there is none of a kind. */
const ABSENT: ReadonlySet<unknown> = new Set(['NO_CAMERA', 'NO_SUCH_DEVICE', 'PROGRAM_MISSING']);

const IMAGE: ReadonlySet<SettingName> = new Set(IMAGE_SETTINGS);

/** How each kind of source is looked for. Its code is loaded only when it is used. */
const KINDS: { readonly [K in SourceKind]: () => Promise<{ readonly find: FindSource<K> }> } = {
  rpicam: () => import('./rpicam/find.ts'),
  v4l2: () => import('./v4l2/find.ts'),
  images: () => import('./images/find.ts'),
  test: () => import('./test-pattern/find.ts'),
};

/** What `auto` looks for, in this order, before it takes the test pattern. */
const AUTOMATIC = [{ kind: 'rpicam', camera: 0 }, { kind: 'v4l2' }] as const;

/** Turns `camera.source` into a source. */
export class SourceResolver {
  #settings: CameraSettings;
  #video: VideoSettings | undefined;
  #found: Found | undefined;
  #resolved: ResolvedSource | undefined;

  constructor(
    private readonly options: ResolverOptions,
    private readonly deps: { clock: Clock; log: Logger },
  ) {
    this.#settings = options.settings;
    this.#video = options.video;
  }

  /** The last source that was found. */
  get resolved(): ResolvedSource | undefined {
    return this.#resolved;
  }

  /**
   * The source to capture from. Throws an AppError if there is none, or if it cannot do what is set (neither with `auto`:
   * nobody said which source it would be, and a picture without the setting is better than none). Once a camera was found
   * it stays the one; after a fallback to the test pattern every call looks again: a camera plugged in later is used.
   */
  async resolve(): Promise<ResolvedSource> {
    const { spec } = this.options;
    if (this.#resolved && (spec.kind !== 'auto' || this.#resolved.source.kind !== 'test')) return this.#resolved;
    const found = spec.kind === 'auto' ? await this.#auto() : { make: await this.#explicit(spec) };
    const resolved = this.#describe(found, this.#settings);
    // The same pattern goes on rather than starting over.
    if (this.#resolved?.source.kind === resolved.source.kind) return this.#resolved;
    this.#found = found;
    this.#resolved = resolved;
    return resolved;
  }

  /** The source that was found, made anew. */
  remake(): ResolvedSource {
    if (!this.#found) throw new Error('no source was found yet');
    this.#resolved = this.#describe(this.#found, this.#settings);
    return this.#resolved;
  }

  /** Throws an AppError if {@link change} would. */
  check(settings: CameraSettings): void {
    if (this.#found) this.#describe(this.#found, settings);
  }

  /** Takes new settings over. Throws an AppError, with nothing changed, if the source cannot do what is set. */
  change(settings: CameraSettings): void {
    if (this.#found) this.#resolved = this.#describe(this.#found, settings);
    this.#settings = settings;
  }

  /** Takes over what H.264 is to be made. Returns whether that is something else than before; never where JPEGs are wanted. */
  changeVideo({ bitrate, keyframeInterval, profile }: VideoSettings): boolean {
    const before = this.#video;
    if (!before) return false;
    if (bitrate === before.bitrate && keyframeInterval === before.keyframeInterval && profile === before.profile) return false;
    this.#video = { bitrate, keyframeInterval, profile };
    if (this.#found) this.remake();
    return true;
  }

  #describe({ make, reason, hint }: Found, settings: CameraSettings): ResolvedSource {
    const isAuto = this.options.spec.kind === 'auto';
    const source = make(this.#possible(make, settings), this.#video);
    const notices: AppError[] = [];
    if (source.unsupported.length > 0) {
      const names = source.unsupported.map((name) => `camera.${name}`).join(', ');
      const hint = source.unsupportedHint;
      notices.push(new AppError('SETTING_UNSUPPORTED', `${source.description} cannot do ${names}.`, hint === undefined ? {} : { hint }));
      if (!isAuto) throw notices[0];
    }
    notices.push(...(source.notices ?? []));
    if (this.#video && (source.kind === 'images' || (source.kind === 'test' && !isAuto))) notices.push(withoutH264(source));
    if (isAuto && source.kind === 'test') {
      const message = `No camera was found, this is a test pattern (${reason}).`;
      notices.unshift(new AppError('TEST_PATTERN', message, hint === undefined ? {} : { hint }));
    }
    return { source, notices, ...(reason === undefined ? {} : { reason }) };
  }

  /** Without what a client once set of the image of another source: there is nobody to be told that this one cannot do it. */
  #possible(make: MakeSource, settings: CameraSettings): CameraSettings {
    const { isOwners = () => true } = this.options;
    const idle = make(settings, this.#video).unsupported.filter((name) => IMAGE.has(name) && !isOwners(name));
    return { ...settings, ...Object.fromEntries(idle.map((name) => [name, DEFAULT_CAMERA_SETTINGS[name]])) };
  }

  async #explicit(spec: SpecOf<SourceKind>): Promise<MakeSource> {
    // That of the spec's own kind, which the type of the table says and the compiler does not follow.
    const { find } = (await KINDS[spec.kind]()) as { readonly find: FindSource<SourceKind> };
    const { clock, log } = this.deps;
    return find(spec, { ...this.options, settings: this.#settings, video: this.#video, clock, log });
  }

  async #auto(): Promise<Found> {
    const reasons: string[] = [];
    let hint: string | undefined;
    for (const spec of AUTOMATIC) {
      try {
        const make = await this.#explicit(spec);
        return { make, reason: [...reasons, `${make(this.#settings, this.#video).description} is there`].join('; ') };
      } catch (error) {
        reasons.push(messageOf(error).replace(/\.$/, ''));
        if (error instanceof AppError && !ABSENT.has(error.code)) hint ??= error.hint;
      }
    }
    return { make: await this.#explicit({ kind: 'test' }), reason: reasons.join('; '), hint };
  }
}

const withoutH264 = ({ description }: Source): AppError =>
  new AppError(
    'SETTING_WITHOUT_EFFECT',
    `camera.encoding h264 has no effect: ${description} gives JPEGs, of which ffmpeg makes the H.264.`,
    {
      hint: 'Take the setting out; all else is the same without it.',
    },
  );

/** One line of the log for the source, and one for each of its notices that a user can do something about. */
export function logSource({ source, reason, notices }: ResolvedSource, log: Logger): void {
  log.info(`source: ${source.description}`, reason ? { reason } : {});
  for (const { code, message, hint } of notices) if (code !== 'TEST_PATTERN') log.warn(`${message} ${hint}`, { code });
}
