import { isDeepStrictEqual } from 'node:util';
import { AppError, messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { withDefaults } from './defaults.ts';
import { type CameraSettings, IMAGE_SETTINGS, PICTURE_SETTINGS, type SettingName } from './settings.ts';
import type { FindOptions, FindSource, MakeSource, SearchOptions, Source, SourceKind, VideoSettings } from './source.ts';
import type { SourceSpec, SpecOf } from './source-spec.ts';

/** Which source is wanted, and with what settings. */
export interface ResolverOptions extends SearchOptions {
  /** What `camera.source` asks for. */
  readonly spec: SourceSpec;
  readonly settings: CameraSettings;
  /** What H.264 the camera is to make itself; undefined: it makes JPEGs. */
  readonly video?: VideoSettings | undefined;
  /** Whether the owner set a setting, and not a client; default: he set all of them. */
  readonly isOwners?: (name: SettingName) => boolean;
}

/** The source that was found, with what there is to say about it. */
export interface ResolvedSource {
  readonly source: Source;
  /** The settings that it works with: without what it cannot do. */
  readonly settings: CameraSettings;
  /** For `auto`: why it is this one. */
  readonly reason?: string;
  /** What the user should know about it. */
  readonly notices: readonly AppError[];
}

interface Found {
  readonly make: MakeSource;
  readonly reason?: string;
  /** For the test pattern: what to do about the camera that was not found. */
  readonly hint?: string | undefined;
}

/** The codes with which `auto` goes on to the next source in silence: they say no more than that there is none of a kind. */
const ABSENT: ReadonlySet<unknown> = new Set(['NO_CAMERA', 'NO_SUCH_DEVICE', 'PROGRAM_MISSING']);

const IMAGE: ReadonlySet<SettingName> = new Set(IMAGE_SETTINGS);
const PICTURE: ReadonlySet<SettingName> = new Set(PICTURE_SETTINGS);

/** Loads the search for each kind of source; its code is loaded only when it is used. */
const KINDS: { readonly [K in SourceKind]: () => Promise<{ readonly find: FindSource<K> }> } = {
  rpicam: () => import('./rpicam/find.ts'),
  v4l2: () => import('./v4l2/find.ts'),
  images: () => import('./images/find.ts'),
  test: () => import('./test-pattern/find.ts'),
};

/** The sources that `auto` looks for, in this order, before it takes the test pattern. */
const AUTOMATIC = [{ kind: 'rpicam', camera: 0 }, { kind: 'v4l2' }] as const;

/** Finds the source that `camera.source` asks for. */
export class SourceResolver {
  #settings: CameraSettings;
  #video: VideoSettings | undefined;
  #found: Found | undefined;
  #resolved: ResolvedSource | undefined;

  constructor(private readonly options: ResolverOptions & Pick<FindOptions, 'clock' | 'log'>) {
    this.#settings = options.settings;
    this.#video = options.video;
  }

  /** The source that was found last; undefined: none yet. */
  get resolved(): ResolvedSource | undefined {
    return this.#resolved;
  }

  /**
   * Resolves with the source to capture from. Rejects with an AppError if there is none, or if it cannot do what is set; with
   * `auto` neither happens, since nobody said which source it would be, and a picture without the setting is better than none.
   * Once a camera was found it stays the one; while the test pattern stands in for one, every call looks again.
   */
  async resolve(): Promise<ResolvedSource> {
    const { spec } = this.options;
    if (this.#resolved && (spec.kind !== 'auto' || this.#resolved.source.kind !== 'test')) return this.#resolved;
    const found = spec.kind === 'auto' ? await this.#auto() : { make: await this.#explicit(spec) };
    const resolved = this.#describe(found, this.#settings, () => true);
    // The same pattern goes on rather than starting over.
    if (this.#resolved?.source.kind === resolved.source.kind) return this.#resolved;
    this.#found = found;
    this.#resolved = resolved;
    return resolved;
  }

  /**
   * Returns the source that was found, made anew with the settings in force. What it turned out to be unable to do, such as the
   * quality of JPEGs where a webcam's H.264 failed, is a notice. @throws Error where none was found yet
   */
  remake(): ResolvedSource {
    if (!this.#found) throw new Error('no source was found yet');
    this.#resolved = this.#describe(this.#found, this.#settings, () => false);
    return this.#resolved;
  }

  /** Checks settings. @throws AppError where {@link change} would */
  check(settings: CameraSettings): void {
    if (this.#found) this.#changed(this.#found, settings);
  }

  /** Takes new settings over. @throws AppError (SETTING_UNSUPPORTED), with nothing changed, if the source cannot do what is set */
  change(settings: CameraSettings): void {
    if (this.#found) this.#resolved = this.#changed(this.#found, settings);
    this.#settings = settings;
  }

  /** Takes over what H.264 is to be made. Returns whether that differs from before; never where JPEGs are wanted. */
  changeVideo({ bitrate, keyframeInterval, profile }: VideoSettings): boolean {
    const before = this.#video;
    if (!before) return false;
    if (bitrate === before.bitrate && keyframeInterval === before.keyframeInterval && profile === before.profile) return false;
    this.#video = { bitrate, keyframeInterval, profile };
    if (this.#found) this.remake();
    return true;
  }

  /** Describes the source with other settings, of which it has to do what is new. */
  #changed(found: Found, settings: CameraSettings): ResolvedSource {
    return this.#describe(found, settings, (name) => !this.#isInForce(settings, name));
  }

  #isInForce(settings: CameraSettings, name: SettingName): boolean {
    return isDeepStrictEqual(settings[name], this.#settings[name]);
  }

  /**
   * @param isDemanded whether a setting that the source cannot do is refused; else it is a notice, as it always is with `auto`
   * @throws AppError if it cannot do what is set (SETTING_UNSUPPORTED), or, where it was found just now, if that is not known
   */
  #describe(found: Found, settings: CameraSettings, isDemanded: (name: SettingName) => boolean): ResolvedSource {
    const { make, reason, hint } = found;
    const isAuto = this.options.spec.kind === 'auto';
    const possible = this.#possible(make, settings);
    const source = make(possible, this.#video);
    const { unsupported, untold } = source;
    const refused = isAuto ? [] : unsupported.filter(isDemanded);
    if (refused.length > 0) throw found !== this.#found && untold ? mayComeToKnow(source, untold, refused) : cannotDo(source, refused);
    const notices = unsupported.length > 0 ? [cannotDo(source, unsupported)] : [];
    notices.push(...(source.notices ?? []));
    if (this.#video && (source.kind === 'images' || (source.kind === 'test' && !isAuto))) notices.push(withoutH264(source));
    if (isAuto && source.kind === 'test') {
      const message = `No camera was found, this is a test pattern (${reason}).`;
      notices.unshift(new AppError('TEST_PATTERN', message, hint === undefined ? {} : { hint }));
    }
    return { source, settings: withDefaults(possible, unsupported), notices, ...(reason === undefined ? {} : { reason }) };
  }

  /** Returns the settings without what a client set for another source, and this one cannot do: nobody is there to be told. */
  #possible(make: MakeSource, settings: CameraSettings): CameraSettings {
    const { isOwners = () => true } = this.options;
    const without = (from: CameraSettings, isIdle: (name: SettingName) => boolean): CameraSettings => {
      const idle = make(from, this.#video).unsupported.filter((name) => !isOwners(name) && isIdle(name));
      return withDefaults(from, idle);
    };
    // Without a text that it cannot draw a webcam may have H.264, and then a quality too.
    const image = without(settings, (name) => IMAGE.has(name));
    return without(image, (name) => PICTURE.has(name) && this.#isInForce(settings, name));
  }

  async #explicit(spec: SpecOf<SourceKind>): Promise<MakeSource> {
    // The type of the table says that this is the search for the spec's own kind, which the compiler does not follow.
    const { find } = (await KINDS[spec.kind]()) as { readonly find: FindSource<SourceKind> };
    return find(spec, { ...this.options, settings: this.#settings, video: this.#video });
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

const keys = (names: readonly SettingName[]): string => names.map((name) => `camera.${name}`).join(', ');

/** Returns the error of a source that cannot do what is set, or of which that is not known. */
function cannotDo({ description, untold, unsupportedHint }: Source, names: readonly SettingName[]): AppError {
  if (untold)
    return new AppError('SETTING_UNSUPPORTED', `It is not known whether ${description} can do ${keys(names)}: ${untold.message}`, {
      hint: 'It is asked again at the next start of the program.',
    });
  const hint = unsupportedHint === undefined ? {} : { hint: unsupportedHint };
  return new AppError('SETTING_UNSUPPORTED', `${description} cannot do ${keys(names)}.`, hint);
}

/** Returns the error of a source that is to be looked for again, as it may turn out to be able to do what is set. */
const mayComeToKnow = ({ description }: Source, { code, message }: AppError, names: readonly SettingName[]): AppError =>
  new AppError(code, `It is not known yet whether ${description} can do ${keys(names)}: ${message}`, {
    hint: 'A service asks again by itself; else start again. If it stays so, take the setting out.',
  });

const withoutH264 = ({ description }: Source): AppError =>
  new AppError(
    'SETTING_WITHOUT_EFFECT',
    `camera.encoding h264 has no effect: ${description} gives JPEGs, of which ffmpeg makes the H.264.`,
    {
      hint: 'Take the setting out; all else is the same without it.',
    },
  );

/** Writes one line to the log for the source, and one for each of its notices that a user can do something about. */
export function logSource({ source, reason, notices }: ResolvedSource, log: Logger): void {
  log.info(`source: ${source.description}`, reason ? { reason } : {});
  for (const { code, message, hint } of notices) if (code !== 'TEST_PATTERN') log.warn(`${message} ${hint}`, { code });
}
