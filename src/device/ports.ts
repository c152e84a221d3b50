import type { StateStore } from '../config/state.ts';
import { AppError } from '../core/errors.ts';
import type { ServerPorts } from '../onvif/device/deps.ts';

/**
 * Keeps other ports of our servers for the next start.
 * @param fixed what the owner set: it would come back at the next start
 */
export function keepPorts(
  state: StateStore,
  fixed: Readonly<Record<keyof ServerPorts, boolean>>,
  now: ServerPorts,
  next: ServerPorts,
): void {
  for (const server of ['http', 'rtsp'] as const)
    if (fixed[server] && next[server] !== now[server])
      throw new AppError('PORT_FIXED', `The ${server.toUpperCase()} port ${now[server]} was set by the owner of this camera.`);
  // One that stays is not kept: it may be one that was picked.
  const changed = {
    ...(next.http !== now.http && { httpPort: next.http }),
    ...(next.rtsp !== now.rtsp && { rtspPort: next.rtsp }),
  };
  state.update({ device: { ...state.state.device, ...changed } });
}
