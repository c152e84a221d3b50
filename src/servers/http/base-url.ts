import { addressOf, isOwnHost, type OwnNames, parseHost } from '../../core/host-names.ts';
import { plainAddress } from '../../core/networks.ts';
import { hostOf, type Origin, type Scheme } from '../../core/origin.ts';
import type { Client } from './proxies.ts';

/** What tells by which address a client reached us. */
export interface Reached extends Pick<Client, 'host' | 'hostForwarded' | 'forwarded' | 'scheme'> {
  /** Address and port of our end of the connection. */
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  /** Scheme of our end, whatever a proxy before us has. */
  readonly localScheme: Scheme;
  /** Names of this machine. */
  readonly names: OwnNames;
  /** An address of ours that others in the network reach; undefined: there is none. Asked where a proxy stands before us. */
  readonly ownAddress: () => string | undefined;
}

/** How addresses that we give a client begin. */
export interface Base {
  /** Origin of the page, the services and what goes by HTTP. */
  readonly origin: Origin;
  /** The same with the address in place of a name of ours. Behind a proxy the name stays. */
  readonly address: Origin;
  /** Host of RTSP, which has a port of its own: "192.168.1.5". */
  readonly host: string;
}

/**
 * Returns the beginning of all URIs we give a client. The Host header counts where it is an address, or a name of ours:
 * behind a port mapping only it knows. For anything else it is our end of the connection, which is reachable by definition;
 * recorders don't look names up. A client behind a trusted proxy gets the proxy's scheme and name; RTSP does not go through
 * it, so for that it gets an address of this machine.
 */
export function baseOf(reached: Reached): Base {
  const { host, hostForwarded, forwarded, scheme, names, ownAddress } = reached;
  const local = plainAddress(reached.localAddress ?? '127.0.0.1');
  const own = hostOf(forwarded && isLoopback(local) ? (ownAddress() ?? local) : local);
  const parsed = host === undefined ? undefined : parseHost(host);
  const ends: Origin = { scheme: reached.localScheme, host: own, port: reached.localPort };
  if (!parsed || !(hostForwarded || isReachable(parsed.name, names))) return { origin: ends, address: ends, host: own };
  const origin = { scheme, host: parsed.name, port: parsed.port };
  const address = forwarded || addressOf(parsed.name) !== undefined ? origin : ends;
  return { origin, address, host: forwarded ? own : parsed.name };
}

/** Whether a host that is ours leads others here as well. */
function isReachable(name: string, names: OwnNames): boolean {
  const address = addressOf(name);
  if (address === undefined) return !/(^|\.)localhost\.?$/i.test(name) && isOwnHost(name, names);
  // Neither 0.0.0.0 nor multicast, which confused clients send.
  return address.includes(':') ? !/^(::$|ff)/i.test(address) : !/^(0\.|22[4-9]\.|23\d\.|255\.)/.test(address);
}

const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.');
