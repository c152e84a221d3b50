import type { StateStore } from '../config/state.ts';
import { AppError } from '../core/errors.ts';
import type { ServerPorts } from '../onvif/device/deps.ts';

/**
 * Keeps another port of the web server for the next start.
 * @param fixed the owner set the port: it would come back at the next start
 */
export function keepPorts(state: StateStore, fixed: boolean, now: ServerPorts, next: ServerPorts): void {
  if (next.http === now.http) return;
  if (fixed) throw new AppError('PORT_FIXED', `The port ${now.http} was set by the owner of this camera.`);
  state.update({ device: { ...state.state.device, httpPort: next.http } });
}
