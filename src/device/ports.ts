import { AppError } from '../core/errors.ts';
import type { PortSettings, SettingsGroup } from './settings.ts';

/** TCP ports of our own servers. */
export interface ServerPorts {
  readonly http: number;
  /** undefined: no RTSP is served. */
  readonly rtsp: number | undefined;
}

/**
 * Keeps other ports of our servers for the next start. Throws AppError PORT_FIXED for one that the owner set, as it would
 * come back then.
 * @param now those that they listen on
 */
export function keepPorts(settings: SettingsGroup<PortSettings>, now: ServerPorts, next: ServerPorts): void {
  for (const server of ['http', 'rtsp'] as const)
    if (settings.isOwners(server) && next[server] !== now[server])
      throw new AppError('PORT_FIXED', `The ${server.toUpperCase()} port ${now[server]} was set by the owner of this camera.`);
  // One that stays is not kept: it may be one that was picked.
  settings.change({
    ...(next.http !== now.http && { http: next.http }),
    ...(next.rtsp !== undefined && next.rtsp !== now.rtsp && { rtsp: next.rtsp }),
  });
}
