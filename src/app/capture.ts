import { Camera } from '../camera/camera.ts';
import type { MotionWatch } from '../camera/source.ts';
import type { Config } from '../config/schema.ts';
import type { AppError } from '../core/errors.ts';
import { ImagingControl } from '../device/imaging.ts';
import { PictureControl } from '../device/picture.ts';
import type { DeviceSettings } from '../device/settings.ts';
import type { DecoderCounters } from '../encode/jpeg-stream.ts';
import { disjoint, readArea } from '../frames/area.ts';
import { readSps } from '../frames/h264-sps.ts';
import type { Sensed } from '../frames/sensed.ts';
import type { CameraStatus } from '../frames/stream-state.ts';
import { usedFromNowOn } from '../platform/memory.ts';
import { DECODER_IDLE_S, DecodedPictures } from '../streams/decoded-pictures.ts';
import type { Demand, FanOut, Taken } from '../streams/fan-out.ts';
import { Hub } from '../streams/hub.ts';
import { UnitHub } from '../streams/unit-hub.ts';
import type { AppOptions } from './options.ts';

/** Most regions in which the camera looks for motion: each costs its program a stage of its own. With more, the pictures are looked at. */
const MAX_REGIONS = 8;

/** The camera, the hubs that share what it gives, and the control of its settings. */
export class Capture {
  /** Runs the source, and starts it again when it ends. */
  readonly camera: Camera;
  /** Shares the JPEGs: the camera's own, or those decoded from its H.264. */
  readonly hub: Hub;
  /** Shares the camera's own H.264, where it is asked for any (`camera.encoding`), whether it comes or not; undefined: it is not asked. */
  readonly units: UnitHub | undefined;
  /** Shows and sets size, rate and quality. */
  readonly picture: PictureControl;
  /** Shows and sets exposure, colours, focus and the text in the picture. */
  readonly imaging: ImagingControl;
  /** Called with what the camera tells of the scene by itself: a new capture, motion, light and focus. To be set by its one listener. */
  onSensed: (sensed: Sensed) => void = () => {};
  /** Called when the camera has changed over to JPEG or H.264. To be set by its one listener. */
  onEncoding: () => void = () => {};
  readonly #decoded: DecodedPictures | undefined;

