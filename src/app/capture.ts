import { Camera } from '../camera/camera.ts';
import { ImagingControl } from '../device/imaging.ts';
import { PictureControl } from '../device/picture.ts';
import type { DeviceSettings } from '../device/settings.ts';
import { Hub } from '../streams/hub.ts';
import type { AppOptions } from './options.ts';

/** The camera, the hub that shares its pictures, and the control of its settings. */
export interface Capture {
  readonly camera: Camera;
  readonly hub: Hub;
  readonly picture: PictureControl;
  readonly imaging: ImagingControl;
}

export function makeCapture(options: AppOptions, settings: DeviceSettings): Capture {
  const { config, spec, searchPath, dataDir, sysfs, dev, onUse, clock, log } = options;
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
  });
  const hub: Hub = new Hub({
    demand: {
      start: () => {
        onUse();
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
  return { camera, hub, picture, imaging: new ImagingControl({ camera, settings: settings.camera }) };
}
