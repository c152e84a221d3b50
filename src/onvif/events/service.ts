import type { UserStore } from '../../auth/users.ts';
import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/log.ts';
import { TOPICS } from '../../device/event-topics.ts';
import type { EventFeed } from '../../device/events.ts';
import { notificationXml, utc } from '../../protocols/notification/message.ts';
import { CONCRETE, CONCRETE_SET, ITEM_FILTER, TEV, WSA, WSNT } from '../../protocols/notification/names.ts';
import { durationMs, timeUntil } from '../../protocols/notification/termination.ts';
import { topicSetXml } from '../../protocols/notification/topic-set.ts';
import { SoapFault } from '../../protocols/soap/fault.ts';
import { escapeXml } from '../../protocols/xml/text.ts';
import { child, integer, required, text } from '../args.ts';
import type { Operation, RequestContext, Service, SoapObject } from '../service.ts';
import { consumerUrl, delivery, mayBeConsumer } from './consumer.ts';
import { filterFault, notificationFault, pullTooLong } from './faults.ts';
import { type EventFilter, readFilter } from './filter.ts';
import { notifyEnvelope } from './push-subscription.ts';
import { MAX_PULL_POINTS, MAX_PUSHES, Subscriptions } from './subscriptions.ts';

/** What {@link makeEventService} takes. */
export interface EventServiceOptions {
  /** The topics that there are, their present states, and what happens. */
  readonly feed: EventFeed;
  /** The users who may log in: a subscription ends with its user. Left out: there is no login. */
  readonly users?: Pick<UserStore, 'current' | 'onChange'>;
  /** Returns whether events may be sent to an IP address; left out: {@link mayBeConsumer}. */
  readonly mayBeConsumer?: (address: string) => boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Time of a subscription that asks for none: clients that want more ask for it. */
const DEFAULT_DURATION_MS = 600_000;
/** Longest time that a subscription is granted: a day. */
const MAX_DURATION_MS = 86_400_000;
/** Longest wait of a pull: ten minutes. Profile S wants one at least. */
const MAX_PULL = { ms: 600_000, duration: 'PT10M' };
/** Longest request of a pull, characters: clients send some hundred, with a login and WS-Addressing two thousand. */
const MAX_PULL_REQUEST = 16_384;
/** Most events in one answer: all that can wait. */
const MAX_MESSAGES = 256;

const EVENT_PORT = `${TEV}/EventPortType`;
const PULL_PORT = `${TEV}/PullPointSubscription`;
const BASE_NOTIFICATION = 'http://docs.oasis-open.org/wsn/bw-2';

/** Returns the ONVIF event service: pull points, base notification, and the topics there are (Core Specification, "Event handling"). */
export function makeEventService(options: EventServiceOptions): Service {
  const { feed, clock, log } = options;
  const mayBe = options.mayBeConsumer ?? mayBeConsumer;
  const subscriptions = new Subscriptions({
    ...{ feed, users: options.users, clock, log },
    deliver: delivery(mayBe, clock),
    write: (event, consumer) => notifyEnvelope(event, consumer.href),
  });
  return {
    name: 'events',
    namespace: TEV,
    path: '/onvif/event_service',
    version: { major: 2, minor: 60 },
    operations: [
      ...descriptions(feed),
      ...creation({ ...options, mayBeConsumer: mayBe }, subscriptions),
      ...managing(options, subscriptions),
    ],
    stop: () => subscriptions.stop(),
  };
}

function descriptions(feed: EventFeed): Operation[] {
  return [
    {
      name: 'GetServiceCapabilities',
      access: 'PRE_AUTH',
      responseAction: `${EVENT_PORT}/GetServiceCapabilitiesResponse`,
      handle: () => ({
        Capabilities: {
          attributes: {
            WSSubscriptionPolicySupport: false,
            WSPausableSubscriptionManagerInterfaceSupport: false,
            MaxNotificationProducers: MAX_PUSHES.all,
            MaxPullPoints: MAX_PULL_POINTS.all,
            PersistentNotificationStorage: false,
            // Clients that look for it are older than MaxPullPoints.
            WSPullPointSupport: true,
          },
        },
      }),
    },
    {
      name: 'GetEventProperties',
      // Recorders ask before they log in, and it tells nothing secret.
      access: 'PRE_AUTH',
      responseAction: `${EVENT_PORT}/GetEventPropertiesResponse`,
      handle: () => raw(propertiesXml(feed)),
    },
  ];
}

/** A response that is written here instead of by the schema, in which topics and messages are elements of any name. */
const raw = (xml: string): SoapObject => ({ $xml: xml });

const dialects = (name: string, uris: readonly string[]): string => uris.map((uri) => `<${name}>${uri}</${name}>`).join('');

const propertiesXml = ({ offered }: EventFeed): string =>
  dialects('tev:TopicNamespaceLocation', ['http://www.onvif.org/onvif/ver10/topics/topicns.xml']) +
  '<wsnt:FixedTopicSet>true</wsnt:FixedTopicSet>' +
  topicSetXml(new Map(offered.map((topic) => [topic, TOPICS[topic]]))) +
  dialects('wsnt:TopicExpressionDialect', [CONCRETE, CONCRETE_SET]) +
  dialects('tev:MessageContentFilterDialect', [ITEM_FILTER]) +
  dialects('tev:MessageContentSchemaLocation', ['http://www.onvif.org/onvif/ver10/schema/onvif.xsd']);

function creation(
  { feed, clock, mayBeConsumer: mayBe }: EventServiceOptions & Required<Pick<EventServiceOptions, 'mayBeConsumer'>>,
  subscriptions: Subscriptions,
): Operation[] {
  const wanted = (request: SoapObject, context: RequestContext) => ({
    owner: context.remoteAddress,
    user: context.user,
    filter: filterOf(request, context),
    duration: durationOf(text(request, 'InitialTerminationTime'), 'UnacceptableInitialTerminationTimeFault', clock),
  });
  const filterOf = (request: SoapObject, { resolvePrefix }: RequestContext): EventFilter => {
    try {
      return readFilter(request, resolvePrefix, feed.offered);
    } catch (error) {
      throw filterFault(error, clock.now());
    }
  };
  const reference = (prefix: string, address: string): string =>
    `<${prefix}:SubscriptionReference><wsa:Address xmlns:wsa="${WSA}">${escapeXml(address)}</wsa:Address></${prefix}:SubscriptionReference>`;
  return [
    {
      name: 'CreatePullPointSubscription',
      access: 'READ_MEDIA',
      responseAction: `${EVENT_PORT}/CreatePullPointSubscriptionResponse`,
      handle: (request, context) => {
        const pullPoint = subscriptions.openPullPoint(wanted(request, context));
        return raw(reference('tev', subscriptions.addressOf(pullPoint, context)) + timesXml('wsnt', clock, pullPoint.subscription));
      },
    },
    {
      name: 'Subscribe',
      namespace: WSNT,
      access: 'READ_MEDIA',
      responseAction: `${BASE_NOTIFICATION}/NotificationProducer/SubscribeResponse`,
      handle: (request, context) => {
        const address = required(child(request, 'ConsumerReference'), 'Address').trim();
        const consumer = consumerUrl(address, mayBe);
        if (!consumer) {
          const reason =
            'Events are sent to http and https addresses of other machines in the network alone. Fetch them with CreatePullPointSubscription.';
          throw notificationFault('SubscribeCreationFailedFault', clock.now(), reason);
        }
        const push = subscriptions.openPush(wanted(request, context), consumer);
        return raw(reference('wsnt', subscriptions.addressOf(push, context)) + timesXml('wsnt', clock, push.subscription));
      },
    },
  ];
}

type Ending = { readonly terminationTime: number };

/** The present time and that of a subscription's end, as elements of a response. */
const timesXml = (prefix: 'tev' | 'wsnt', clock: Clock, { terminationTime }: Ending): string =>
  `<${prefix}:CurrentTime>${utc(clock.now())}</${prefix}:CurrentTime><${prefix}:TerminationTime>${utc(terminationTime)}</${prefix}:TerminationTime>`;

/** The time that is granted, ms. Throws a SoapFault for what is no time or has passed. */
function durationOf(
  asked: string | undefined,
  fault: 'UnacceptableInitialTerminationTimeFault' | 'UnacceptableTerminationTimeFault',
  clock: Clock,
): number {
  if (asked === undefined || asked.trim() === '') return DEFAULT_DURATION_MS;
  const ms = timeUntil(asked, clock.now());
  if (ms === undefined) throw new SoapFault('Sender', ['InvalidArgs'], `"${asked}" is no time: PT10M is one, and 2030-01-31T12:00:00Z.`);
  if (ms > 0) return Math.min(ms, MAX_DURATION_MS);
  const minimum = `<wsnt:MinimumTime>${utc(clock.now() + 1000)}</wsnt:MinimumTime>`;
  throw notificationFault(fault, clock.now(), "The time is over already; is the client's clock right?", minimum);
}

function managing({ clock }: EventServiceOptions, subscriptions: Subscriptions): Operation[] {
  return [
    {
      name: 'PullMessages',
      access: 'READ_MEDIA',
      maxRequest: MAX_PULL_REQUEST,
      responseAction: `${PULL_PORT}/PullMessagesResponse`,
      handle: async (request, context) => {
        const held = subscriptions.find(context);
        if (held.kind !== 'pull') throw pushIsNoPullPoint();
        const asked = required(request, 'Timeout');
        const timeout = durationMs(asked);
        if (timeout === undefined || timeout < 0) throw new SoapFault('Sender', ['InvalidArgs'], `"${asked}" is no duration: PT1M is one.`);
        if (timeout > MAX_PULL.ms) throw pullTooLong(MAX_PULL.duration, MAX_MESSAGES);
        const limit = integer(request, 'MessageLimit') ?? MAX_MESSAGES;
        if (limit < 1) throw new SoapFault('Sender', ['InvalidArgs'], 'MessageLimit must be at least 1.');
        const events = await held.pull(timeout, Math.min(limit, MAX_MESSAGES), context.signal);
        return raw(timesXml('tev', clock, held.subscription) + events.map(notificationXml).join(''));
      },
    },
    {
      name: 'Renew',
      namespace: WSNT,
      access: 'READ_MEDIA',
      responseAction: `${BASE_NOTIFICATION}/SubscriptionManager/RenewResponse`,
      handle: (request, context) => {
        const { subscription } = subscriptions.find(context);
        subscription.renew(durationOf(text(request, 'TerminationTime'), 'UnacceptableTerminationTimeFault', clock));
        const times = { now: utc(clock.now()), end: utc(subscription.terminationTime) };
        // CurrentTime is optional in the schema, and yet clients fail without it.
        return raw(`<wsnt:TerminationTime>${times.end}</wsnt:TerminationTime><wsnt:CurrentTime>${times.now}</wsnt:CurrentTime>`);
      },
    },
    {
      name: 'Unsubscribe',
      namespace: WSNT,
      access: 'READ_MEDIA',
      responseAction: `${BASE_NOTIFICATION}/SubscriptionManager/UnsubscribeResponse`,
      handle: (_, context) => {
        subscriptions.find(context).subscription.end();
        return {};
      },
    },
    {
      name: 'SetSynchronizationPoint',
      access: 'READ_MEDIA',
      responseAction: `${PULL_PORT}/SetSynchronizationPointResponse`,
      handle: (_, context) => {
        subscriptions.find(context).subscription.synchronize();
        return {};
      },
    },
    {
      name: 'Seek',
      access: 'READ_MEDIA',
      responseAction: `${PULL_PORT}/SeekResponse`,
      handle: () => {
        throw new SoapFault('Receiver', ['ActionNotSupported'], 'Events of the past are not kept; PersistentNotificationStorage is false.');
      },
    },
  ];
}

const pushIsNoPullPoint = (): SoapFault =>
  new SoapFault('Receiver', ['Action'], 'Events of this subscription are sent to its consumer, not fetched.');
