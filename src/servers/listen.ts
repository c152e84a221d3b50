import { readFileSync } from 'node:fs';
import type { AddressInfo, Server } from 'node:net';
import { AppError } from '../core/errors.ts';
import { machineInterfaces } from '../platform/interfaces.ts';
import { portHolder } from '../platform/port-holder.ts';

/** Where a server listens. */
export interface Endpoint {
  /** An address of this machine; "0.0.0.0" and "::" are all of them. */
  readonly bind: string;
  /** TCP port; 0: one that is free. */
  readonly port: number;
  /** The server's section of the settings: its port is `http.port` or `rtsp.port`. */
  readonly section: 'http' | 'rtsp';
  /** Descriptor of a socket that listens already, as systemd hands it over; address and port are its own then. */
  readonly inherited?: number | undefined;
}

/** What a server's port is for, as messages say it. */
const PURPOSES = { http: 'the page', rtsp: 'RTSP' } as const;
/** Ports below this one are for privileged programs, where the system does not say otherwise. */
const FIRST_FREE_PORT = 1024;
const START_FILE = '/proc/sys/net/ipv4/ip_unprivileged_port_start';

/**
 * Makes a server listen.
 *
 * @returns its port
 * @throws AppError PORT_TAKEN or BIND_FAILED, which names the setting to change and what to
 */
export function listen(server: Server, endpoint: Endpoint): Promise<number> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException) => reject(explain(error, endpoint));
    server.once('error', refuse);
    const { inherited, port, bind } = endpoint;
    server.listen(inherited === undefined ? { port, host: bind } : { fd: inherited }, () => {
      server.off('error', refuse);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Why a server cannot listen, and what can be done about it. */
function explain(error: NodeJS.ErrnoException, endpoint: Endpoint): AppError {
  const { bind, port, section, inherited } = endpoint;
  if (inherited !== undefined)
    return new AppError('BIND_FAILED', `The socket that was handed over for ${PURPOSES[section]} is none to listen on: ${error.message}`, {
      hint: 'Check the .socket unit: ListenStream= with the port of the page first, then that of RTSP (onvif-camera.socket).',
      cause: error,
    });
  switch (error.code) {
    case 'EADDRINUSE':
      return portTaken(error, endpoint);
    case 'EACCES':
      return portForbidden(error, endpoint);
    case 'EADDRNOTAVAIL':
      return new AppError('BIND_FAILED', `This machine has no address ${bind} to listen on.`, {
        hint: `It has ${ownAddresses().join(', ')}. Give one of them with --bind (bind in the settings file), or 0.0.0.0 for all.`,
        cause: error,
      });
    default:
      return new AppError('BIND_FAILED', `Cannot listen on ${bind} port ${port}, for ${PURPOSES[section]}: ${error.message}`, {
        cause: error,
      });
  }
}

function portTaken(cause: Error, { bind, port, section }: Endpoint): AppError {
  const holder = portHolder(port);
  const own = holder?.pid === process.pid;
  const who = own ? 'this program itself' : holder ? describe(holder) : 'another program';
  const stop = holder?.pid === undefined ? `Stop it (\`sudo ss -ltnp 'sport = :${port}'\` shows which it is)` : 'Stop it';
  return new AppError('PORT_TAKEN', `Port ${port} on ${bind} is taken by ${who}; it is meant for ${PURPOSES[section]}.`, {
    hint: `${own ? 'The page and RTSP need a port each:' : `${stop}, or`} choose another port with ${settingOf(section)}; 0 picks a free one.`,
    cause,
  });
}

function portForbidden(cause: Error, { bind, port, section }: Endpoint): AppError {
  const start = firstFreePort();
  return new AppError(
    'BIND_FAILED',
    `Port ${port} on ${bind}, for ${PURPOSES[section]}, may not be used: those below ${start} are for privileged programs.`,
    {
      hint:
        `Let all programs have it: \`sudo sysctl net.ipv4.ip_unprivileged_port_start=${port}\` (docs/settings.md: how to make that last). ` +
        `Or Node.js alone: \`sudo setcap cap_net_bind_service=+ep ${process.execPath}\`. ` +
        `Or choose a port from ${start} on with ${settingOf(section)}.`,
      cause,
    },
  );
}

const settingOf = (section: Endpoint['section']) => `--${section}-port (${section}.port in the settings file)`;

const describe = ({ pid, name, user }: NonNullable<ReturnType<typeof portHolder>>) =>
  pid === undefined ? `a program of the user ${user}` : `${name ?? 'a program'} (process ${pid} of the user ${user})`;

/** The lowest port that any program may have (ip_unprivileged_port_start in the kernel's ip-sysctl). */
function firstFreePort(): number {
  try {
    return Number.parseInt(readFileSync(START_FILE, 'latin1'), 10) || FIRST_FREE_PORT;
  } catch {
    return FIRST_FREE_PORT;
  }
}

const ownAddresses = () =>
  Object.values(machineInterfaces.read())
    .flatMap((list) => list ?? [])
    .map(({ address, scopeid }) => (scopeid ? `${address} (with %INTERFACE behind it)` : address));
