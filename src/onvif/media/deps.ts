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
  /** Size of the pictures; undefined before there are any. */
  actual(): Size | undefined;
  /**
   * Applies it to the running capture, viewers live through it, and keeps it for the next start. Only what is to change is
   * given; it may be called again before it has resolved, and should resolve without waiting for pictures (clients give up
   * after 3 s). Throws an AppError.
   */
  change(change: Partial<PictureSettings>): Promise<void>;
}

/** What is asked of the H.264 encoder. */
export interface H264Settings extends Size {
  /** Pictures per second, may be a fraction. */
  readonly fps: number;
  /** kbit/s */
  readonly bitrate: number;
  /** Seconds between two key frames. */
  readonly keyframeInterval: number;
}

/** As tt:H264Profile. */
export type H264Profile = 'Baseline' | 'Main' | 'High';

export interface H264Options {
  /** Largest first, not empty. */
  readonly sizes: readonly Size[];
  /** Pictures per second, at most those captured. */
  readonly fps: Range;
  /** kbit/s */
  readonly bitrate: Range;
  /** Seconds. */
  readonly keyframeInterval: Range;
  /** The one it encodes in. */
  readonly profile: H264Profile;
}

/** An H.264 encoder for the captured pictures. */
export interface MediaH264 {
  settings(): H264Settings;
  options(): H264Options;
  /** Like {@link MediaCamera.change}. */
  change(change: Partial<H264Settings>): Promise<void>;
  /** Makes the next picture a key frame. */
  requestKeyFrame(): void;
}

/** Where a stream is sent by multicast. */
export interface MulticastTarget {
  /** IPv4 multicast address. */
  readonly address: string;
  /** UDP port of RTP, even; that of RTCP is the next one. */
  readonly port: number;
  /** 1 to 255 */
  readonly ttl: number;
}

/** Streams by multicast, by the token of their video encoder configuration. */
export interface MediaMulticast {
  /** The largest TTL that clients may set: 1 to 255. */
  readonly maxTtl: number;
  /** Known of every encoder that there can be. */
  target(encoder: string): MulticastTarget;
  /** Whether it was started, and will be again after a restart. */
  isStarted(encoder: string): boolean;
  /** Moves the stream, running or not, and keeps it for the next start. Throws an AppError. */
  change(encoder: string, target: MulticastTarget): Promise<void>;
  /** Sends the stream until it is stopped, restarts included; nothing changes where it is sent already. Throws an AppError. */
  start(encoder: string): Promise<void>;
  /** Nothing changes where it is not sent. Throws an AppError. */
  stop(encoder: string): Promise<void>;
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

/** What the media service needs of the rest of the program. Read at each request: what is known only after start may be a getter. */
export interface MediaDeps {
  readonly camera: MediaCamera;
  readonly store: ProfileStore;
  /** The RTSP server; undefined: there is none. */
  readonly rtsp: { readonly port: number } | undefined;
  /** undefined: nothing here can encode H.264. Without an RTSP server it does not count. */
  readonly h264: MediaH264 | undefined;
  /** Resolves when it is known what can encode, or after a while that no client is tired of; undefined: it is known. */
  readonly h264Known?: (() => Promise<void>) | undefined;
  /** undefined: nothing is sent by multicast. Without an RTSP server it does not count. */
  readonly multicast: MediaMulticast | undefined;
}
