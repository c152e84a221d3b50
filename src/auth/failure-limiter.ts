import type { Clock } from '../core/clock.ts';
import { ownText } from '../core/own-text.ts';
import { addressKey, networkKey } from './address-key.ts';
import { GuessThrottle, type ThrottlePolicy, type Turn } from './guess-throttle.ts';
import { Standing } from './standing.ts';
import type { User, UserStore } from './users.ts';

export type { Turn } from './guess-throttle.ts';

/** The pace for one address, or one /64 network of IPv6: half a guess a second. Tools make 16 attempts at a time, or 64 at most. */
const ADDRESS: ThrottlePolicy = { freeFailures: 5, firstSpacing: 250, longestSpacing: 2000, places: 64 };

/** The pace for one /48 network of IPv6, which is what a home or a rented server may have (65 536 of the above): one guess a second. */
const NETWORK: ThrottlePolicy = { freeFailures: 20, firstSpacing: 250, longestSpacing: 1000, places: 128 };

/** The pace for one user name, from wherever nobody has logged in with it lately: one guess a second, however many guess. */
const NAME: ThrottlePolicy = { freeFailures: 30, firstSpacing: 250, longestSpacing: 1000, places: 128 };

/** Characters of a name that count: no name that exists is longer. */
const NAME_LENGTH = 64;

/** An attempt of somebody who shows credentials. */
export interface Attempt {
  /** IP address of the peer, as the socket gives it. */
  readonly address: string;
  /** Name of the user in the credentials; empty where it cannot be read. */
  readonly name: string;
  /** The connection that the credentials came on. */
  readonly connection: object;
  /** Whether the connection carries the requests of several clients, as that of a proxy; default false. */
  readonly shared?: boolean;
  /** Whether the credentials are built on a secret that this user got here by logging in, see {@link HttpAuthenticator.claim}; default false. */
  readonly proven?: boolean;
  /** Fires when the client has gone. Read only where attempts may have to wait. */
  readonly signal?: AbortSignal | undefined;
}

/** The outcome of checking credentials. `invalid` is a guess; other reasons (stale, replayed) are not. */
export type Checked = { readonly ok: true; readonly user: User } | { readonly ok: false; readonly reason: string };

/** The outcome where the credentials were not looked at: too many attempts wait (answer 429), or the client has gone. */
export interface Unchecked {
  readonly ok: false;
  readonly reason: 'rejected' | 'aborted';
}

const UNCHECKED = {
  rejected: { ok: false, reason: 'rejected' },
  aborted: { ok: false, reason: 'aborted' },
} as const satisfies Record<string, Unchecked>;

/**
 * Slows the guessing of passwords, and locks nobody out. Every check of credentials goes through it.
 *
 * An attempt needs a turn of its address, for IPv6 one of its network too, and one of the user name it is for; see
 * {@link GuessThrottle}. Right credentials wait like wrong ones, for an answer that is quicker for them would let anybody try
 * at any speed. An attempt with something that a guesser behind the same address has not gets through at once:
 * - a session of the page, which is not asked for here;
 * - a nonce of Digest, or a connection of his own, that the same user has logged in with. One wrong answer ends that.
 *
 * From an address where the user has logged in before, no turn of the network and of the name is needed: guesses from elsewhere, from
 * however many addresses, are not in the way.
 */
export class FailureLimiter {
  readonly #addresses: GuessThrottle;
  readonly #networks: GuessThrottle;
  readonly #names: GuessThrottle;
  readonly #standing: Standing;

  constructor({ clock, users }: { readonly clock: Clock; readonly users: Pick<UserStore, 'current'> }) {
    this.#addresses = new GuessThrottle(clock, ADDRESS);
    this.#networks = new GuessThrottle(clock, NETWORK);
    this.#names = new GuessThrottle(clock, NAME);
    this.#standing = new Standing(users);
  }

