import type { App } from '../app/app.ts';
import { formatOrigin } from '../core/origin.ts';
import { visible } from '../core/terminal.ts';
import { addresses } from './addresses.ts';

const WORDS = {
  idle: 'Idle, nobody is watching',
  starting: 'Camera starting',
  live: 'Live',
  stalled: 'Camera stalled',
  failed: 'Camera failed',
};

/** Returns one line on the camera's state and address, for `systemctl status`. */
export function serviceState(app: Pick<App, 'condition' | 'originAt'>, bind: string): string {
  const { state, error, source, fps } = app.condition;
  const url = `${formatOrigin(app.originAt(addresses(bind)[0] ?? ''))}/`;
  const rate = state === 'live' && fps > 0 ? ` at ${fps.toFixed(1)} pictures/s` : '';
  const about = error ? `: ${error.message}` : source === undefined ? '' : ` (${source})`;
  return visible(`${WORDS[state]}${rate}, ${url}${about}`);
}
