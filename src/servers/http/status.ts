import type { Response } from 'express';
import { formatOrigin } from '../../core/origin.ts';
import type { HubStatus } from '../../hub/hub.ts';
import { userOf } from './authentication.ts';
import type { Base } from './base-url.ts';
import type { StreamCounters } from './stream.ts';

/** What is counted of RTSP and H.264; see RtspCounters and EncoderCounters. */
export interface RtspVitals {
  readonly port: number;
  readonly sessions: number;
  readonly counters: {
    readonly sessions: number;
    readonly packetsSent: number;
    readonly bytesSent: number;
    readonly framesSkipped: number;
    readonly sessionsDropped: number;
    readonly sessionsTimedOut: number;
    readonly packetsLost: number;
    readonly connectionsRefused: number;
  };
  /** Undefined where nothing encodes H.264. */
  readonly h264:
    | {
        readonly state: string;
        readonly counters: { readonly starts: number; readonly units: number; readonly skipped: number; readonly bytes: number };
      }
    | undefined;
}

/** What the running program knows about itself; gathered by the app. */
export interface Vitals {
  readonly name: string;
  readonly version: string;
  readonly status: HubStatus;
  /** Size of the pictures in pixels; the asked one while there is none. */
  readonly size: { readonly width: number; readonly height: number };
  /** Measured pictures per second. */
  readonly fps: number;
  readonly viewers: number;
  /** Seconds since the start. */
  readonly uptime: number;
  readonly capture: { starts: number; frames: number; droppedPictures: number; droppedBytes: number };
  readonly streams: StreamCounters;
  /** Errors nobody expected, since the start; see core/faults.ts. */
  readonly faults: number;
  /** Connections of the web server closed for want of room. */
  readonly connectionsClosed: number;
  /** Undefined where there is no RTSP. */
  readonly rtsp: RtspVitals | undefined;
}

const shown = (error: { code: string; message: string; hint: string }) => ({ code: error.code, message: error.message, hint: error.hint });

/** For supervisors and sensors; open to everybody, so it says nothing that a stranger should not know. */
export function sendHealth(res: Response, vitals: Vitals): void {
  res.set('Cache-Control', 'no-store').json({
    status: 'ok',
    camera: vitals.status.state,
    ...(vitals.status.error ? { error: vitals.status.error.code } : {}),
    uptime: Math.round(vitals.uptime),
    version: vitals.version,
  });
}

/** For the page. */
export function sendStatus(res: Response, vitals: Vitals, { origin, host }: Base): void {
  const base = formatOrigin(origin);
  const { status, size } = vitals;
  res.set('Cache-Control', 'no-store').json({
    name: vitals.name,
    version: vitals.version,
    camera: status.state,
    error: status.error ? shown(status.error) : null,
    notices: status.notices.map(shown),
    source: status.source ?? '',
    width: size.width,
    height: size.height,
    fps: Math.round(vitals.fps * 10) / 10,
    viewers: vitals.viewers,
    user: userOf(res)?.name ?? null,
    urls: [
      { id: 'stream', label: 'MJPEG stream', url: `${base}/stream.mjpg` },
      { id: 'snapshot', label: 'Snapshot', url: `${base}/snapshot.jpg` },
      ...rtspUrls(vitals.rtsp, host),
    ],
  });
}

function rtspUrls(rtsp: RtspVitals | undefined, host: string) {
  if (!rtsp) return [];
  const origin = `rtsp://${host}:${rtsp.port}`;
  return [
    ...(rtsp.h264 ? [{ id: 'rtsp-h264', label: 'RTSP, H.264', url: `${origin}/h264` }] : []),
    { id: 'rtsp-mjpeg', label: 'RTSP, MJPEG', url: `${origin}/mjpeg` },
  ];
}
