import type { Camera } from '../camera/camera.ts';
import type { AnnotateOffers, ImagingOffers } from '../camera/offers.ts';
import { type CameraSettings, IMAGE_SETTINGS, type ImageSettings } from '../camera/settings.ts';
import type { SettingsGroup } from './settings.ts';

export { MAX_ANNOTATE_LENGTH } from '../camera/settings.ts';
export type { AnnotateOffers, ImageSettings, ImagingOffers };

/**
 * The part of the control by which the image is shown and set: brightness and the like, exposure, white balance, focus, and the
 * text in it.
 */
export type ImagingController = Pick<ImagingControl, 'settings' | 'offers' | 'annotate' | 'change'>;

/** The camera whose image is controlled, and its settings. */
export interface ImagingControlOptions {
  readonly camera: Pick<Camera, 'settings' | 'offers' | 'check'>;
  readonly settings: Pick<SettingsGroup<CameraSettings>, 'change' | 'isPassing'>;
}

/** Controls the image, in the units of {@link CameraSettings}. */
export class ImagingControl {
  constructor(private readonly given: ImagingControlOptions) {}

  /** Returns the settings in force. */
  settings(): ImageSettings {
    const { settings } = this.given.camera;
    return Object.fromEntries(IMAGE_SETTINGS.map((name) => [name, settings[name]])) as ImageSettings;
  }

  /** Returns what of the image the source can be set to; undefined: nothing, or no source was found yet. */
  offers(): ImagingOffers | undefined {
    return this.given.camera.offers?.imaging;
  }

  /** Returns false where a source was found and nothing of its image can be set. */
  isSettable(): boolean {
    const { offers } = this.given.camera;
    return offers === undefined || offers.imaging !== undefined;
  }

  /** Returns where the source can draw a text; undefined: nowhere, or no source was found yet. */
  annotate(): AnnotateOffers | undefined {
    return this.given.camera.offers?.annotate;
  }

  /**
   * Applies a change to the running capture, which is restarted once for all changes of a second; viewers stay.
   * @param change only what is to change; what equals the present setting changes nothing
   * @param keep whether it outlives the program; false: it holds until the next start
   * @throws AppError, with nothing changed, if the source cannot do it or it cannot be kept
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
