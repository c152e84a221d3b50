import type { Environment } from './service-manager.ts';

/** Descriptors of sockets that listen already, by server; a server without one opens its own. */
export interface InheritedSockets {
  readonly http?: number;
  readonly rtsp?: number;
}

/** The first descriptor that is handed over: SD_LISTEN_FDS_START. */
const FIRST = 3;
/** The servers, in the order in which sockets without a name are given to them. */
const SERVERS = ['http', 'rtsp'] as const;

/**
 * Returns the sockets that systemd hands over from a .socket unit (sd_listen_fds(3)), which can set what Node.js cannot, such as
 * SendBuffer=. One named `http` or `rtsp` (FileDescriptorName=) is for that server; of the others the first is for the page,
 * the second for RTSP.
 * @param pid the process that they are meant for
 */
export function inheritedSockets({ LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES }: Environment, pid: number): InheritedSockets {
  const count = Number(LISTEN_FDS);
  if (Number(LISTEN_PID) !== pid || !(count > 0)) return {};
  const names = (LISTEN_FDNAMES ?? '').split(':');
  const sockets: { http?: number; rtsp?: number } = {};
  const unnamed: number[] = [];
  for (let at = 0; at < count; at++) {
    const server = SERVERS.find((each) => each === names[at]);
    if (server) sockets[server] ??= FIRST + at;
    else unnamed.push(FIRST + at);
  }
  for (const server of SERVERS) {
    const next = sockets[server] ?? unnamed.shift();
    if (next !== undefined) sockets[server] = next;
  }
  return sockets;
}
