import { Camera } from '../camera/camera.ts';
import { PictureControl } from '../device/picture.ts';
import type { DeviceSettings } from '../device/settings.ts';
import { usedFromNowOn } from '../platform/memory.ts';
import { Hub } from '../streams/hub.ts';
import type { AppOptions } from './options.ts';

/** The camera, what hands its pictures out, and what sets them. */
export interface Capture {
  readonly camera: Camera;
  readonly hub: Hub;
  readonly picture: PictureControl;
}

export function makeCapture(options: AppOptions, settings: DeviceSettings): Capture {
  const { config, spec, searchPath, dataDir, sysfs, dev, clock, log } = options;
  const camera = new Camera({
    spec,
    settings: settings.camera.now,
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
  return { camera, hub, picture: new PictureControl({ camera, hub, settings: settings.camera }) };
}
