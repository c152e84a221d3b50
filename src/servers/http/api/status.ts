import type { Response } from 'express';
import { mayAccess } from '../../../auth/access.ts';
import type { Clock } from '../../../core/clock.ts';
import { formatOrigin } from '../../../core/origin.ts';
import type { ViewerInfo } from '../../viewer-info.ts';
import { levelOf } from '../authentication.ts';
import type { Base } from '../base-url.ts';
import { shownError, urlsOf, type Vitals } from '../status.ts';

/** What /api/v1/status tells besides the vitals. */
export interface StatusOptions {
  /** By HTTP and by RTSP. */
  readonly viewers: readonly ViewerInfo[];
  /** How addresses begin that the client gets. */
  readonly base: Base;
  readonly clock: Clock;
}

/**
 * Answers /api/v1/status: what the camera does. The viewers are told to administrators alone, their number to everybody. Times
 * are in UTC (ISO 8601), reckoned back from the present by the monotonic clock: they are right although the wall clock may have
 * been set since.
 */
export function sendFullStatus(res: Response, vitals: Vitals, { viewers, base, clock }: StatusOptions): void {
  const { status, size, discovery, scene } = vitals;
  const h264 = vitals.video.find((stream) => stream.encoding === 'H264')?.source();
  const [now, wall] = [clock.monotonic(), clock.now()];
  const time = (monotonic: number) => new Date(wall - (now - monotonic)).toISOString();
  res.set('Cache-Control', 'no-store').json({
    name: vitals.name,
    version: vitals.version,
    startedAt: time(now - vitals.uptime * 1000),
    uptime: Math.round(vitals.uptime),
    camera: {
      state: status.state,
      since: time(vitals.stateSince),
      source: status.source ?? '',
      width: size.width,
      height: size.height,
      fps: Math.round(vitals.fps * 10) / 10,
      error: status.error ? shownError(status.error) : null,
      notices: [...status.notices, ...scene.notices].map(shownError),
    },
    motion: scene.motion ?? null,
    night: scene.night ?? null,
    h264: h264 && h264 !== 'trying' ? { state: h264.status.state, encoder: h264.status.encoder ?? null } : null,
    viewerCount: viewers.length,
    viewers: mayAccess(levelOf(res), 'READ_SYSTEM_SECRET')
      ? [...viewers]
          .sort((one, two) => one.since - two.since)
          .map(({ slow, ...each }) => ({
            ...each,
            user: each.user ?? null,
            since: time(each.since),
            slow: slow ? { since: time(slow.since), bitRate: slow.bitRate === undefined ? null : Math.round(slow.bitRate) } : null,
          }))
      : null,
    discovery: { enabled: discovery.enabled, discoverable: discovery.discoverable },
    urls: [
      { id: 'page', label: 'Page', url: `${formatOrigin(base.origin)}/` },
      { id: 'onvif', label: 'ONVIF', url: `${formatOrigin(base.origin)}/onvif/device_service` },
      ...urlsOf(base, vitals),
    ],
  });
}
