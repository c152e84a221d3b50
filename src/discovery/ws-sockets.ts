import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Cancel, Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import { type Logger, LogThrottle } from '../core/log.ts';
import { type LocalAddress, localAddresses } from './addresses.ts';

/** UDP port of WS-Discovery (section 2.4). */
export const PORT = 3702;
/** Multicast group of WS-Discovery (section 2.4). */
export const GROUP = '239.255.255.250';

/** How often the machine's addresses are looked at, milliseconds: a Wi-Fi that comes up is used within this time. */
const POLL_MS = 3000;
/** Hops of multicast messages: they stay in the local network (section 2.4 with SOAP-over-UDP). */
const MULTICAST_TTL = 1;
/** Why a socket is refused that waiting may give: another program has the port, no more files, no memory. */
const REFUSALS: ReadonlySet<string> = new Set(['EADDRINUSE', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);
/** Bytes that may wait to be read, so that a burst does not push a Probe out. The system allows less, usually 400 kB. */
const RECEIVE_BUFFER = 1 << 20;

/** The address and port that a datagram came from. */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

interface Options {
  readonly clock: Clock;
  readonly log: Logger;
  /** Called with each datagram. `local`: the one of our addresses that it was sent to; undefined: it was sent to the group. */
  readonly onDatagram: (datagram: Buffer, peer: Peer, local: LocalAddress | undefined) => void;
  /** Called for each new address, at the start as well. */
  readonly onAddress: (local: LocalAddress) => void;
}

/** Code of a system error; "EADDRINUSE": another program keeps the port for itself. */
type Refusal = string;

/** An address that is served, with its socket. */
interface Opened extends LocalAddress {
  readonly socket: Socket;
}

/**
 * UDP port 3702 on all interfaces, as they come and go: one socket bound to the group receives what is for everyone, and one
 * per address receives what is for us alone and sends, so that everything leaves by the right interface and address.
 */
export class WsSockets {
  readonly #opened = new Map<string, Opened>();
  readonly #throttle: LogThrottle;
  #group: Socket | undefined;
  #refreshing: Promise<void> | undefined;
  #cancelPoll: Cancel | undefined;
  #running = false;
  /** Why the port could not be opened when it was last tried: another program has it, or the system has no more sockets. */
  #refusal: Refusal | undefined;

  constructor(private readonly options: Options) {
    this.#throttle = new LogThrottle(options.clock);
  }

  /** The addresses that are served. */
  get addresses(): readonly LocalAddress[] {
    return [...this.#opened.values()];
  }

  /** Opens what can be opened; what cannot (no network yet, a port in use) is tried again until it can. */
  async start(): Promise<void> {
    this.#running = true;
    this.#cancelPoll = this.options.clock.every(POLL_MS, () => void this.#refresh());
    await this.#refresh();
  }

  /** Closes all sockets. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#cancelPoll?.();
    await this.#refreshing;
    for (const { address } of this.addresses) this.#close(address);
    this.#closeGroup();
  }

  /** Sends from one of our addresses, to the group if there is no `peer`. Resolves when it is on its way or failed. */
  send(from: string, message: string, peer?: Peer): Promise<void> {
    const socket = this.#opened.get(from)?.socket;
    if (!socket) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (error: unknown) => {
        if (error)
          this.#throttle.log((suppressed) =>
            this.options.log.debug('a WS-Discovery message could not be sent', { from, reason: messageOf(error), ...suppressed }),
          );
        resolve();
      };
      try {
        // Each time: the interface of this address may be a new one of the same name.
        if (!peer) socket.setMulticastInterface(from);
        socket.send(message, peer?.port ?? PORT, peer?.address ?? GROUP, done);
      } catch (error) {
        done(error);
      }
    });
  }

  #refresh(): Promise<void> {
    this.#refreshing ??= this.#update()
      .catch((error: unknown) => this.options.log.debug('WS-Discovery could not look at the addresses', { reason: messageOf(error) }))
      .finally(() => {
        this.#refreshing = undefined;
      });
    return this.#refreshing;
  }

  async #update(): Promise<void> {
    const wanted = localAddresses(this.options.log);
    for (const { address } of this.addresses) if (!wanted.some((each) => each.address === address)) this.#close(address);
    const before = this.#refusal;
    this.#refusal = undefined;
    this.#group ??= await this.#open(GROUP, undefined);
    const joined = this.#group ? this.#join(this.#group, wanted) : new Set<string>();
    for (const local of wanted) {
      if (this.#opened.has(local.address)) {
        // The interface was taken away and came back, faster than we looked.
        if (joined.has(local.address) && this.#running) this.options.onAddress(local);
        continue;
      }
      const socket = await this.#open(local.address, local);
      if (!socket) continue;
      this.#opened.set(local.address, { ...local, socket });
      if (this.#running) this.options.onAddress(local);
    }
    this.#report(before);
  }

  /**
   * Joins the group on every interface, each time: the system forgets about one that was gone for a moment.
   *
   * @returns the addresses on which it was not a member before
   */
  #join(group: Socket, addresses: readonly LocalAddress[]): Set<string> {
    const joined = new Set<string>();
    for (const { address } of addresses) {
      try {
        group.addMembership(GROUP, address);
        joined.add(address);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // It is a member already.
        if (code === 'EADDRINUSE') continue;
        // Interfaces that are gone count towards the system's limit until the socket is closed.
        if (code === 'ENOBUFS') this.#closeGroup();
        this.options.log.debug('an interface cannot be joined to the WS-Discovery group', { address, reason: messageOf(error) });
        if (code === 'ENOBUFS') return joined;
      }
    }
    return joined;
  }

  /** Opens a socket; undefined if the address cannot be used at present. */
  async #open(address: string, local: LocalAddress | undefined): Promise<Socket | undefined> {
    const { log } = this.options;
    let socket: Socket | undefined;
    try {
      socket = createSocket({ type: 'udp4', reuseAddr: true });
      socket.bind({ address, port: PORT, exclusive: true });
      await once(socket, 'listening');
      socket.setMulticastTTL(MULTICAST_TTL);
      socket.setRecvBufferSize(RECEIVE_BUFFER);
    } catch (error) {
      if (socket) closeQuietly(socket);
      const { code = '' } = error as NodeJS.ErrnoException;
      if (REFUSALS.has(code)) this.#refusal = code;
      // An address that has just gone; the next look will tell.
      else log.debug('WS-Discovery cannot use an address', { address, reason: messageOf(error) });
      return undefined;
    }
    this.#listen(socket, address, local);
    return socket;
  }

  #listen(socket: Socket, address: string, local: LocalAddress | undefined): void {
    const { log, onDatagram } = this.options;
    socket.on('message', (datagram, { address: from, port }) => {
      try {
        onDatagram(datagram, { address: from, port }, local);
      } catch (error) {
        // What a stranger sends ends nothing, whatever it is.
        this.#throttle.log((suppressed) => log.warn('a WS-Discovery message failed', { from, reason: messageOf(error), ...suppressed }));
      }
    });
    socket.on('error', (error) => {
      log.debug('a WS-Discovery socket failed', { address, reason: error.message });
      if (socket === this.#group) this.#closeGroup();
      else if (this.#opened.get(address)?.socket === socket) this.#close(address);
    });
  }

  #close(address: string): void {
    const opened = this.#opened.get(address);
    this.#opened.delete(address);
    if (opened) closeQuietly(opened.socket);
  }

  #closeGroup(): void {
    const group = this.#group;
    this.#group = undefined;
    if (group) closeQuietly(group);
  }

  #report(before: Refusal | undefined): void {
    const { log } = this.options;
    const now = this.#refusal;
    if (now === before) return;
    if (now === undefined) log.info(`UDP port ${PORT} is free again: the camera can be found by WS-Discovery.`);
    else if (now === 'EADDRINUSE')
      log.warn(
        `Another program keeps UDP port ${PORT} for itself: recorders cannot find the camera by WS-Discovery until it stops. ` +
          `\`sudo ss -ulpn sport = :${PORT}\` shows which. Everything else works; it is tried again every ${POLL_MS / 1000} s.`,
      );
    else
      log.warn(
        `The system opens no more sockets (${now}): recorders cannot find the camera by WS-Discovery until it does. Too many files are ` +
          `open (\`ulimit -n\`, LimitNOFILE= of the service), or memory is short. It is tried again every ${POLL_MS / 1000} s.`,
      );
  }
}

function closeQuietly(socket: Socket): void {
  try {
    socket.close();
  } catch {
    // It was closed already.
  }
}
