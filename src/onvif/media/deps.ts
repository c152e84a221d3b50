export interface Size {
  /** Pixels of the pictures as viewers get them, after rotation. */
  readonly width: number;
  readonly height: number;
}

/** What is asked of an encoder. */
export interface PictureSettings extends Size {
  /** Pictures per second, may be a fraction. */
  readonly fps: number;
  /** JPEG quality, 1 to 100. */
  readonly quality: number;
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** What an encoder can be set to while it runs. */
export interface PictureOptions {
  /** What the source really offers, largest first; empty: the pictures come in the size they have. */
  readonly sizes: readonly Size[];
  /** Pictures per second. */
  readonly fps: Range;
  /** undefined: the source decides. */
  readonly quality: Range | undefined;
}

/** The capture that the media service describes and sets. */
export interface MediaCamera {
  settings(): PictureSettings;
  options(): PictureOptions;
  /** Size and measured rate of the pictures; undefined before there are any, fps 0 while none come. */
  actual(): (Size & { readonly fps: number }) | undefined;
  /**
   * Applies it to the running capture, viewers live through it, and keeps it for the next start. Only what is to change is
   * given; it may be called again before it has resolved, and should resolve without waiting for pictures (clients give up
   * after 3 s). Throws an AppError.
   */
  change(change: Partial<PictureSettings>): Promise<void>;
}

/** A media profile made by a client. */
export interface StoredProfile {
  readonly token: string;
  readonly name: string;
  /** Tokens of the configurations in it. */
  readonly videoSource?: string | undefined;
  readonly videoEncoder?: string | undefined;
}

/** Where the profiles made by clients persist. */
export interface ProfileStore {
  list(): readonly StoredProfile[];
  /** Replaces the list. Throws an AppError where it cannot be written. */
  save(list: readonly StoredProfile[]): void;
}

export interface MediaDeps {
  readonly camera: MediaCamera;
  readonly store: ProfileStore;
  /** The RTSP server; undefined: there is none. Read at each request: a port known only after start, or changed, may be a getter. */
  readonly rtsp: { readonly port: number } | undefined;
}
