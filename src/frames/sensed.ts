/** What looks for motion: the camera's own program, this one in the pictures, or this one as soon as the camera's stirs. */
export type MotionBy = 'camera' | 'pictures' | 'both';

/** The light and the focus of one picture, as the camera knows them. */
export interface SensedLight {
  /** Light of the scene, lux; undefined: not told. */
  readonly lux?: number | undefined;
  /** Exposure time in microseconds, times the gain; undefined: not told. */
  readonly exposure?: number | undefined;
  /** Sharpness, the more the sharper, to be compared only within one scene and light; undefined: not told. */
  readonly focus?: number | undefined;
}

/** What a source tells of the scene by itself, beside its pictures. */
export type Sensed =
  /** A capture begins, and nothing that was told before holds. */
  | { readonly kind: 'begin' }
  /** The source looks for motion from here on, so that nobody else has to. */
  | { readonly kind: 'watching' }
  /** A region begins to move, or stops; "" is the name of one that is alone. */
  | { readonly kind: 'motion'; readonly region: string; readonly moving: boolean }
  | ({ readonly kind: 'light' } & SensedLight);