  constructor(options: AppOptions, settings: DeviceSettings) {
    const { config, spec, searchPath, dataDir, sysfs, dev, clock, log } = options;
    const { encoding, idleTimeout } = config.camera;
    const isAsked = encoding === 'h264';
    this.camera = new Camera({
      spec,
      settings: settings.camera.now,
      video: isAsked ? settings.h264.now : undefined,
      isOwners: (name) => settings.camera.isOwners(name),
      rpicamPath: config.camera.rpicamPath,
      searchPath,
      workDir: dataDir,
      sysfs,
      dev,
      watched: () => this.use.watched,
      clock,
      log,
      onFrame: (frame) => this.hub.publish(frame),
      onUnit: (unit) => this.units?.publish(unit),
      onEncoding: () => {
        this.#decoded?.report(this.use.status);
        this.onEncoding();
      },
      onReport: (report) => this.#report(report),
      onSensed: (sensed) => {
        if (sensed.kind === 'begin') this.units?.begin();
        this.onSensed(sensed);
      },
      motion: motionWatch(config.motion),
      wantsFocus: config.imageHealth.enabled,
    });
    const demand: Demand = {
      start: () => {
        usedFromNowOn();
        this.camera.start();
      },
      stop: () => {
        log.info('camera off: nobody is watching');
        void this.camera.stop();
      },
      retry: () => this.camera.retry(),
    };
    if (isAsked) {
      this.units = new UnitHub({ demand, idleTimeout, clock });
      this.#decoded = new DecodedPictures({
        units: this.units,
        hub: () => this.hub,
        isNative: () => this.isNative,
        ffmpegPath: config.h264.ffmpegPath,
        quality: () => this.camera.settings.quality,
        ...{ searchPath, clock, log },
      });
    }
    this.hub = this.#decoded
      ? new Hub({ demand: this.#decoded, idleTimeout: DECODER_IDLE_S, clock })
      : new Hub({ demand, idleTimeout, clock });
    this.picture = new PictureControl({ camera: this.camera, hub: sizeOf(this), settings: settings.camera });
    this.imaging = new ImagingControl({ camera: this.camera, settings: settings.camera });
    if (isAsked) settings.h264.onChange((video) => this.camera.changeVideo(video));
  }

  /** Whether the camera gives H.264 at present. */
  get isNative(): boolean {
    return this.camera.encoding === 'H264';
  }

  /** Counters of the decoder that makes JPEGs of the camera's H.264; undefined: there is none. */
  get decoderCounters(): DecoderCounters | undefined {
    return this.#decoded?.stream.counters;
  }

  /** Why there are no JPEGs although the camera works; undefined: nothing is missing. */
  get lack(): AppError | undefined {
    return this.camera.encoding === 'JPEG' ? undefined : this.#decoded?.stream.missing;
  }

  /** The hub that turns the camera on and off, and has its status. */
  get use(): UnitHub | Hub {
    return this.units ?? this.hub;
  }

  /** The hub of what the camera gives: H.264 or JPEG. */
  get source(): UnitHub | Hub {
    return this.units && this.isNative ? this.units : this.hub;
  }

  /** The camera's status, and the newest picture that it has given, whichever hub that went to. */
  get progress(): Pick<FanOut<Taken>, 'status' | 'latest'> {
    return { status: this.use.status, latest: this.source.latest };
  }

  /** Number of viewers and others that want the camera on, or pictures of it. */
  get holders(): number {
    const { hub, units } = this;
    // The decoder that feeds the hub is one of those.
    return units ? units.holders - (this.#decoded?.holdsCamera ? 1 : 0) + hub.holders : hub.holders;
  }

  /** Stops the camera and the decoder; resolves when no process of theirs is left. */
  async stop(): Promise<void> {
    await Promise.all([this.camera.stop(), this.#decoded?.end()]);
  }

  /** Tells in the status what was found out of the camera before anybody wanted it. */
  tell(change: Partial<CameraStatus>): void {
    this.#report({ ...this.use.status, ...change });
  }

  #report(report: CameraStatus): void {
    if (this.units && this.#decoded) {
      this.units.setStatus(report);
      this.#decoded.report(report);
    } else this.hub.setStatus(report);
  }
}

/** Returns the motion settings as the detectors take them: `smallestArea` as a share of the picture, areas parsed. */
export const motionSettings = ({ detector, sensitivity, smallestArea, holdTime, zones, masks }: Config['motion']) => ({
  ...{ sensitivity, smallestArea: smallestArea / 100, holdTime, trustsCamera: detector === 'camera' },
  ...{ zones: zones.flatMap((zone) => readArea(zone) ?? []), masks: masks.flatMap((mask) => readArea(mask) ?? []) },
});

/** Returns what the camera is to look for by itself; undefined: nothing. */
function motionWatch(motion: Config['motion']): MotionWatch | undefined {
  const { zones, masks, sensitivity, smallestArea } = motionSettings(motion);
  const regions = disjoint(zones, masks);
  const isWanted = motion.enabled && motion.detector !== 'pictures' && regions.length > 0 && regions.length <= MAX_REGIONS;
  return isWanted ? { sensitivity, smallestArea, regions } : undefined;
}

/** The size of the newest picture, or that in the parameter sets of the camera's H.264, pixels. */
const sizeOf = (capture: Pick<Capture, 'hub' | 'units'>) => ({
  get latest() {
    const sets = capture.units?.parameterSets;
    return capture.hub.latest ?? (sets && readSps(sets.sps));
  },
});
