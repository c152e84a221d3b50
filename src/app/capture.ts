import { Camera } from '../camera/camera.ts';
import type { MotionWatch } from '../camera/source.ts';
import type { Config } from '../config/schema.ts';
import { ImagingControl } from '../device/imaging.ts';
import { PictureControl } from '../device/picture.ts';
import type { DeviceSettings } from '../device/settings.ts';
import { disjoint, readArea } from '../frames/area.ts';
import type { Sensed } from '../frames/sensed.ts';
import { usedFromNowOn } from '../platform/memory.ts';
import { Hub } from '../streams/hub.ts';
import type { AppOptions } from './options.ts';

/** The camera, the hub that shares its pictures, and the control of its settings. */
export interface Capture {
  readonly camera: Camera;
  readonly hub: Hub;
  readonly picture: PictureControl;
  readonly imaging: ImagingControl;
  /** Hears what the camera tells of the scene by itself; nobody listens before it is set. */
  onSensed: (sensed: Sensed) => void;
}

/** Each costs the camera's program a stage of its own; motion in more of them is looked for in the pictures. */
const MAX_REGIONS = 8;

export function makeCapture(options: AppOptions, settings: DeviceSettings): Capture {
  const { config, spec, searchPath, dataDir, sysfs, dev, clock, log } = options;
  const camera = new Camera({
    spec,
    settings: settings.camera.now,
    isOwners: (name) => settings.camera.isOwners(name),
    rpicamPath: config.camera.rpicamPath,
    searchPath,
    workDir: dataDir,
    sysfs,
    dev,
    watched: () => hub.watched,
    clock,
    log,
    onFrame: (frame) => hub.publish(frame),
    onReport: (report) => hub.setStatus(report),
    onSensed: (sensed) => capture.onSensed(sensed),
    motion: motionWatch(config.motion),
  });
  const hub: Hub = new Hub({
    demand: {
      start: () => {
        usedFromNowOn();
        camera.start();
      },
      stop: () => {
        log.info('camera off: nobody is watching');
        void camera.stop();
      },
      retry: () => camera.retry(),
    },
    idleTimeout: config.camera.idleTimeout,
    clock,
  });
  const picture = new PictureControl({ camera, hub, settings: settings.camera });
  const imaging = new ImagingControl({ camera, settings: settings.camera });
  const capture: Capture = { camera, hub, picture, imaging, onSensed: () => {} };
  return capture;
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
