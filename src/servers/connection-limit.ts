import type { Server, Socket } from 'node:net';
import { addressKey } from '../auth/address-key.ts';
import type { Clock } from '../core/clock.ts';
import { type Logger, LogThrottle } from '../core/log.ts';
import type { DescriptorReserve } from '../platform/descriptors.ts';
import { FairShare } from './fair-share.ts';
import { interpose } from './interpose.ts';

/**
 * Shares of all connections that one address may hold, before somebody there has logged in and afterwards; then it may be a
 * household or a wall of screens. Fewer of them may be strangers', without login or stream, but more than the attempts to log
 * in of one address that may wait: otherwise a guesser could push out a client that waits with the right password.
 */
const MOST: Readonly<Record<'known' | 'unknown', { readonly all: number; readonly strangers: number }>> = {
  unknown: { all: 1 / 8, strangers: 1 / 12 },
  known: { all: 1 / 2, strangers: 1 / 8 },
};
/** An address may hold so many at least, if that leaves half for others: a browser has six, a recorder ten. */
const FEW = 16;
/** Share of all connections kept free for those who have logged in, and as much again for this machine itself. */
const RESERVE_SHARE = 1 / 20;

const HERE: ReadonlySet<string> = new Set(['127.0.0.1', addressKey('::1')]);

/** Whether an address is this machine itself. @param address as {@link addressKey} has it */
export const isHere = (address: string): boolean => HERE.has(address);

/** Prefix of a key that stands for a proxy's address. */
const SHARED = 'proxy ';

/** What is known of an address: it is this machine; a proxy that many share; somebody has logged in there lately; or nothing. */
type Standing = 'here' | 'shared' | 'known' | 'unknown';

/** Whose connections are bounded, to how many, and which of them count as trusted. */
export interface ConnectionLimitOptions {
  /** The server's name in the log: "web server". */
  readonly name: string;
  /** Connections at a time. */
  readonly max: number;
  /** Descriptors kept for the program itself: where no other is left, no connection is taken. Undefined: the system has enough. */
  readonly descriptors?: Pick<DescriptorReserve, 'hasFree'> | undefined;
  /** The addresses that people have logged in from; undefined: nobody has to log in. */
  readonly known: { has(address: string): boolean } | undefined;
  /** Whether many clients share an address, given as the socket has it: it has no limit of its own. */
  readonly isShared?: ((address: string) => boolean) | undefined;
  /** Whether its client has logged in on it, or watches: such a connection never has to go for another. Once true, always true. */
  readonly isTrusted: (socket: Socket) => boolean;
  /** Called for each connection that is closed because there are too many, a new one or an old one. */
  readonly onClosed?: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Bounds the connections of a server, so that nobody can lock others out by holding many. An address may hold a part of
 * them, a larger one once somebody there has logged in. A newcomer when all are taken gets the place of a stranger's oldest
 * connection, at the address that holds the most. A few places are kept for those who have logged in, and a few for this
 * machine, so that what watches over the camera there always gets in.
 */
export class ConnectionLimit {
  readonly #connections: FairShare<Socket>;
  /** The address that each of them counts for, see {@link addressKey}; a shared one begins with {@link SHARED}. */
  readonly #addresses = new Map<Socket, string>();
  readonly #throttle: LogThrottle;

  constructor(private readonly options: ConnectionLimitOptions) {
    this.#connections = new FairShare(options.isTrusted);
    this.#throttle = new LogThrottle(options.clock);
  }

  /** Connections that are open. */
  get size(): number {
    return this.#connections.size;
  }

  /** Puts itself before whatever the server does with its connections. */
  guard(server: Server): void {
    interpose(server, 'connection', (socket, pass) => {
      if (this.admit(socket)) pass();
      else socket.destroy();
    });
  }

  /**
   * Counts a connection until it closes, closing another one for it where that is needed.
   *
   * @returns false: there is no place for it, and the caller has to close it
   */
  admit(socket: Socket): boolean {
    if (this.#addresses.has(socket)) return true;
    const { remoteAddress } = socket;
    // It has gone already.
    if (remoteAddress === undefined) return false;
    const address = this.options.isShared?.(remoteAddress) ? SHARED + remoteAddress : addressKey(remoteAddress);
    const standing = this.#standingOf(address);
    if (this.#hasEnough(address, standing) && !this.#close(this.#connections.oldestOf(address))) return this.#refuse(address);
    const isFull = this.size >= this.#limitFor(standing) || this.options.descriptors?.hasFree() === false;
    if (isFull && !this.#close(this.#victimFor(standing))) return this.#refuse(address);
    this.#addresses.set(socket, address);
    this.#connections.add(address, socket);
    socket.once('close', () => this.release(socket));
    return true;
  }

  /** Takes a connection out of the count: it has closed, or another server goes on with it. */
  release(socket: Socket): void {
    const address = this.#addresses.get(socket);
    if (address === undefined) return;
    this.#addresses.delete(socket);
    this.#connections.delete(address, socket);
  }

  #standingOf(address: string): Standing {
    if (isHere(address)) return 'here';
    if (address.startsWith(SHARED)) return 'shared';
    return this.options.known?.has(address) ? 'known' : 'unknown';
  }

  /** Whether an address holds all that it may; this machine, which could do more harm by other ways, is not limited. */
  #hasEnough(address: string, standing: Standing): boolean {
    if (standing === 'here' || standing === 'shared') return false;
    const { max } = this.options;
    const few = Math.min(FEW, max / 2);
    const most = (part: number) => atLeastOne(Math.max(few, max * part));
    const { all, strangers } = MOST[standing];
    return this.#connections.countOf(address) >= most(all) || this.#connections.looseCountOf(address) >= most(strangers);
  }

  /** How many there may be altogether for another one to come in without one having to go. */
  #limitFor(standing: Standing): number {
    const { max } = this.options;
    const reserve = Math.floor(max * RESERVE_SHARE);
    if (standing === 'here') return max;
    return atLeastOne(standing === 'unknown' ? max - 2 * reserve : max - reserve);
  }

  /** A stranger's connection; one of an address where somebody has logged in only at last, and not for a stranger. */
  #victimFor(standing: Standing): Socket | undefined {
    const stranger = this.#connections.oldestOfLargest((address) => this.#standingOf(address) !== 'known');
    return stranger ?? (standing === 'unknown' ? undefined : this.#connections.oldestOfLargest());
  }

  #close(victim: Socket | undefined): boolean {
    if (!victim) return false;
    this.#note(`closed the oldest connection of ${this.#addresses.get(victim)} to make room`);
    this.release(victim);
    // With a mere close the kernel would go on trying to deliver what is in its queue, for many minutes.
    victim.resetAndDestroy();
    return true;
  }

  #refuse(address: string): false {
    this.#note(`refused a connection from ${address}, all are in use`);
    return false;
  }

  #note(what: string): void {
    const { name, log, onClosed } = this.options;
    onClosed?.();
    this.#throttle.log((fields) => log.warn(`${name}: too many connections: ${what}`, { connections: this.size, ...fields }));
  }
}

const atLeastOne = (count: number): number => Math.max(1, Math.floor(count));
