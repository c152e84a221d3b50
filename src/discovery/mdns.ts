import type { EventEmitter } from 'node:events';
import { Bonjour, type Service } from 'bonjour-service';
import type { Cancel, Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { localAddresses } from './addresses.ts';

/** How often the machine's addresses are looked at, milliseconds. */
const POLL_MS = 3000;
/** How long after a refusal of port 5353 it is tried again, milliseconds. */
const RETRY_MS = 60_000;
/** Longest wait for a goodbye to be sent, milliseconds; it is one datagram per interface. */
const GOODBYE_MS = 500;
/** Longest label of a DNS name, bytes (RFC 6763, section 4.1.1). */
const MAX_LABEL = 63;
/** Characters of the UUID that make a name unique. */
const SUFFIX = 6;

export interface MdnsOptions {
  /** The camera's name as its owner gave it: "Pi Camera". */
  readonly name: string;
  readonly uuid: string;
  readonly model: string;
  /** The board's serial number, which the host name is made of. */
  readonly serial: string;
  readonly httpPort: number;
  readonly rtspPort?: number | undefined;
  /** Path of the device service. */
  readonly onvifPath: string;
  /** Path of the RTSP stream. */
  readonly rtspPath?: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A DNS packet to be answered with, as far as it matters here. */
interface Packet {
  answers?: Answer[];
  additionals?: Answer[];
}
interface Answer {
  readonly type: string;
  readonly data: unknown;
}
/** The library's socket: errors that nobody listens to would end the program. */
type Responder = EventEmitter & { respond(packet: Packet | Answer[], ...rest: unknown[]): void };

/** What is published on one interface. */
interface Published {
  readonly bonjour: Bonjour;
  readonly services: readonly Service[];
}

/**
 * Makes the camera known by mDNS and DNS-SD (RFC 6762, RFC 6763): `_onvif._tcp`, `_http._tcp` and `_rtsp._tcp`. One responder
 * per address, which tells that address only: one for all would send by the default route alone, and tell of a container
 * bridge to those who cannot reach it.
 */
export class Mdns {
  /** "Pi Camera 9a8b7c". With a part of the UUID: asking whether a name is free fails for cameras that start together. */
  readonly instanceName: string;
  /** "onvif-10000000abcdef.local". Not the system's host name: that is avahi's. */
  readonly hostname: string;
  readonly #published = new Map<string, Published>();
  #cancelPoll: Cancel | undefined;
  #refusedUntil = Number.NEGATIVE_INFINITY;
  #refused = false;

  constructor(private readonly options: MdnsOptions) {
    const suffix = ` ${options.uuid.slice(0, SUFFIX)}`;
    this.instanceName = `${firstBytes(options.name.replace(/[.\p{Cc}]/gu, ' ').trim() || 'Camera', MAX_LABEL - suffix.length)}${suffix}`;
    const serial = options.serial.toLowerCase().replace(/[^a-z0-9]+/g, '');
    this.hostname = `onvif-${(serial || options.uuid).slice(0, MAX_LABEL - 'onvif-'.length)}.local`;
  }

  /** Never fails: without a network, or where port 5353 is refused, it is tried again until it works. */
  start(): void {
    this.#cancelPoll = this.options.clock.every(POLL_MS, () => this.#refresh());
    this.#refresh();
  }

  /** Says goodbye and stops. */
  async stop(): Promise<void> {
    this.#cancelPoll?.();
    await Promise.all([...this.#published.keys()].map((address) => this.#withdraw(address)));
  }

  /** All services of an address come and go together: the library takes the host's address away with any one of them. */
  #refresh(): void {
    const { clock, log } = this.options;
    const addresses = new Set(localAddresses().map(({ address }) => address));
    for (const address of this.#published.keys()) if (!addresses.has(address)) void this.#withdraw(address);
    if (clock.monotonic() < this.#refusedUntil) return;
    for (const address of addresses) {
      if (this.#published.has(address)) continue;
      try {
        this.#publish(address);
      } catch (error) {
        log.debug('mDNS cannot use an address', { address, reason: messageOf(error) });
      }
    }
  }

  #publish(address: string): void {
    const { log } = this.options;
    // Bound to all addresses: queries are sent to the group, which a socket bound to the interface's address does not get.
    const socketOptions = { port: 5353, interface: address, bind: '0.0.0.0' };
    const ignore = (error: unknown) => log.debug('mDNS', { address, reason: messageOf(error) });
    const bonjour = new Bonjour(socketOptions, ignore);
    const { mdns } = (bonjour as unknown as { server: { mdns: Responder } }).server;
    mdns.on('error', (error: unknown) => this.#refuse(address, error));
    mdns.on('warning', ignore);
    const respond = mdns.respond.bind(mdns);
    mdns.respond = (packet, ...rest) => respond(onlyAddress(packet, address), ...rest);
    const services = this.#services().map((service) =>
      // Without the library's search for the name: it would say goodbye in the name of whoever has it.
      bonjour.publish({ ...service, name: this.instanceName, host: this.hostname, disableIPv6: true, probe: false }),
    );
    services[0]?.once('up', () => {
      if (!this.#published.has(address)) return;
      if (this.#refused) log.info('mDNS works again');
      this.#refused = false;
      log.info(`can be found by mDNS as "${this.instanceName}" at ${address}`);
    });
    this.#published.set(address, { bonjour, services });
  }

  #services() {
    const { httpPort, rtspPort, onvifPath, rtspPath, uuid, model } = this.options;
    const about = { uuid, model };
    return [
      { type: 'onvif', port: httpPort, txt: { path: onvifPath, ...about } },
      { type: 'http', port: httpPort, txt: { path: '/', ...about } },
      ...(rtspPort === undefined ? [] : [{ type: 'rtsp', port: rtspPort, txt: { path: rtspPath ?? '/', ...about } }]),
    ];
  }

  #refuse(address: string, error: unknown): void {
    const { clock, log } = this.options;
    this.#refusedUntil = clock.monotonic() + RETRY_MS;
    if (!this.#refused)
      log.warn(
        `UDP port 5353 is refused (${messageOf(error)}): the camera cannot be found by mDNS until the program that keeps it ` +
          `stops. Everything else works; it is tried again every ${RETRY_MS / 1000} s.`,
      );
    this.#refused = true;
    const published = this.#published.get(address);
    this.#published.delete(address);
    if (published) destroy(published.bonjour);
  }

  async #withdraw(address: string): Promise<void> {
    const published = this.#published.get(address);
    if (!published) return;
    this.#published.delete(address);
    const { bonjour } = published;
    await new Promise<void>((resolve) => {
      const cancel = this.options.clock.after(GOODBYE_MS, resolve);
      bonjour.unpublishAll(() => {
        cancel();
        resolve();
      });
    });
    destroy(bonjour);
  }
}

function destroy(bonjour: Bonjour): void {
  try {
    bonjour.destroy();
  } catch {
    // Its socket was never open.
  }
}

/** Without the addresses of other interfaces, which the library adds. */
function onlyAddress(packet: Packet | Answer[], address: string): Packet | Answer[] {
  const only = (answers: Answer[]) => answers.filter(({ type, data }) => type !== 'A' || data === address);
  if (Array.isArray(packet)) return only(packet);
  return { ...packet, answers: only(packet.answers ?? []), additionals: only(packet.additionals ?? []) };
}

/** As many whole characters as fit into `bytes` of UTF-8. */
function firstBytes(text: string, bytes: number): string {
  let cut = '';
  for (const character of text) {
    if (Buffer.byteLength(cut + character) > bytes) break;
    cut += character;
  }
  return cut.trim();
}
