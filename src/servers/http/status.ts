import type { Response } from 'express';
import type { AppError } from '../../core/errors.ts';
import { formatOrigin } from '../../core/origin.ts';
import { ADDRESS, MJPEG, SNAPSHOT_PATH } from '../../device/stream-names.ts';
import type { H264Feed, JpegFeed } from '../../device/streams.ts';
import type { DecoderCounters } from '../../encode/jpeg-stream.ts';
import type { MotionBy } from '../../frames/sensed.ts';
import type { Size } from '../../frames/size.ts';
import type { CameraStatus } from '../../frames/stream-state.ts';
import type { RtspCounters } from '../rtsp/counters.ts';
import type { ViewerInfo } from '../viewer-info.ts';
import { userOf } from './authentication.ts';
import type { Base } from './base-url.ts';
import type { StreamCounters } from './stream.ts';

/** What is known of the RTSP server. */
export interface RtspVitals {
  /** TCP port. */
  readonly port: number;
  /** Sessions that are set up or playing. */
  readonly sessions: number;
  readonly counters: Readonly<RtspCounters>;
  /** Returns the viewers by RTSP. */
  readonly listViewers: () => readonly ViewerInfo[];
}

/** What is known of the scene. */
export interface SceneStatus {
  /** Whether something moves, and what looks for it; undefined: nothing does. */
  readonly motion: { readonly moving: boolean; readonly by: MotionBy } | undefined;
  /** Whether it is exposed for the night; undefined: the exposure does not follow the light. */
  readonly night: boolean | undefined;
  /** What the user should know. */
  readonly notices: readonly AppError[];
}

/** What the running program knows about itself; gathered by the app. */
export interface Vitals {
  /** Name of the camera. */
  readonly name: string;
  /** Version of the program. */
  readonly version: string;
  /** The state of the camera. */
  readonly status: CameraStatus;
  /** When the camera came into that state, monotonic milliseconds. */
  readonly stateSince: number;
  /** Size of the pictures in pixels; the asked one while there is none. */
  readonly size: Size;
  /** Measured pictures per second. */
  readonly fps: number;
  /** Open MJPEG streams. */
  readonly viewers: number;
  /** Seconds since the start. */
  readonly uptime: number;
  /** Since the start: captures begun, pictures taken, damaged pictures and bytes of no picture that were dropped. */
  readonly capture: Readonly<Record<'starts' | 'frames' | 'droppedPictures' | 'droppedBytes', number>>;
  /** What was sent to viewers by HTTP. */
  readonly streams: StreamCounters;
  /** Errors nobody expected, since the start; see core/faults.ts. */
  readonly faults: number;
  /** Connections of the web server closed because there were too many. */
  readonly connectionsClosed: number;
  /** Whether the camera is announced and answers searches; clients may have told it not to answer. */
  readonly discovery: { readonly enabled: boolean; readonly discoverable: boolean };
  /** Undefined where there is no RTSP. */
  readonly rtsp: RtspVitals | undefined;
  /** What became of the H.264 of which JPEGs are made; undefined: the camera is not asked for H.264. */
  readonly decoded?: Readonly<DecoderCounters> | undefined;
  /** The streams that are known to be there. */
  readonly video: readonly (JpegFeed | H264Feed)[];
  readonly scene: SceneStatus;
}

/** Returns what others are told of an error. */
export const shownError = (error: { code: string; message: string; hint: string }) => ({
  code: error.code,
  message: error.message,
  hint: error.hint,
});

/** Answers /healthz, for supervisors and sensors: open to everybody, so it says nothing that a stranger should not know. */
export function sendHealth(res: Response, vitals: Vitals): void {
  res.set('Cache-Control', 'no-store').json({
    status: 'ok',
    camera: vitals.status.state,
    ...(vitals.status.error ? { error: vitals.status.error.code } : {}),
    uptime: Math.round(vitals.uptime),
    version: vitals.version,
  });
}

/** Answers /api/status, for the page. */
export function sendStatus(res: Response, vitals: Vitals, base: Base): void {
  const { status, size, scene } = vitals;
  res.set('Cache-Control', 'no-store').json({
    name: vitals.name,
    version: vitals.version,
    camera: status.state,
    error: status.error ? shownError(status.error) : null,
    notices: [...status.notices, ...scene.notices].map(shownError),
    source: status.source ?? '',
    width: size.width,
    height: size.height,
    fps: Math.round(vitals.fps * 10) / 10,
    viewers: vitals.viewers,
    motion: scene.motion ?? null,
    night: scene.night ?? null,
    user: userOf(res)?.name ?? null,
    urls: urlsOf(base, vitals),
  });
}

/** Returns the addresses of what can be watched, as the client reaches them. */
export function urlsOf({ origin, host }: Base, vitals: Pick<Vitals, 'rtsp' | 'video'>) {
  const base = formatOrigin(origin);
  return [
    { id: ADDRESS.stream, label: 'MJPEG stream', url: `${base}${MJPEG.webPath}` },
    { id: ADDRESS.snapshot, label: 'Snapshot', url: `${base}${SNAPSHOT_PATH}` },
    ...rtspUrls(vitals, host),
  ];
}

function rtspUrls({ rtsp, video }: Pick<Vitals, 'rtsp' | 'video'>, host: string) {
  if (!rtsp) return [];
  return video.map((stream) => ({
    id: ADDRESS.rtsp(stream),
    label: `RTSP, ${stream.name}`,
    url: `rtsp://${host}:${rtsp.port}${stream.path}`,
  }));
}
