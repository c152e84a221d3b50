import { ownText } from '../../core/own-text.ts';
import { ALL_TOPICS, type Topic } from '../../device/event-topics.ts';
import type { DeviceEvent } from '../../device/events.ts';
import { FilterError } from '../../protocols/notification/filter-error.ts';
import { type Content, type ContentTest, itemFilter, MAX_ITEM_FILTER } from '../../protocols/notification/item-filter.ts';
import { itemText } from '../../protocols/notification/message.ts';
import { MAX_TOPIC_EXPRESSION, topicExpression } from '../../protocols/notification/topic-expression.ts';
import { child, list, text } from '../args.ts';
import type { SoapObject } from '../service.ts';

/** The events that a subscription is about. */
export interface EventFilter {
  /** Returns whether events of a topic can pass: those of others need not be made. */
  readonly topic: (topic: Topic) => boolean;
  /** Returns whether an event passes, by its topic and its content. */
  readonly event: (event: DeviceEvent) => boolean;
}

/**
 * Most expressions of one kind in one filter, empty ones included: recorders send one, some one for each topic. All of them together
 * may be as long as one alone.
 */
const MAX_EXPRESSIONS = 64;
const KINDS = {
  TopicExpression: { characters: MAX_TOPIC_EXPRESSION, problem: 'topic-syntax' },
  MessageContent: { characters: MAX_ITEM_FILTER, problem: 'content' },
} as const;

type Expression = readonly [expression: string, dialect: string | undefined];

/**
 * Reads wsnt:Filter of a request (WS-BaseNotification 1.3, section 4.2): an event passes if any of the topic expressions names its
 * topic and all of the content expressions hold. No filter: every event passes. The result keeps nothing of the request.
 *
 * @param resolve returns the namespace of a prefix in the request
 * @param offered the topics that there are: a filter that is about none of them is refused
 * @throws FilterError
 */
export function readFilter(request: SoapObject, resolve: (prefix: string) => string | undefined, offered: readonly Topic[]): EventFilter {
  const filter = child(request, 'Filter');
  const unknown = Object.keys(filter).find((name) => !Object.hasOwn(KINDS, name) && !['attributes', '$value'].includes(name));
  if (unknown !== undefined) throw new FilterError('kind', `A filter by ${unknown} is not known.`, unknown);
  const topics = passing(expressions(filter, 'TopicExpression'), resolve);
  const contents = expressions(filter, 'MessageContent').map(([expression, dialect]) => itemFilter(ownText(expression), dialect));
  if (!offered.some((topic) => topics.has(topic)))
    throw new FilterError('topic-unknown', 'The camera has no such topic; GetEventProperties names those it has.');
  return eventFilter(topics, contents);
}

/** Away from the request: functions keep all that those beside them use. */
const eventFilter = (topics: ReadonlySet<Topic>, contents: readonly ContentTest[]): EventFilter => ({
  topic: (topic) => topics.has(topic),
  event: (event) => topics.has(event.topic) && (contents.length === 0 || contents.every((test) => test(contentOf(event)))),
});

/** All topics that there can be and that pass: some may be offered later. */
function passing(found: readonly Expression[], resolve: (prefix: string) => string | undefined): ReadonlySet<Topic> {
  const tests = found.map(([expression, dialect]) => topicExpression(expression, dialect, resolve));
  return new Set(tests.length === 0 ? ALL_TOPICS : ALL_TOPICS.filter((topic) => tests.some((test) => test(topic))));
}

function expressions(filter: SoapObject, kind: keyof typeof KINDS): readonly Expression[] {
  const { characters, problem } = KINDS[kind];
  const values = list(filter[kind]);
  if (values.length > MAX_EXPRESSIONS) throw new FilterError(problem, `A filter has at most ${MAX_EXPRESSIONS} of ${kind}.`);
  const found = values.map(expressionIn).filter(([expression]) => expression !== '');
  const length = found.reduce((sum, [expression]) => sum + expression.length, 0);
  if (length > characters) throw new FilterError(problem, `All of ${kind} in a filter may have ${characters} characters together.`);
  return found;
}

function expressionIn(value: unknown): Expression {
  const dialect = typeof value === 'object' && value !== null ? text(child(value as SoapObject, 'attributes'), 'Dialect') : undefined;
  return [text({ value }, 'value')?.trim() ?? '', dialect];
}

const contentOf = ({ source, data }: DeviceEvent): Content => ({ source: itemsOf(source), data: itemsOf(data) });

const itemsOf = (items: DeviceEvent['source']): Content['source'] => Object.entries(items).map(([name, value]) => [name, itemText(value)]);
