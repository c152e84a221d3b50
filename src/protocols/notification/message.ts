import { escapeXml } from '../xml/text.ts';
import { CONCRETE_SET, TNS1, TT, WSNT } from './names.ts';

/** The value of an item; see {@link itemText}. */
type ItemValue = string | number | boolean | Date;

/** An event as a message carries it. */
export interface NotifiedEvent {
  /** Path of the topic, its steps joined by "/", without the prefix of its namespace. */
  readonly topic: string;
  /** The PropertyOperation of a state that is told or has changed; `moment`: it is no state. */
  readonly kind: 'initialized' | 'changed' | 'moment';
  /** What it is about, by item. */
  readonly source: Readonly<Record<string, ItemValue>>;
  /** What it tells, by item. */
  readonly data: Readonly<Record<string, ItemValue>>;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
}

const OPERATIONS = { initialized: 'Initialized', changed: 'Changed' } as const;

/**
 * Returns a moment as xs:dateTime in UTC: "2026-01-02T03:04:05Z", with milliseconds where there are some.
 *
 * @param time milliseconds since the Unix epoch, or a date
 */
export const utc = (time: number | Date): string => new Date(time).toISOString().replace('.000Z', 'Z');

/** Returns the value of an item as messages carry it. */
export const itemText = (value: ItemValue): string => (value instanceof Date ? utc(value) : String(value));

const itemsXml = (name: 'Source' | 'Data', items: NotifiedEvent['source']): string => {
  const simple = Object.entries(items).map(([item, value]) => `<tt:SimpleItem Name="${item}" Value="${escapeXml(itemText(value))}"/>`);
  return simple.length === 0 ? '' : `<tt:${name}>${simple.join('')}</tt:${name}>`;
};

/** Returns a tt:Message (ONVIF Core Specification, "Message format"). */
function messageXml({ kind, source, data, time }: NotifiedEvent): string {
  const operation = kind === 'moment' ? '' : ` PropertyOperation="${OPERATIONS[kind]}"`;
  return `<tt:Message UtcTime="${utc(time)}"${operation}>${itemsXml('Source', source)}${itemsXml('Data', data)}</tt:Message>`;
}

/** Clients look for the prefix to the letter. */
const topicXml = (topic: string): string => `<wsnt:Topic Dialect="${CONCRETE_SET}">tns1:${topic}</wsnt:Topic>`;

/** Returns a wsnt:NotificationMessage (WS-BaseNotification 1.3), for a document that declares the prefixes wsnt, tt and tns1. */
export const notificationXml = (event: NotifiedEvent): string =>
  `<wsnt:NotificationMessage>${topicXml(event.topic)}<wsnt:Message>${messageXml(event)}</wsnt:Message></wsnt:NotificationMessage>`;

/** Returns a tt:MetadataStream with events (ONVIF Streaming Specification, "Events"): a document by itself. */
export const metadataStreamXml = (events: readonly NotifiedEvent[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?><tt:MetadataStream xmlns:tt="${TT}" xmlns:wsnt="${WSNT}" xmlns:tns1="${TNS1}">` +
  `${events.length === 0 ? '' : `<tt:Event>${events.map(notificationXml).join('')}</tt:Event>`}</tt:MetadataStream>`;
