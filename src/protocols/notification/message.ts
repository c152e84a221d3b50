import { escapeXml } from '../xml/text.ts';
import { CONCRETE_SET } from './names.ts';

type ItemValue = string | number | boolean | Date;

/** An event as a message carries it. */
export interface NotifiedEvent {
  /** Path of the topic, its steps joined by "/", without the prefix of its namespace. */
  readonly topic: string;
  readonly kind: 'initialized' | 'changed' | 'moment';
  readonly source: Readonly<Record<string, ItemValue>>;
  readonly data: Readonly<Record<string, ItemValue>>;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
}

const OPERATIONS = { initialized: 'Initialized', changed: 'Changed' } as const;

/** xs:dateTime in UTC, "2026-01-02T03:04:05Z" with milliseconds where there are some. */
export const utc = (time: number | Date): string => new Date(time).toISOString().replace('.000Z', 'Z');

/** The value of an item as messages carry it. */
export const itemText = (value: ItemValue): string => (value instanceof Date ? utc(value) : String(value));

const itemsXml = (name: 'Source' | 'Data', items: NotifiedEvent['source']): string => {
  const simple = Object.entries(items).map(([item, value]) => `<tt:SimpleItem Name="${item}" Value="${escapeXml(itemText(value))}"/>`);
  return simple.length === 0 ? '' : `<tt:${name}>${simple.join('')}</tt:${name}>`;
};

/** tt:Message (ONVIF Core Specification, "Message format"). */
function messageXml({ kind, source, data, time }: NotifiedEvent): string {
  const operation = kind === 'moment' ? '' : ` PropertyOperation="${OPERATIONS[kind]}"`;
  return `<tt:Message UtcTime="${utc(time)}"${operation}>${itemsXml('Source', source)}${itemsXml('Data', data)}</tt:Message>`;
}

/** Clients look for the prefix to the letter. */
const topicXml = (topic: string): string => `<wsnt:Topic Dialect="${CONCRETE_SET}">tns1:${topic}</wsnt:Topic>`;

/** wsnt:NotificationMessage, for a document that declares the prefixes wsnt, tt and tns1. */
export const notificationXml = (event: NotifiedEvent): string =>
  `<wsnt:NotificationMessage>${topicXml(event.topic)}<wsnt:Message>${messageXml(event)}</wsnt:Message></wsnt:NotificationMessage>`;
