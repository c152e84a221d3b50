import { AppError } from '../core/errors.ts';
import type { PortSettings, SettingsGroup } from './settings.ts';

/** TCP ports of the camera's servers. */
export interface ServerPorts {
  readonly http: number;
  /** Undefined: no RTSP is served. */
  readonly rtsp: number | undefined;
}

/**
 * Keeps other ports of the servers for the next start.
 * @param now the ports that they listen on
 * @throws AppError (PORT_FIXED) for one that the owner set, as it would come back then; others where they cannot be kept
 */
export function keepPorts(settings: SettingsGroup<PortSettings>, now: ServerPorts, next: ServerPorts): void {
  for (const server of ['http', 'rtsp'] as const)
    if (settings.isOwners(server) && next[server] !== now[server])
      throw new AppError('PORT_FIXED', `The ${server.toUpperCase()} port ${now[server]} was set by the owner of this camera.`);
  // A port that stays is not kept: it may be one that the system picked.
  settings.change({
    ...(next.http !== now.http && { http: next.http }),
    ...(next.rtsp !== undefined && next.rtsp !== now.rtsp && { rtsp: next.rtsp }),
  });
}
