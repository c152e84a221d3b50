import { isDeepStrictEqual } from 'node:util';
import type { Cancel, Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { AccessUnit } from '../frames/access-unit.ts';
import type { Frame } from '../frames/frame.ts';
import type { Sensed } from '../frames/sensed.ts';
import type { CameraStatus } from '../frames/stream-state.ts';
import type { SourceOffers } from './offers.ts';
import { logSource, type ResolvedSource, type ResolverOptions, SourceResolver } from './resolver.ts';
import type { CameraSettings } from './settings.ts';
import type { SourceEncoding, VideoSettings } from './source.ts';
import { CameraSupervisor } from './supervisor.ts';

/** What a camera is made of, and who is told of what it gives. */
export interface CameraOptions extends ResolverOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether somebody waits for pictures, so that a failed capture is tried again soon. */
  readonly watched: () => boolean;
  /** Called with each JPEG of a source that gives JPEGs. */
  readonly onFrame: (frame: Frame) => void;
  /** Called with each unit of a source that gives H.264. */
  readonly onUnit?: ((unit: AccessUnit) => void) | undefined;
  /** Called when {@link Camera.encoding} has become another. */
  readonly onEncoding?: ((encoding: SourceEncoding) => void) | undefined;
  /** Called with each change of the camera's state. */
  readonly onReport: (report: CameraStatus) => void;
  /** Called with what the source knows of the scene by itself. */
  readonly onSensed?: ((sensed: Sensed) => void) | undefined;
}

/**
 * Time in which all changes together make one restart, milliseconds: recorders send what is set in one window by several
 * requests, and a Pi's camera takes two seconds to start.
 */
const GATHER_MS = 1000;

/** How often a camera is looked for while the test pattern stands in for one and somebody watches, milliseconds. */
const LOOK_MS = 10_000;

/** The camera with its settings: a source that is found when it is needed, under supervision. */
export class Camera {
  readonly #supervisor: CameraSupervisor;
  #settings: CameraSettings;
  readonly #resolver: SourceResolver;
  #stopLooking: Cancel | undefined;
  #looking = false;
  /** Cancels the restart with changed settings that is to come. */
  #cancelRestart: Cancel | undefined;
  #isNight = false;
  /** The encoding that was told last. */
  #encoding: SourceEncoding | undefined;
  /** The kind of source that the log was told of last. */
  #logged: ResolvedSource['source']['kind'] | undefined;

