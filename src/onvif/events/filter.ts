import type { Topic } from '../../device/event-topics.ts';
import type { DeviceEvent } from '../../device/events.ts';
import { FilterError } from '../../protocols/notification/filter-error.ts';
import { type Content, itemFilter } from '../../protocols/notification/item-filter.ts';
import { itemText } from '../../protocols/notification/message.ts';
import { topicExpression } from '../../protocols/notification/topic-expression.ts';
import { child, list, text } from '../args.ts';
import type { SoapObject } from '../service.ts';

/** The events that a subscription is about. */
export interface EventFilter {
  /** Returns whether events of a topic can pass: those of others need not be made. */
  readonly topic: (topic: Topic) => boolean;
  /** Returns whether an event passes, by its topic and its content. */
  readonly event: (event: DeviceEvent) => boolean;
}

/** Expressions of one kind in one filter: recorders send one, some one for each topic. */
const MAX_EXPRESSIONS = 64;

/**
 * Reads wsnt:Filter of a request (WS-BaseNotification 1.3, section 4.2): an event passes if any of the topic expressions names its
 * topic and all of the content expressions hold. No filter: every event passes.
 *
 * @param resolve returns the namespace of a prefix in the request
 * @param offered the topics that there are: a filter that is about none of them is refused
 * @throws FilterError
 */
export function readFilter(request: SoapObject, resolve: (prefix: string) => string | undefined, offered: readonly Topic[]): EventFilter {
  const filter = child(request, 'Filter');
  const unknown = Object.keys(filter).find((name) => !['TopicExpression', 'MessageContent', 'attributes', '$value'].includes(name));
  if (unknown !== undefined) throw new FilterError('kind', `A filter by ${unknown} is not known.`, unknown);
  const topics = expressions(filter, 'TopicExpression').map(([expression, dialect]) => topicExpression(expression, dialect, resolve));
  const contents = expressions(filter, 'MessageContent').map(([expression, dialect]) => itemFilter(expression, dialect));
  const topic = (name: Topic) => topics.length === 0 || topics.some((test) => test(name));
  if (!offered.some(topic)) throw new FilterError('topic-unknown', 'The camera has no such topic; GetEventProperties names those it has.');
  return {
    topic,
    event: (event) => topic(event.topic) && (contents.length === 0 || contents.every((test) => test(contentOf(event)))),
  };
}

function expressions(filter: SoapObject, name: string): (readonly [expression: string, dialect: string | undefined])[] {
  const found = list(filter[name]).filter((value) => text({ value }, 'value')?.trim());
  if (found.length > MAX_EXPRESSIONS) throw new FilterError('content', `A filter has at most ${MAX_EXPRESSIONS} expressions.`);
  return found.map((value) => {
    const dialect = typeof value === 'object' && value !== null ? text(child(value as SoapObject, 'attributes'), 'Dialect') : undefined;
    return [text({ value }, 'value')!.trim(), dialect];
  });
}

const contentOf = ({ source, data }: DeviceEvent): Content => ({ source: itemsOf(source), data: itemsOf(data) });

const itemsOf = (items: DeviceEvent['source']): Content['source'] => Object.entries(items).map(([name, value]) => [name, itemText(value)]);
