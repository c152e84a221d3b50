import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { parseHost } from '../../core/host-names.ts';
import { Networks, plainAddress } from '../../core/networks.ts';
import { type Scheme, schemeOf } from '../../core/origin.ts';

/** What a request says of the way it came; headers in the form of Node, repeated ones joined by commas. */
export interface Arrival {
  readonly socket: Pick<IncomingMessage['socket'], 'remoteAddress'>;
  readonly headers: IncomingHttpHeaders;
}

/** The client that made a request, and how it did, seen through the proxies that the owner trusts. */
export interface Client {
  /** Its address; that of the last proxy where there is one that is not trusted. */
  readonly address: string;
  /** Whether the request came by way of a trusted proxy. */
  readonly forwarded: boolean;
  /** Scheme at the client's end. */
  readonly scheme: Scheme;
  /** The Host header as the client sent it. */
  readonly host: string | undefined;
  /** Whether a trusted proxy named that host, and answers for it. */
  readonly hostForwarded: boolean;
}

/** Proxies in a row that are looked at: a request has one or two, a liar any number. */
const MOST_HOPS = 16;

/** Headers in which a trusted proxy tells of its client. */
const FORWARDING_HEADERS = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'];

/** Headers by which proxies make themselves known, trusted or not. */
const PROXY_HEADERS = ['x-forwarded-for', 'x-real-ip', 'forwarded', 'via'];

/**
 * The proxies in front of us, as far as the owner trusts them (`http.trustedProxies`). What they say of their client counts
 * (X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host); the same from anybody else is not looked at.
 */
export class Proxies {
  readonly #trusted: Networks | undefined;

  /** @param trusted addresses and networks, see {@link Networks} */
  constructor(trusted: readonly string[] = []) {
    this.#trusted = trusted.length > 0 ? new Networks(trusted) : undefined;
  }

  /** Returns the address under which failures, connections and lines of the log are counted. Never throws. */
  clientAddress({ socket, headers }: Arrival): string {
    return this.#hops(socket.remoteAddress ?? '', headers).address;
  }

  /** Whether an address is that of a trusted proxy. */
  isTrusted(address: string): boolean {
    return this.#trusted?.has(address) ?? false;
  }

  /** Returns the client of a request. Never throws, whatever the headers hold. */
  clientOf({ socket, headers }: Arrival): Client {
    const peer = socket.remoteAddress ?? '';
    // Without any of these headers it is a client on the proxy's machine itself.
    if (!this.isTrusted(peer) || !FORWARDING_HEADERS.some((name) => headers[name] !== undefined)) {
      return { address: plainAddress(peer), forwarded: false, scheme: schemeOf(socket), host: headers.host, hostForwarded: false };
    }
    const { address, behind } = this.#hops(peer, headers);
    const scheme = at(headers['x-forwarded-proto'], behind)?.toLowerCase();
    const host = at(headers['x-forwarded-host'], behind);
    const hostForwarded = host !== undefined && parseHost(host) !== undefined;
    return {
      address,
      forwarded: true,
      scheme: scheme === 'https' || scheme === 'http' ? scheme : schemeOf(socket),
      host: hostForwarded ? host : headers.host,
      hostForwarded,
    };
  }

  /**
   * Finds the client: the first address from the right that is no trusted proxy's, as a client can make up what stands left of
   * its own. Where a proxy names no address, it is the proxy itself.
   *
   * @returns its address, and how many further trusted proxies stand between it and the one that is connected to us
   */
  #hops(peer: string, headers: IncomingHttpHeaders): { readonly address: string; readonly behind: number } {
    let address = plainAddress(peer);
    let behind = -1;
    const header = headers['x-forwarded-for'];
    let rest = typeof header === 'string' ? header : undefined;
    while (rest !== undefined && behind < MOST_HOPS && this.isTrusted(address)) {
      const comma: number = rest.lastIndexOf(',');
      const named = readAddress(rest.slice(comma + 1));
      if (named === undefined) break;
      address = named;
      behind++;
      rest = comma < 0 ? undefined : rest.slice(0, comma);
    }
    return { address, behind: Math.max(behind, 0) };
  }
}

/** Whether a connection may carry the requests of several clients: headers show a proxy, trusted or not. */
export const isShared = (headers: IncomingHttpHeaders): boolean => PROXY_HEADERS.some((name) => headers[name] !== undefined);

/** Reads "192.168.1.7", "192.168.1.7:4711", "fd00::7" or "[fd00::7]:4711" without its port; undefined for anything else. */
function readAddress(text: string): string | undefined {
  const [, bracketed, plain] = /^\s*"?(?:\[([^\]]{2,45})\](?::\d{1,5})?|([^\s"[\]]{2,45}?))"?\s*$/.exec(text) ?? [];
  const address = bracketed ?? (plain?.includes('.') ? plain.replace(/(?<=^[\d.]+):\d{1,5}$/, '') : plain);
  return address !== undefined && isIP(address) !== 0 ? plainAddress(address) : undefined;
}

/** The value that the proxy set which met the client: one from the right for each proxy between, the only one where there is one. */
function at(header: string | string[] | undefined, behind: number): string | undefined {
  if (typeof header !== 'string') return undefined;
  let rest = header;
  for (let hop = 0; hop < behind; hop++) {
    const comma = rest.lastIndexOf(',');
    if (comma < 0) break;
    rest = rest.slice(0, comma);
  }
  return rest.slice(rest.lastIndexOf(',') + 1).trim() || undefined;
}
