import { isIP } from 'node:net';

/** What tells by which address a client reached us. */
export interface Reached {
  /** The Host header. */
  readonly host: string | undefined;
  /** Our end of the connection. */
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  /** The machine's name, without domain. */
  readonly hostname: string;
}

/**
 * The beginning of all URIs we give a client: "http://192.168.1.5:8080". The Host header counts where it is an address, or
 * our own name: behind a port mapping only it knows. For anything else it is our end of the connection, which is
 * reachable by definition; recorders don't look names up.
 */
export function baseUrlOf({ host, localAddress, localPort, hostname }: Reached): { baseUrl: string; host: string } {
  const named = host === undefined ? undefined : /^(\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/.exec(host);
  if (named && isOurs(named[1]!, hostname)) return { baseUrl: `http://${host}`, host: named[1]! };
  const address = (localAddress ?? '127.0.0.1').replace(/^::ffff:(?=\d+\.)/, '');
  const literal = address.includes(':') ? `[${address}]` : address;
  return { baseUrl: `http://${literal}:${localPort ?? 80}`, host: literal };
}

function isOurs(name: string, hostname: string): boolean {
  const address = name.startsWith('[') ? name.slice(1, -1) : name;
  if (isIP(address) === 6) return !/^(::$|ff)/i.test(address);
  // Neither 0.0.0.0 nor multicast, which confused clients send.
  if (isIP(address) === 4) return !/^(0\.|22[4-9]\.|23\d\.|255\.)/.test(address);
  return name.toLowerCase().split('.')[0] === hostname.toLowerCase() && hostname !== '';
}
