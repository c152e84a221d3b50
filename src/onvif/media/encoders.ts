import type { MediaCamera, MediaDeps, MediaH264 } from './deps.ts';

/** What names a stream to clients: for ONVIF, for the RTSP server and for the web server. */
export interface StreamNames {
  /** Of the video encoder configuration. */
  readonly token: string;
  readonly name: string;
  readonly profile: { readonly token: string; readonly name: string };
  /** Path of its stream on the RTSP server. */
  readonly rtspPath: string;
  /** Path on the web server of its tunnel (RTSP over HTTP); for MJPEG that of the plain stream too. */
  readonly httpPath: string;
}

export const MJPEG_STREAM: StreamNames = {
  token: 'mjpeg_encoder',
  name: 'MJPEG',
  profile: { token: 'mjpeg', name: 'MJPEG' },
  rtspPath: '/mjpeg',
  httpPath: '/stream.mjpg',
};

export const H264_STREAM: StreamNames = {
  token: 'h264_encoder',
  name: 'H.264',
  profile: { token: 'h264', name: 'H.264' },
  rtspPath: '/h264',
  httpPath: '/h264',
};

/** Motion JPEG as the camera captures it. */
export interface JpegEncoder extends StreamNames {
  readonly encoding: 'JPEG';
  readonly control: Pick<MediaCamera, 'settings' | 'options' | 'change'>;
}

export interface H264Encoder extends StreamNames {
  readonly encoding: 'H264';
  readonly control: MediaH264;
}

/** A video encoder configuration and the fixed profile that streams it. */
export type VideoEncoder = JpegEncoder | H264Encoder;

export const mjpegEncoder = (control: JpegEncoder['control']): JpegEncoder => ({ ...MJPEG_STREAM, encoding: 'JPEG', control });
export const h264Encoder = (control: MediaH264): H264Encoder => ({ ...H264_STREAM, encoding: 'H264', control });

/**
 * The encoders there are now, in the order in which clients see them and their profiles: most clients take the first, and
 * can record and forward H.264 alone. It is streamed by RTSP alone.
 */
export const encodersOf = ({ camera, h264, rtsp }: Pick<MediaDeps, 'camera' | 'h264' | 'rtsp'>): readonly VideoEncoder[] => [
  ...(h264 && rtsp ? [h264Encoder(h264)] : []),
  mjpegEncoder(camera),
];
