import type { Camera } from '../camera/camera.ts';
import type { AnnotateOffers, ImagingOffers } from '../camera/offers.ts';
import { type CameraSettings, IMAGE_SETTINGS, type ImageSettings } from '../camera/settings.ts';
import type { SettingsGroup } from './settings.ts';

export { MAX_ANNOTATE_LENGTH } from '../camera/settings.ts';
export type { AnnotateOffers, ImageSettings, ImagingOffers };

/** What shows and sets the image: brightness and the like, exposure, white balance, focus, and the text in it. */
export type ImagingController = Pick<ImagingControl, 'settings' | 'offers' | 'annotate' | 'change'>;

export interface ImagingControlOptions {
  readonly camera: Pick<Camera, 'settings' | 'offers' | 'check'>;
  readonly settings: Pick<SettingsGroup<CameraSettings>, 'change' | 'isPassing'>;
}

/** The image, in the units of the settings (camera/settings.ts). */
export class ImagingControl {
  constructor(private readonly given: ImagingControlOptions) {}

  settings(): ImageSettings {
    const { settings } = this.given.camera;
    return Object.fromEntries(IMAGE_SETTINGS.map((name) => [name, settings[name]])) as ImageSettings;
  }

  /** What the source really has; undefined: nothing, or no source was found yet. */
  offers(): ImagingOffers | undefined {
    return this.given.camera.offers?.imaging;
  }

  /** False: a source was found, and nothing of its image can be set. */
  isSettable(): boolean {
    const { offers } = this.given.camera;
    return offers === undefined || offers.imaging !== undefined;
  }

  /** Where the source can draw a text; undefined: nowhere, or no source was found yet. */
  annotate(): AnnotateOffers | undefined {
    return this.given.camera.offers?.annotate;
  }

  /**
   * Applies it to the running capture, once for all changes of a second, and viewers live through it. Throws an AppError, with
   * nothing changed, if the source cannot do it or it cannot be kept.
   * @param change only what is to change; what equals the present setting changes nothing
   * @param keep false: until the next start of the program
   */
  change(change: Partial<ImageSettings>, keep: boolean): void {
    const { camera, settings } = this.given;
    const now: ImageSettings = camera.settings;
    const news = Object.entries(change).filter(([key, value]) => {
      const name = key as keyof ImageSettings;
      return JSON.stringify(value) !== JSON.stringify(now[name]) || (keep && settings.isPassing(name));
    });
    if (news.length === 0) return;
    const wanted: Partial<ImageSettings> = Object.fromEntries(news);
    camera.check({ ...camera.settings, ...wanted });
    settings.change(wanted, keep);
  }
}
