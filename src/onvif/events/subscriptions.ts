import { randomBytes } from 'node:crypto';
import { addressKey } from '../../auth/address-key.ts';
import type { User, UserStore } from '../../auth/users.ts';
import type { Cancel, Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/log.ts';
import type { DeviceEvent, EventFeed } from '../../device/events.ts';
import type { RequestContext } from '../service.ts';
import type { Deliver } from './consumer.ts';
import { notificationFault, unknownSubscription } from './faults.ts';
import type { EventFilter } from './filter.ts';
import { PullPoint } from './pull-point.ts';
import { PushSubscription } from './push-subscription.ts';
import type { Subscription } from './subscription.ts';

/** Path below which each subscription has an address of its own. */
const FOLDER = '/onvif/subscription/';

/** Most subscriptions of one kind. */
export interface SubscriptionLimits {
  readonly all: number;
  /** Of one client, see {@link addressKey}. */
  readonly perAddress: number;
}

/** Most pull points. Homes have a handful; a client that crashes again and again leaves one each time. Each takes some kB. */
export const MAX_PULL_POINTS: SubscriptionLimits = { all: 128, perAddress: 64 };
/** Most subscriptions that send: fewer, as each may have a connection open. */
export const MAX_PUSHES: SubscriptionLimits = { all: 32, perAddress: 16 };

/** A pull point that was not pulled for this long may end for another one. */
const ABANDONED_MS = 90_000;

type Held = PullPoint | PushSubscription;

/** What {@link Subscriptions} takes. */
export interface SubscriptionsOptions {
  /** Tells what happens. */
  readonly feed: EventFeed;
  /** The users who may log in: a subscription ends when its user is removed or gets another password. Undefined: there is no login. */
  readonly users: Pick<UserStore, 'current' | 'onChange'> | undefined;
  readonly deliver: Deliver;
  /** Returns the message that tells a consumer of an event: a SOAP envelope. */
  readonly write: (event: DeviceEvent, consumer: URL) => string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a client asks of a new subscription. */
export interface Wanted {
  /** IP address of the client. */
  readonly owner: string;
  /** The user who asks; undefined: no login was needed. */
  readonly user: User | undefined;
  /** The events that it is about. */
  readonly filter: EventFilter;
  /** Time until it ends unless it is renewed, ms. */
  readonly duration: number;
}

/** All subscriptions to events, in the order in which they were made. Ended ones are not kept. */
export class Subscriptions {
  readonly #held = new Map<string, Held>();
  readonly #cancelUsers: Cancel | undefined;

  constructor(private readonly options: SubscriptionsOptions) {
    const { users } = options;
    this.#cancelUsers = users?.onChange(() => this.#endWhere(({ user }) => user !== undefined && users.current(user) === undefined));
  }

  /** Makes a pull point. @throws SoapFault UnableToCreatePullPointFault where there are too many */
  openPullPoint({ duration, ...wanted }: Wanted): PullPoint {
    this.#makeRoom('pull', wanted.owner, MAX_PULL_POINTS);
    const pullPoint = new PullPoint(this.#common(wanted));
    return this.#hold(pullPoint, duration);
  }

  /** Makes a subscription that sends to a consumer. @throws SoapFault SubscribeCreationFailedFault where there are too many */
  openPush({ duration, ...wanted }: Wanted, consumer: URL): PushSubscription {
    this.#makeRoom('push', wanted.owner, MAX_PUSHES);
    const { deliver, write, log } = this.options;
    const push = new PushSubscription({ ...this.#common(wanted), consumer, deliver, write: (event) => write(event, consumer), log });
    return this.#hold(push, duration);
  }

  /**
   * Returns the subscription that a request is about: by the path that was asked, else by wsa:To.
   * @throws SoapFault ResourceUnknownFault where there is none
   */
  find({ path, addressing }: Pick<RequestContext, 'path' | 'addressing'>): Held {
    const held = this.#held.get(idIn(path)) ?? this.#held.get(idIn(addressing.to ?? ''));
    if (!held) throw unknownSubscription(this.options.clock.now());
    return held;
  }

  /** Returns the URL at which a client reaches a subscription. */
  addressOf({ subscription }: Held, { addressUrl }: Pick<RequestContext, 'addressUrl'>): string {
    return addressUrl + FOLDER + subscription.id;
  }

  /** Ends all subscriptions. */
  stop(): void {
    this.#cancelUsers?.();
    this.#endWhere(() => true);
  }

  #endWhere(isOver: (subscription: Subscription) => boolean): void {
    for (const { subscription } of [...this.#held.values()]) if (isOver(subscription)) subscription.end();
  }

  #common(wanted: Omit<Wanted, 'duration'>) {
    const { feed, clock } = this.options;
    const id = randomBytes(9).toString('hex');
    return { ...wanted, id, feed, clock, onEnd: () => void this.#held.delete(id) };
  }

  #hold<H extends Held>(held: H, duration: number): H {
    this.#held.set(held.subscription.id, held);
    held.subscription.renew(duration);
    return held;
  }

  /**
   * Ends one where there are too many: an abandoned one of the same client, else one of the client that has most, if that has more than
   * this one would have then. So nobody can keep others out. Throws a SoapFault where there is none.
   */
  #makeRoom(kind: Held['kind'], owner: string, { all, perAddress }: SubscriptionLimits): void {
    const same = [...this.#held.values()].filter((held) => held.kind === kind);
    const byClient = new Map<string, Held[]>([[addressKey(owner), []]]);
    for (const held of same) {
      const client = addressKey(held.subscription.owner);
      const theirs = byClient.get(client);
      if (theirs) theirs.push(held);
      else byClient.set(client, [held]);
    }
    const own = byClient.get(addressKey(owner))!;
    const isOwnFull = own.length >= perAddress;
    if (same.length < all && !isOwnFull) return;
    const most = [...byClient.values()].reduce((one, other) => (other.length > one.length ? other : one));
    const victim = own.find(isAbandoned) ?? (!isOwnFull && most.length > own.length + 1 ? (most.find(isAbandoned) ?? most[0]) : undefined);
    if (victim) {
      victim.subscription.end();
      return;
    }
    const reason = `There are ${same.length} subscriptions, ${own.length} of them from your address: no more fit. They end by Unsubscribe or at their time.`;
    const fault = kind === 'pull' ? 'UnableToCreatePullPointFault' : 'SubscribeCreationFailedFault';
    throw notificationFault(fault, this.options.clock.now(), reason);
  }
}

const isAbandoned = (held: Held): boolean => held.kind === 'pull' && held.idle > ABANDONED_MS;

/** The ID of the subscription in a URL or path of ours; empty: there is none. */
const idIn = (address: string): string => address.split(FOLDER)[1]?.split(/[?#]/)[0] ?? '';
