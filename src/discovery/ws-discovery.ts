import { randomUUID } from 'node:crypto';
import type { Cancel, Clock } from '../core/clock.ts';
import type { Logger } from '../core/log.ts';
import {
  type AppSequence,
  buildBye,
  buildHello,
  buildMatches,
  buildMatchingRuleFault,
  type Target,
} from '../protocols/ws-discovery/builders.ts';
import { matchScopes, matchTypes } from '../protocols/ws-discovery/matching.ts';
import { looksLikeRequest, type Probe, parseMessage, type Resolve } from '../protocols/ws-discovery/message.ts';
import type { TypeName } from '../protocols/ws-discovery/names.ts';
import { isNear, type LocalAddress, nearest } from './addresses.ts';
import { RecentMessages } from './recent-messages.ts';
import { SenderLimiter, type SenderLimits } from './sender-limiter.ts';
import { type Peer, WsSockets } from './ws-sockets.ts';

/**
 * Longest wait before a multicast Probe is answered, milliseconds: all cameras at once would drown the client. The
 * specification lets clients wait for 500, and some stop just then.
 */
const MAX_ANSWER_DELAY_MS = 150;
/** Longest wait before a Hello, milliseconds: after a power cut, all cameras start at once (APP_MAX_DELAY). */
const MAX_HELLO_DELAY_MS = 500;

/**
 * Bytes of requests that are parsed. A search sends up to 9 Probes of 1 kB in a second and a half, and a machine may run several;
 * of the whole network's, a Raspberry Pi Zero parses as much in a tenth of its time.
 */
const PARSING: SenderLimits = { perSender: { burst: 48_000, rate: 8_000 }, total: { burst: 192_000, rate: 64_000 } };
/**
 * Answers: a device that answers without end can be aimed at somebody whose address was forged. An answer has about 1.5 kB, so
 * in all this is 60 kB/s at most.
 */
export const ANSWERS: SenderLimits = { perSender: { burst: 20, rate: 4 }, total: { burst: 100, rate: 40 } };

/** What the camera is announced as, asked when it is needed. */
export interface WsDiscoveryOptions {
  /** The device's UUID, without "urn:uuid:". */
  readonly uuid: string;
  /** What the device is, {@link ONVIF_TYPES}. */
  readonly types: readonly TypeName[];
  /** Returns the scopes, as URIs. */
  scopes(): readonly string[];
  /** Returns the URL of the device service for clients that reach us by `hostAddress`, an IPv4 literal. */
  xaddr(hostAddress: string): string;
  /** Whether the camera shows itself. False (ONVIF's NonDiscoverable): nothing is sent, nothing is answered. */
  discoverable(): boolean;
  /** Returns a number that rises when scopes, types or XAddrs change, across restarts. Must not throw. @param xaddrs all in use, sorted */
  metadataVersion(xaddrs: readonly string[]): number;
  /** Called when a search is answered: its sender will ask for more in a moment. */
  readonly onAnswer?: () => void;
  readonly clock: Clock;
  readonly log: Logger;
  /** Returns a number from 0 to below 1, as Math.random. */
  readonly random?: () => number;
}

/** Messages since the start. */
export interface WsDiscoveryCounters {
  /** Datagrams that came in. */
  readonly received: number;
  /** Answers that were sent. */
  readonly answered: number;
  /** Neither Probe nor Resolve: junk, and what other devices say. */
  readonly ignored: number;
  /** Repetitions of a request that we match: SOAP-over-UDP sends each a few times. */
  readonly repeated: number;
  /** Not answered because there were too many, or because it came from afar. */
  readonly refused: number;
  /** Given to the XML parser, which is the only work that a stranger can cause. */
  readonly parsed: number;
}

/** Makes the camera known by WS-Discovery (ONVIF Core Specification, section 7): Hello, Bye and answers to Probe and Resolve. */
export class WsDiscovery {
  readonly #sockets: WsSockets;
  readonly #parsing: SenderLimiter;
  readonly #answers: SenderLimiter;
  readonly #recent: RecentMessages;
  readonly #address: string;
  readonly #pendingHellos = new Map<string, Cancel>();
  readonly #pendingAnswers = new Set<Cancel>();
  #counters = { received: 0, answered: 0, ignored: 0, repeated: 0, refused: 0, parsed: 0 };
  #instanceId = 0;
  #messageNumber = 0;
  #running = false;