  /**
   * Checks credentials when it is their turn, and remembers how it ended. Returns a promise only where there is something to wait
   * for: attempts that come together are then checked, and counted, one by one.
   */
  attempt<R extends Checked>(attempt: Attempt, check: () => R): R | Unchecked | Promise<R | Unchecked> {
    if (attempt.proven || this.#standing.ofConnection(attempt)) {
      const result = check();
      // A success that took no turn forgives nothing.
      if (result.ok) this.#standing.succeeded(attempt, result.user);
      else if (result.reason === 'invalid') this.failed(attempt);
      return result;
    }
    const turn = this.turn(attempt);
    if (turn instanceof Promise) return turn.then((end) => this.#finish(end, attempt, check));
    return this.#finish(turn, attempt, check);
  }

  /** Returns when credentials may be checked: at once, leaving nothing behind, where nobody has to wait. */
  turn(attempt: Attempt): Turn | Promise<Turn> {
    const address = this.#addresses.turn(addressKey(attempt.address), this.#party(attempt), attempt);
    if (this.#isKnown(attempt)) return address;
    return andThen(
      andThen(address, () => this.#networkTurn(attempt)),
      () => this.#nameTurn(attempt),
    );
  }

  /** Notes that the credentials of an attempt were wrong. */
  failed(attempt: Attempt): void {
    const id = partyId(attempt);
    this.#standing.failed(attempt);
    this.#addresses.failed(addressKey(attempt.address), id);
    if (this.#isKnown(attempt)) return;
    const network = networkKey(attempt.address);
    if (network !== undefined) this.#networks.failed(network, id);
    this.#names.failed(nameKey(attempt), id);
  }

  /** Notes that the credentials of an attempt were right. */
  succeeded(attempt: Attempt, user: User): void {
    const id = partyId(attempt);
    this.#addresses.succeeded(addressKey(attempt.address), id);
    const network = networkKey(attempt.address);
    if (network !== undefined) this.#networks.succeeded(network, id);
    this.#names.succeeded(nameKey(attempt), id);
    this.#standing.succeeded(attempt, user);
  }

  #finish<R extends Checked>(turn: Turn, attempt: Attempt, check: () => R): R | Unchecked {
    if (turn !== 'granted') {
      if (turn === 'rejected') this.#standing.turnedAway(attempt);
      return UNCHECKED[turn];
    }
    const result = check();
    if (result.ok) this.succeeded(attempt, result.user);
    else if (result.reason === 'invalid') this.failed(attempt);
    return result;
  }

  #networkTurn(attempt: Attempt): Turn | Promise<Turn> {
    const network = networkKey(attempt.address);
    return network === undefined ? 'granted' : this.#networks.turn(network, this.#remoteParty(attempt), attempt);
  }

  #nameTurn(attempt: Attempt): Turn | Promise<Turn> {
    return this.#names.turn(nameKey(attempt), this.#remoteParty(attempt), attempt);
  }

  #isKnown({ address, name }: Attempt): boolean {
    return this.#standing.ofAddress(addressKey(address), name);
  }

  #party(attempt: Attempt) {
    return { id: partyId(attempt), troubles: this.#standing.troublesOn(attempt) };
  }

  /** Returns the party where many addresses meet, each with few failures: those at its own address count too. */
  #remoteParty(attempt: Attempt) {
    const { id, troubles } = this.#party(attempt);
    return { id, troubles: troubles + this.#addresses.failuresOf(addressKey(attempt.address), id) };
  }
}

const nameKey = ({ name }: Attempt): string => ownText(name.slice(0, NAME_LENGTH));

const partyId = (attempt: Attempt): string => `${attempt.address} ${nameKey(attempt)}`;

function andThen(turn: Turn | Promise<Turn>, next: () => Turn | Promise<Turn>): Turn | Promise<Turn> {
  if (turn instanceof Promise) return turn.then((end) => (end === 'granted' ? next() : end));
  return turn === 'granted' ? next() : turn;
}
