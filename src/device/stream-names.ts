/**
 * What names a stream to clients, of whatever protocol. This file alone has those names, and imports nothing: the page in
 * the browser reads it too.
 */
export interface StreamNames {
  /** Token of its media profile, and its name in lists of addresses. */
  readonly id: string;
  /** For people: "H.264". */
  readonly name: string;
  readonly encoding: 'JPEG' | 'H264';
  /** Token of what encodes it; what persists of the stream is kept under it. */
  readonly encoder: string;
  /** Path on the streaming server. */
  readonly path: string;
  /** Path on the web server by which it is tunnelled; what has pictures for browsers is at that address, too. */
  readonly webPath: string;
  /** Which pair of UDP ports it has by multicast, counted from the one that is set. Receivers know it: it never changes. */
  readonly portPair: number;
}

/** Motion JPEG as the camera captures it. */
export const MJPEG = {
  id: 'mjpeg',
  name: 'MJPEG',
  encoding: 'JPEG',
  encoder: 'mjpeg_encoder',
  path: '/mjpeg',
  webPath: '/stream.mjpg',
  portPair: 0,
} as const satisfies StreamNames;

export const H264 = {
  id: 'h264',
  name: 'H.264',
  encoding: 'H264',
  encoder: 'h264_encoder',
  path: '/h264',
  webPath: '/h264',
  portPair: 1,
} as const satisfies StreamNames;

/** What tells of events beside the picture of every stream: no stream by itself. */
export const METADATA = { id: 'metadata', name: 'Events', encoder: 'metadata_config', portPair: 3 } as const;

/** A smaller H.264, on which recorders look for movement while they keep the large one. */
export const SUB = {
  id: 'sub',
  name: 'H.264, small',
  encoding: 'H264',
  encoder: 'sub_encoder',
  path: '/sub',
  webPath: '/sub',
  portPair: 2,
} as const satisfies StreamNames;

/** Every stream that there can be, now or after another start. */
export const STREAMS: readonly StreamNames[] = [MJPEG, H264, SUB];

/** Path on the web server of one current picture. */
export const SNAPSHOT_PATH = '/snapshot.jpg';

/** Names of addresses in the status of the web server. */
export const ADDRESS = { stream: 'stream', snapshot: 'snapshot', rtsp: ({ id }: Pick<StreamNames, 'id'>) => `rtsp-${id}` } as const;