  constructor(private readonly options: WsDiscoveryOptions) {
    const { clock, log } = options;
    this.#address = `urn:uuid:${options.uuid}`;
    this.#parsing = new SenderLimiter(PARSING, clock);
    this.#answers = new SenderLimiter(ANSWERS, clock);
    this.#recent = new RecentMessages(clock);
    this.#sockets = new WsSockets({
      clock,
      log,
      onDatagram: (datagram, peer, local) => this.#receive(datagram, peer, local),
      onAddress: (local) => {
        log.info(`can be found by WS-Discovery at ${local.address}`, { interface: local.interfaceName });
        this.#announce(local.address);
      },
    });
  }

  /** Messages since the start. */
  get counters(): WsDiscoveryCounters {
    return this.#counters;
  }

  /** Makes the camera known. Resolves when the interfaces that are there are served; those that come later will be. Never fails. */
  async start(): Promise<void> {
    // The wall clock's seconds rise from start to start.
    this.#instanceId = Math.max(this.#instanceId + 1, Math.floor(this.options.clock.now() / 1000));
    this.#messageNumber = 0;
    this.#running = true;
    await this.#sockets.start();
  }

  /** Says Bye and stops. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    for (const cancel of [...this.#pendingHellos.values(), ...this.#pendingAnswers]) cancel();
    this.#pendingHellos.clear();
    this.#pendingAnswers.clear();
    if (this.options.discoverable()) {
      const bye = (address: string) => this.#sockets.send(address, buildBye(this.#address, messageId(), this.#nextSequence()));
      await Promise.all(this.#sockets.addresses.map(({ address }) => bye(address)));
    }
    await this.#sockets.stop();
  }

  /** Says Hello again, in a moment; to be called after the scopes or the discovery mode changed. */
  changed(): void {
    if (!this.#running) return;
    for (const { address } of this.#sockets.addresses) this.#announce(address);
  }

  /** Sends a Hello from `address` in a moment, with what holds then. */
  #announce(address: string): void {
    if (this.#pendingHellos.has(address)) return;
    const cancel = this.options.clock.after(this.#random() * MAX_HELLO_DELAY_MS, () => {
      this.#pendingHellos.delete(address);
      if (this.options.discoverable())
        void this.#sockets.send(address, buildHello(this.#target(address), messageId(), this.#nextSequence()));
    });
    this.#pendingHellos.set(address, cancel);
  }

  #receive(datagram: Buffer, peer: Peer, local: LocalAddress | undefined): void {
    this.#counters.received++;
    if (!this.#running || !this.options.discoverable()) return;
    if (!looksLikeRequest(datagram)) {
      this.#counters.ignored++;
      return;
    }
    const { addresses } = this.#sockets;
    const from = local ?? nearest(peer.address, addresses);
    if (!from || !isNear(peer.address, addresses) || !this.#parsing.take(peer.address, datagram.length)) {
      this.#counters.refused++;
      return;
    }
    this.#counters.parsed++;
    const message = parseMessage(datagram);
    if (message?.kind !== 'Probe' && message?.kind !== 'Resolve') {
      this.#counters.ignored++;
      return;
    }
    const matches = this.#matches(message);
    if (matches === false || (matches === 'unknown-rule' && !local)) return;
    if (!this.#recent.add(`${peer.address}:${peer.port} ${message.messageId}`)) {
      this.#counters.repeated++;
      return;
    }
    if (!this.#answers.take(peer.address)) {
      this.#counters.refused++;
      return;
    }
    // One device alone answers a Resolve, and what is for one address.
    const delay = local || message.kind === 'Resolve' ? 0 : this.#random() * MAX_ANSWER_DELAY_MS;
    this.#later(delay, () => {
      const answer =
        matches === 'unknown-rule'
          ? buildMatchingRuleFault(message as Probe, messageId())
          : buildMatches(message, this.#target(from.address), messageId(), this.#nextSequence());
      this.#counters.answered++;
      this.options.onAnswer?.();
      void this.#sockets.send(from.address, answer, peer);
    });
  }

  #matches(message: Probe | Resolve): boolean | 'unknown-rule' {
    if (message.kind === 'Resolve') return message.address.toLowerCase() === this.#address.toLowerCase();
    return matchTypes(message.types, this.options.types) && matchScopes(message.scopes, this.options.scopes(), message.matchBy);
  }

  #later(delay: number, act: () => void): void {
    const cancel = this.options.clock.after(delay, () => {
      this.#pendingAnswers.delete(cancel);
      act();
    });
    this.#pendingAnswers.add(cancel);
  }

  #target(address: string): Target {
    const { options } = this;
    const xaddrs = this.#sockets.addresses.map((each) => options.xaddr(each.address)).sort();
    return {
      address: this.#address,
      types: options.types,
      scopes: options.scopes(),
      xaddrs: [options.xaddr(address)],
      metadataVersion: options.metadataVersion(xaddrs),
    };
  }

  #nextSequence(): AppSequence {
    return { instanceId: this.#instanceId, messageNumber: ++this.#messageNumber };
  }

  #random(): number {
    return (this.options.random ?? Math.random)();
  }
}

const messageId = () => `urn:uuid:${randomUUID()}`;
