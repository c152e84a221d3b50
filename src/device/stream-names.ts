/**
 * The names of a stream for clients, of whatever protocol. This file alone has those names, and imports nothing: the page in the
 * browser reads it too.
 */
export interface StreamNames {
  /** Token of its media profile, and its name in lists of addresses. */
  readonly id: string;
  /** Name for people: "H.264". */
  readonly name: string;
  readonly encoding: 'JPEG' | 'H264';
  /** Token of its encoder; what persists of the stream is kept under it. */
  readonly encoder: string;
  /** Path on the streaming server. */
  readonly path: string;
  /** Path on the web server by which it is tunnelled; a stream with pictures for browsers gives them at that address too. */
  readonly webPath: string;
  /** The pair of UDP ports that it has by multicast, counted from the one that is set, from 0. Receivers know it: it never changes. */
  readonly portPair: number;
}

/** The names of Motion JPEG as the camera captures it. */
export const MJPEG = {
  id: 'mjpeg',
  name: 'MJPEG',
  encoding: 'JPEG',
  encoder: 'mjpeg_encoder',
  path: '/mjpeg',
  webPath: '/stream.mjpg',
  portPair: 0,
} as const satisfies StreamNames;

/** The names of the H.264 stream. */
export const H264 = {
  id: 'h264',
  name: 'H.264',
  encoding: 'H264',
  encoder: 'h264_encoder',
  path: '/h264',
  webPath: '/h264',
  portPair: 1,
} as const satisfies StreamNames;

/** The names of the track that tells of events beside the picture of every stream: no stream by itself. */
export const METADATA = { id: 'metadata', name: 'Events', encoder: 'metadata_config', portPair: 3 } as const;

/** The names of a smaller H.264, on which recorders look for movement while they keep the large one. */
export const SUB = {
  id: 'sub',
  name: 'H.264, small',
  encoding: 'H264',
  encoder: 'sub_encoder',
  path: '/sub',
  webPath: '/sub',
  portPair: 2,
} as const satisfies StreamNames;

/** The names of every stream that there can be, at this start or another one. */
export const STREAMS: readonly StreamNames[] = [MJPEG, H264, SUB];

/** Path on the web server of one current picture. */
export const SNAPSHOT_PATH = '/snapshot.jpg';

/** Names of the addresses in the status of the web server. */
export const ADDRESS = { stream: 'stream', snapshot: 'snapshot', rtsp: ({ id }: Pick<StreamNames, 'id'>) => `rtsp-${id}` } as const;
