import type { Bonjour, Service, ServiceConfig } from 'bonjour-service';
import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import { type Logger, LogThrottle } from '../core/log.ts';
import { wantsUnicast } from '../protocols/dns/query.ts';
import type { DnsRecord } from '../protocols/dns/records.ts';
import type { LocalAddress } from './addresses.ts';
import { MDNS_PORT, makeBonjour, type Packet, type Transport } from './bonjour.ts';
import { type DnsQuery, MdnsAnswers } from './mdns-answers.ts';
import type { MdnsGuard } from './mdns-guard.ts';
import { MdnsSocket, type Sender } from './mdns-socket.ts';

/** Longest wait for a goodbye to be sent, milliseconds; it is one datagram. */
const GOODBYE_MS = 500;

/** What the library would answer a query with. */
interface Collected {
  query?: DnsQuery;
  readonly answers: DnsRecord[];
  readonly additionals: DnsRecord[];
}

/** The services to publish, and where. */
export interface MdnsResponderOptions {
  /** The address to publish, and its interface. */
  readonly local: LocalAddress;
  readonly services: readonly ServiceConfig[];
  readonly guard: MdnsGuard;
  /** Called when the socket cannot be opened: the responder is then of no use. */
  readonly onRefused: (error: unknown) => void;
  /** Called when the services have been announced. */
  readonly onUp: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Publishes services on one interface, with one address. The library knows the records and which of them answer a question; what
 * comes in and goes out passes through here, as the library would parse everything and answer each question by itself, to everyone.
 */
export class MdnsResponder {
  readonly #socket: MdnsSocket;
  readonly #bonjour: Bonjour;
  readonly #answers: MdnsAnswers;
  readonly #respond: Transport['respond'];
  readonly #throttle: LogThrottle;
  /** Collects what the library has to say while it is shown a query. */
  #collecting: Collected | undefined;

  /** @throws Error where the system refuses a socket */
  constructor(private readonly options: MdnsResponderOptions) {
    const { local, services, clock } = options;
    this.#throttle = new LogThrottle(clock);
    this.#socket = new MdnsSocket((datagram, sender) => this.#receive(datagram, sender));
    const { bonjour, mdns } = makeBonjour(this.#socket, local.address, (error) => this.#note(error));
    this.#bonjour = bonjour;
    this.#respond = mdns.respond.bind(mdns);
    mdns.respond = (packet, ...rest) => this.#intercept(packet, rest);
    this.#answers = new MdnsAnswers({ toAll: (response) => this.#respond(response), clock });
    mdns.on('error', options.onRefused);
    mdns.on('warning', (error: unknown) => this.#note(error));
    mdns.on('query', (query: DnsQuery) => {
      if (this.#collecting) this.#collecting.query = query;
    });
    try {
      const published: Service[] = services.map((service) => this.#bonjour.publish(service));
      published[0]?.once('up', options.onUp);
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  /** Says goodbye (RFC 6762, section 10.1) and stops. Never fails, and takes half a second at most. */
  async withdraw(): Promise<void> {
    this.#answers.stop();
    await new Promise<void>((resolve) => {
      const cancel = this.options.clock.after(GOODBYE_MS, resolve);
      const done = () => {
        cancel();
        resolve();
      };
      try {
        this.#bonjour.unpublishAll(done);
      } catch (error) {
        // The library asks the system for its addresses, which may be refused; others forget the camera in two minutes.
        this.#note(error);
        done();
      }
    });
    this.destroy();
  }

  /** Stops without a goodbye. */
  destroy(): void {
    this.#answers.stop();
    try {
      this.#bonjour.destroy();
    } catch {
      // Its socket was never open.
    }
  }

  #receive(datagram: Buffer, sender: Sender): void {
    const { guard, local } = this.options;
    if (!guard.accepts(datagram, sender, local)) return;
    const collected: Collected = { answers: [], additionals: [] };
    this.#collecting = collected;
    try {
      // The library parses, looks its records up and "answers", all in this call.
      this.#socket.deliver(datagram, sender);
    } catch (error) {
      this.#note(error);
    } finally {
      this.#collecting = undefined;
    }
    const { query, answers, additionals } = collected;
    if (!query || answers.length === 0) return;
    const asked = { legacy: sender.port !== MDNS_PORT, unicast: wantsUnicast(datagram) };
    this.#answers.answer(query, answers, additionals, asked, (response) => {
      if (guard.mayAnswerAlone(sender, local)) this.#respond(response, sender);
    });
  }

  #intercept(packet: Packet, rest: readonly unknown[]): void {
    const { answers, additionals } = this.#own(packet);
    if (this.#collecting) {
      this.#collecting.answers.push(...answers);
      this.#collecting.additionals.push(...additionals);
      return;
    }
    this.#answers.announced([...answers, ...additionals]);
    this.#respond({ answers, additionals }, ...rest);
  }

  /** Returns a packet without the addresses of other interfaces, which the library adds. */
  #own(packet: Packet): { answers: readonly DnsRecord[]; additionals: readonly DnsRecord[] } {
    const only = (records: readonly DnsRecord[] = []) =>
      records.filter(({ type, data }) => type !== 'A' || data === this.options.local.address);
    if ('length' in packet) return { answers: only(packet), additionals: [] };
    return { answers: only(packet.answers), additionals: only(packet.additionals) };
  }

  #note(error: unknown): void {
    const { log, local } = this.options;
    this.#throttle.log((suppressed) => log.debug('mDNS', { address: local.address, reason: messageOf(error), ...suppressed }));
  }
}