  constructor(private readonly options: CameraOptions) {
    const { watched, clock, log, onFrame, onUnit, onReport, onSensed } = options;
    this.#settings = options.settings;
    this.#resolver = new SourceResolver(options);
    this.#supervisor = new CameraSupervisor({
      fps: () => this.#settings.fps,
      resolve: async () => {
        await this.resolve();
        this.#forgetRestart();
        // With the settings of this moment, and what the source before has found out.
        const { source } = this.#resolver.remake();
        this.#tellEncoding();
        return source;
      },
      watched,
      clock,
      log,
      onFrame,
      onUnit,
      onSensed,
      onReport: (report) => onReport({ ...report, notices: [...(this.#resolver.resolved?.notices ?? []), ...report.notices] }),
    });
  }

  /** The settings in force, before the exposure follows the light. */
  get settings(): CameraSettings {
    return this.#settings;
  }

  /** The settings that the source in force works with: without what it cannot do. Before one was found, all that is set. */
  get applied(): CameraSettings {
    return this.#resolver.resolved?.settings ?? this.#settings;
  }

  /** What became of the captures and their pictures, added up over restarts. */
  get counters(): CameraSupervisor['counters'] {
    return this.#supervisor.counters;
  }

  /**
   * Resolves with the source, which is looked for where that is needed. Rejects with an AppError if there is none, or if it cannot
   * do what is set.
   */
  async resolve(): Promise<ResolvedSource> {
    const resolved = await this.#resolver.resolve();
    this.#tellEncoding();
    if (resolved.source.kind !== this.#logged) {
      this.#logged = resolved.source.kind;
      logSource(resolved, this.options.log);
    }
    return resolved;
  }

  /**
   * Turns the camera on. Returns at once; pictures and reports follow. While the test pattern stands in for a camera, one is looked
   * for.
   */
  start(): void {
    this.#supervisor.start();
    if (this.options.spec.kind === 'auto') this.#stopLooking ??= this.options.clock.every(LOOK_MS, () => void this.#lookForCamera());
  }

  /** Turns the camera off. Resolves when no capture is left. */
  stop(): Promise<void> {
    this.#stopLooking?.();
    this.#stopLooking = undefined;
    this.#forgetRestart();
    return this.#supervisor.stop();
  }

  /** Tries a failed capture again at once rather than later. */
  retry(): void {
    this.#supervisor.retry();
  }

  /** Looks whether the test pattern, which nobody asked for, can give way to a camera. */
  async #lookForCamera(): Promise<void> {
    const onPattern = () => this.#stopLooking !== undefined && this.#resolver.resolved?.source.kind === 'test';
    if (this.#looking || !onPattern() || !this.options.watched()) return;
    this.#looking = true;
    try {
      const { source } = await this.resolve();
      if (source.kind !== 'test' && this.#stopLooking) this.#supervisor.restart(true);
    } catch (error) {
      // Without the image library there is not even a pattern; the capture itself says so.
      this.options.log.debug(`looking for a camera: ${messageOf(error)}`);
    } finally {
      this.#looking = false;
    }
  }

  /** What the source in force gives; undefined before one was found. It changes where a camera turns out to be unable to give H.264. */
  get encoding(): SourceEncoding | undefined {
    return this.#resolver.resolved?.source.encoding;
  }

  /** Name for people of what makes the H.264 of the source in force; undefined: it gives none, or was not found yet. */
  get encoder(): string | undefined {
    return this.#resolver.resolved?.source.encoder;
  }

  /** Whether the H.264 of the source in force is as the device makes it, whatever is set. */
  get encodesAsItLikes(): boolean {
    return this.#resolver.resolved?.source.encodesAsItLikes === true;
  }

  #tellEncoding(): void {
    const { encoding } = this;
    if (encoding === undefined || encoding === this.#encoding) return;
    this.#encoding = encoding;
    this.options.onEncoding?.(encoding);
  }

  /** What the source in force can be set to; undefined before one was found. */
  get offers(): SourceOffers | undefined {
    return this.#resolver.resolved?.source.offers;
  }

  /** Checks settings. @throws AppError where {@link change} would */
  check(settings: CameraSettings): void {
    this.#resolver.check(settings);
  }

  /**
   * Takes new settings over. A capture under way is restarted with them, once for all changes of a second, and viewers stay. A
   * camera that gives H.264 goes on where only the quality of JPEGs is another.
   * @throws AppError (SETTING_UNSUPPORTED), with nothing changed, if the source cannot do what is set
   */
  change(settings: CameraSettings): void {
    this.#resolver.change(forLight(settings, this.#isNight));
    const before = this.#settings;
    this.#settings = settings;
    if (this.encoding === 'H264' && differInQuality(before, settings)) return;
    this.#restartSoon();
  }

  /** Takes over what H.264 the camera is to make, and restarts a capture as {@link change} does. Without effect where it makes none. */
  changeVideo(video: VideoSettings): void {
    if (this.#resolver.changeVideo(video) && this.encoding === 'H264') this.#restartSoon();
  }

  #restartSoon(): void {
    this.#cancelRestart ??= this.options.clock.after(GATHER_MS, () => {
      this.#cancelRestart = undefined;
      this.#supervisor.restart();
    });
  }

  #forgetRestart(): void {
    this.#cancelRestart?.();
    this.#cancelRestart = undefined;
  }

  /** Exposes for day or night, where the exposure is to follow the light (`auto-night`); that takes one restart of the capture. */
  setNight(isNight: boolean): void {
    if (isNight === this.#isNight) return;
    this.#isNight = isNight;
    if (this.#settings.exposure === 'auto-night') this.change(this.#settings);
  }
}

/** Returns whether the quality of JPEGs is another, and nothing else is. */
const differInQuality = (one: CameraSettings, other: CameraSettings): boolean =>
  one.quality !== other.quality && isDeepStrictEqual({ ...one, quality: 0 }, { ...other, quality: 0 });

/** Returns the settings to capture with: those for the night, when it is night and the exposure is to follow the light. */
const forLight = (settings: CameraSettings, isNight: boolean): CameraSettings =>
  isNight && settings.exposure === 'auto-night' ? { ...settings, exposure: 'night' } : settings;
