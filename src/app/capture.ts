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
import type { Demand } from '../streams/fan-out.ts';
import { Hub } from '../streams/hub.ts';
import { UnitHub } from '../streams/unit-hub.ts';
import type { AppOptions } from './options.ts';

/** Each costs the camera's program a stage of its own; motion in more of them is looked for in the pictures. */
const MAX_REGIONS = 8;

/** The camera, the hubs that share its pictures, and the control of its settings. */
export class Capture {
  readonly camera: Camera;
  /** The JPEGs: the camera's own, or those that are decoded from its H.264. */
  readonly hub: Hub;
  /** The H.264 of a camera that is to give it (camera.encoding), whether it does or not; undefined: it is not asked to. */
  readonly units: UnitHub | undefined;
  readonly picture: PictureControl;
  readonly imaging: ImagingControl;
  /** Hears what the camera tells of the scene by itself; nobody listens before it is set. */
  onSensed: (sensed: Sensed) => void = () => {};
  /** Called when what the camera gives has become something else. */
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

  /** Whether the camera gives H.264. */
  get isNative(): boolean {
    return this.camera.encoding === 'H264';
  }

  get decoderCounters(): DecoderCounters | undefined {
    return this.#decoded?.stream.counters;
  }

  /** What keeps those who want JPEGs from them, although the camera works. */
  get lack(): AppError | undefined {
    return this.camera.encoding === 'JPEG' ? undefined : this.#decoded?.stream.missing;
  }

  /** The camera as it is used: who wants it on, and how it is. */
  get use(): UnitHub | Hub {
    return this.units ?? this.hub;
  }

  /** The pictures as the camera gives them. */
  get source(): UnitHub | Hub {
    return this.units && this.isNative ? this.units : this.hub;
  }

  /** How many want the camera on, or pictures of it. */
  get holders(): number {
    const { hub, units } = this;
    // One of those is the hub.
    return units ? units.holders - (this.#decoded?.holdsCamera ? 1 : 0) + hub.holders : hub.holders;
  }

  /** Resolves when nothing of it is left. */
  async stop(): Promise<void> {
    await Promise.all([this.camera.stop(), this.#decoded?.end()]);
  }

  #report(report: CameraStatus): void {
    if (this.units && this.#decoded) {
      this.units.setStatus(report);
      this.#decoded.report(report);
    } else this.hub.setStatus(report);
  }
}
/** The settings as the detectors take them. */
export const motionSettings = ({ detector, sensitivity, smallestArea, holdTime, zones, masks }: Config['motion']) => ({
  ...{ sensitivity, smallestArea: smallestArea / 100, holdTime, trustsCamera: detector === 'camera' },
  ...{ zones: zones.flatMap((zone) => readArea(zone) ?? []), masks: masks.flatMap((mask) => readArea(mask) ?? []) },
});

/** What the camera is to look for by itself. */
function motionWatch(motion: Config['motion']): MotionWatch | undefined {
  const { zones, masks, sensitivity, smallestArea } = motionSettings(motion);
  const regions = disjoint(zones, masks);
  const isWanted = motion.enabled && motion.detector !== 'pictures' && regions.length > 0 && regions.length <= MAX_REGIONS;
  return isWanted ? { sensitivity, smallestArea, regions } : undefined;
}

/** The size of the pictures as the camera gives them. */
const sizeOf = (capture: Pick<Capture, 'hub' | 'units'>) => ({
  get latest() {
    const sets = capture.units?.parameterSets;
    return capture.hub.latest ?? (sets && readSps(sets.sps));
  },
});
