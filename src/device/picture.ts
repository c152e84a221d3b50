import type { Camera } from '../camera/camera.ts';
import type { SourceOffers } from '../camera/offers.ts';
import type { CameraSettings, PICTURE_SETTINGS } from '../camera/settings.ts';
import { rotatedSize, type Size } from '../frames/size.ts';
import type { SettingsGroup } from './settings.ts';

export type { Range } from '../camera/offers.ts';

/** What clients may change of the picture; the size is that of the pictures as viewers get them, after rotation. */
export type PictureSettings = Pick<CameraSettings, (typeof PICTURE_SETTINGS)[number]>;

/** The part of the control by which the capture is shown and set. */
export type PictureController = Pick<PictureControl, 'settings' | 'options' | 'actual' | 'change'>;

/** The camera whose capture is controlled, its pictures and its settings. */
export interface PictureControlOptions {
  readonly camera: Pick<Camera, 'settings' | 'applied' | 'offers' | 'check' | 'change'>;
  /** Where the newest picture is, for its size. */
  readonly hub: { readonly latest: Size | undefined };
  readonly settings: Pick<SettingsGroup<CameraSettings>, 'change' | 'onChange'>;
}

/** Controls the capture, in sizes as viewers see them. */
export class PictureControl {
  constructor(private readonly given: PictureControlOptions) {
    const { camera, settings } = given;
    settings.onChange((now) => camera.change(now));
  }

  /** Returns the settings in force, without what the source cannot do. */
  settings(): PictureSettings {
    return asSeen(this.given.camera.applied);
  }

  /** Returns what the source offers; no sizes where the pictures come in the size they have. */
  options(): SourceOffers {
    const { offers, settings } = this.given.camera;
    if (!offers) return { sizes: [this.settings()], fps: { min: 1, max: 30 }, quality: undefined };
    return { ...offers, sizes: offers.sizes.map((size) => rotatedSize(settings.rotation, size)) };
  }

  /** Returns the size of the pictures; undefined before there are any. */
  actual(): Size | undefined {
    const { latest } = this.given.hub;
    return latest && { width: latest.width, height: latest.height };
  }

  /**
   * Applies a change to the running capture, through which viewers stay, and keeps it for the next start. It may be called again
   * before it has resolved, and resolves without waiting for pictures (clients give up after 3 s). Rejects with an AppError, with
   * nothing changed, if the source cannot do it or it cannot be kept.
   * @param change only what is to change
   */
  async change(change: Partial<PictureSettings>): Promise<void> {
    const { camera, settings } = this.given;
    // Of all that is set: what this source passes over is there again with one that can do it.
    const { fps, quality, ...size } = { ...asSeen(camera.settings), ...change };
    const captured = { ...rotatedSize(camera.settings.rotation, size), fps, quality };
    camera.check({ ...camera.settings, ...captured });
    settings.change(captured);
  }
}

/** Returns the settings of the picture as viewers see it, rotated. */
const asSeen = (settings: CameraSettings): PictureSettings => {
  const { rotation, fps, quality } = settings;
  return { ...rotatedSize(rotation, settings), fps, quality };
};
