import type { Config } from '../config/schema.ts';
import type { StateStore } from '../config/state.ts';
import { AppError, messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { portHolder } from '../platform/port-holder.ts';

/** First ports of the page and of RTSP for cameras with a name; the camera without one has those before them. */
export const FIRST_PORTS = { http: 8081, rtsp: 8555 } as const;
/** Number of pairs: more cameras than any machine has, below the ports that systems give out by themselves. */
const PAIRS = 400;

/** What {@link chooseNamedPorts} takes. */
export interface NamedPortsOptions {
  /** Name of the camera (`--camera`). */
  readonly instance: string;
  readonly config: Pick<Config, 'http' | 'rtsp'>;
  /** Keys of the settings that the owner set. */
  readonly explicit: ReadonlySet<string>;
  /** Keeps the ports. */
  readonly state: StateStore;
  readonly log: Logger;
  /** Returns whether a program listens on a TCP port; left out: asks the system. */
  readonly isTaken?: (port: number) => boolean;
}

/**
 * Chooses ports for a camera with a name, at its first start and where its owner set none, and keeps them in the state, as recorders
 * note them down. The search begins at a pair that follows from the name, so that cameras that start together do not choose the same.
 */
export function chooseNamedPorts(options: NamedPortsOptions): void {
  const { instance, config, explicit, state, log, isTaken = (port) => portHolder(port) !== undefined } = options;
  const { device } = state.state;
  const missing = (['http', 'rtsp'] as const).filter(
    (server) => !explicit.has(`${server}.port`) && device[`${server}Port`] === undefined && (server === 'http' || config.rtsp.enabled),
  );
  if (missing.length === 0) return;
  const begin = sumOf(instance) % PAIRS;
  for (let step = 0; step < PAIRS; step++) {
    const pair = (begin + step) % PAIRS;
    if (missing.some((server) => isTaken(FIRST_PORTS[server] + pair))) continue;
    const chosen = Object.fromEntries(missing.map((server) => [`${server}Port`, FIRST_PORTS[server] + pair]));
    try {
      state.update({ device: { ...device, ...chosen } });
    } catch (error) {
      // The camera then takes the usual ports, and says so where they are taken.
      if (!(error instanceof AppError)) throw error;
      log.warn(`The ports of the camera "${instance}" cannot be kept: ${messageOf(error)}`, { code: error.code });
    }
    return;
  }
}

/** Returns the FNV-1a hash of a text, 32 bits. */
function sumOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
