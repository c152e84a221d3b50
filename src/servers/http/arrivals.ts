import type { IncomingMessage } from 'node:http';
import { isOwnHost, type OwnNames, parseHost } from '../../core/host-names.ts';
import { schemeOf } from '../../core/origin.ts';
import { type Base, baseOf } from './base-url.ts';
import { type Client, Proxies } from './proxies.ts';

/** What tells where requests come from, and under which names. */
export interface ArrivalsOptions {
  /** Proxies whose word on their clients counts: addresses and networks. */
  readonly trustedProxies: readonly string[];
  /** Names of this machine as they are now. */
  readonly names: () => OwnNames;
  /** An address of ours that others in the network reach; undefined: there is none. */
  readonly ownAddress: () => string | undefined;
}

/** Methods that change nothing (RFC 9110 section 9.2.1). */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

type Arrival = Pick<IncomingMessage, 'headers' | 'socket'>;

/** How requests reach us: from whom, and under which of our names. */
export class Arrivals {
  readonly #proxies: Proxies;

  /** @throws RangeError for trusted proxies that are no addresses */
  constructor(private readonly options: ArrivalsOptions) {
    this.#proxies = new Proxies(options.trustedProxies);
  }

  /** The client's address, seen through trusted proxies. Never throws. */
  clientAddress(req: { readonly socket: Pick<Arrival['socket'], 'remoteAddress'>; readonly headers: Arrival['headers'] }): string {
    return this.#proxies.clientAddress(req);
  }

  /** Whether an address is that of a proxy that the owner trusts. */
  isTrustedProxy(address: string): boolean {
    return this.#proxies.isTrusted(address);
  }

  /** Returns the client and how it made the request, seen through trusted proxies. Never throws. */
  clientOf(req: Arrival): Client {
    return this.#proxies.clientOf(req);
  }

  /** Returns how addresses begin that we give this client. */
  baseOf(req: Arrival): Base {
    const { localAddress, localPort } = req.socket;
    const { names, ownAddress } = this.options;
    const { host, hostForwarded, forwarded, scheme } = this.clientOf(req);
    const localScheme = schemeOf(req.socket);
    return baseOf({ host, hostForwarded, forwarded, scheme, localAddress, localPort, localScheme, names: names(), ownAddress });
  }

  /**
   * Tells whether a request is meant for us: what the client has in its address line (the Host header) can be this machine. A
   * request without Host is no browser's, and is ours.
   *
   * @returns `malformed` where the header is no host at all
   */
  hostOf(req: Arrival): { readonly verdict: 'ours' | 'foreign' | 'malformed'; readonly host: string } {
    const { host = '', hostForwarded } = this.clientOf(req);
    if (hostForwarded) return { verdict: 'ours', host };
    const name = host === '' ? '' : parseHost(host)?.name;
    if (name === undefined) return { verdict: 'malformed', host: '' };
    return { verdict: this.isOwnHost(host) ? 'ours' : 'foreign', host: name };
  }

  /** Whether a Host header that did not come by way of a proxy can be this machine. */
  isOwnHost(header: string): boolean {
    const parsed = parseHost(header);
    return header === '' || (parsed !== undefined && isOwnHost(parsed.name, this.options.names()));
  }

  /** Whether another site's page makes this request, which may change something, with this browser's credentials. */
  isFromOtherSite(req: Arrival & Pick<IncomingMessage, 'method'>): boolean {
    const { origin } = req.headers;
    return !SAFE_METHODS.has(req.method ?? '') && origin !== undefined && !isOrigin(origin, this.clientOf(req).host);
  }
}

/** Whether a page of this origin was loaded from this host. A port that is the scheme's own may stand in either, or not. */
function isOrigin(origin: string, host: string | undefined): boolean {
  try {
    const { protocol, host: theirs } = new URL(origin);
    return theirs !== '' && theirs === new URL(`${protocol}//${host}`).host;
  } catch {
    return false;
  }
}
