import type { EventEmitter } from 'node:events';
import { Bonjour } from 'bonjour-service';
import type { DnsRecord } from '../protocols/dns/records.ts';
import type { DnsResponse } from './mdns-answers.ts';
import type { MdnsSocket } from './mdns-socket.ts';

declare module 'bonjour-service/dist/lib/service.js' {
  /** What bonjour-service hands on to multicast-dns, and its types leave out. */
  interface ServiceConfig {
    readonly socket?: MdnsSocket;
    readonly interface?: string;
    readonly bind?: string;
  }
}

/** UDP port of mDNS (RFC 6762, section 3). */
export const MDNS_PORT = 5353;

/** What the library answers with: records alone, or those asked for and those that go with them. */
export type Packet = readonly DnsRecord[] | { readonly answers?: readonly DnsRecord[]; readonly additionals?: readonly DnsRecord[] };

/** The library multicast-dns, with which bonjour-service sends. */
export type Transport = EventEmitter & { respond(packet: Packet | DnsResponse, ...rest: unknown[]): void };

/**
 * Returns bonjour-service on one interface, with a socket of ours, and the transport that it sends with and does not show.
 *
 * @param address of the interface
 * @param onError called with errors that the library would throw
 */
export function makeBonjour(
  socket: MdnsSocket,
  address: string,
  onError: (error: unknown) => void,
): { readonly bonjour: Bonjour; readonly mdns: Transport } {
  // Bound to all addresses: queries are sent to the group, which a socket bound to the interface's address does not get.
  const bonjour = new Bonjour({ socket, port: MDNS_PORT, interface: address, bind: '0.0.0.0' }, onError);
  // biome-ignore lint/complexity/useLiteralKeys: this form alone gives access to what a class declares private.
  const mdns: Transport = bonjour['server'].mdns;
  return { bonjour, mdns };
}
