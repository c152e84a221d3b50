import type { Camera } from '../camera/camera.ts';
import type { MediaCamera, PictureOptions, PictureSettings, Size } from '../onvif/media/deps.ts';
import type { Hub } from '../streams/hub.ts';

/** What persists of the settings that clients change. */
export type KeptSettings = Partial<PictureSettings>;

/** Seen from outside the picture is turned: width and height change places. */
const turned = (rotation: number, { width, height }: Size): Size =>
  rotation % 180 === 0 ? { width, height } : { width: height, height: width };

/**
 * The capture as the media service sees and sets it.
 * @param keep writes what changes before it is done; where it throws, nothing is done
 */
export function adaptCamera(camera: Camera, hub: Hub, keep: (change: KeptSettings) => void): MediaCamera {
  const settings = (): PictureSettings => {
    const { rotation, width, height, fps, quality } = camera.settings;
    return { ...turned(rotation, { width, height }), fps, quality };
  };
  return {
    settings,
    options(): PictureOptions {
      const { offers } = camera;
      if (!offers) return { sizes: [settings()], fps: { min: 1, max: 30 }, quality: undefined };
      return { ...offers, sizes: offers.sizes.map((size) => turned(camera.settings.rotation, size)) };
    },
    actual() {
      const { latest } = hub;
      return latest && { width: latest.width, height: latest.height };
    },
    async change(change) {
      const next = { ...settings(), ...change };
      const captured = { ...next, ...turned(camera.settings.rotation, next) };
      camera.check({ ...camera.settings, ...captured });
      const { width, height, fps, quality } = captured;
      keep({ width, height, fps, quality });
      camera.change({ ...camera.settings, ...captured });
    },
  };
}
