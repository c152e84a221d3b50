import { isDeepStrictEqual } from 'node:util';

/** A DNS resource record, as the library dns-packet has it; `data` depends on the type. */
export interface DnsRecord {
  readonly name: string;
  /** "A", "PTR", "SRV", "TXT". */
  readonly type: string;
  /** Time to live, seconds. */
  readonly ttl: number;
  readonly data: unknown;
}

/** Returns what tells records apart: all but the time to live. Case of names does not matter (RFC 1035, section 2.3.3). */
export const recordKey = ({ name, type, data }: DnsRecord): string => `${type} ${name.toLowerCase()} ${JSON.stringify(data)}`;

/**
 * Whether an asker knows a record already: it is among the answers that it lists, with at least half of its time left (RFC 6762,
 * section 7.1).
 */
export const isKnown = (record: DnsRecord, listed: readonly DnsRecord[]): boolean =>
  listed.some(
    ({ name, type, ttl, data }) =>
      type === record.type &&
      ttl >= record.ttl / 2 &&
      name.toLowerCase() === record.name.toLowerCase() &&
      isDeepStrictEqual(data, record.data),
  );

/**
 * Divides records into messages that fit into a frame; a record that is longer than that is alone in its message.
 *
 * @param maxBytes bytes of the longest message, its header included
 */
export function intoMessages<T extends DnsRecord>(records: readonly T[], maxBytes: number): T[][] {
  const messages: T[][] = [];
  let left = 0;
  for (const record of records) {
    const size = sizeOf(record);
    if (messages.length === 0 || size > left) {
      messages.push([]);
      left = maxBytes - HEADER;
    }
    messages.at(-1)?.push(record);
    left -= size;
  }
  return messages;
}

/** Bytes of a message without any records (RFC 1035, section 4.1.1). */
const HEADER = 12;
/** Bytes of a record besides name and data: type, class, time to live, length (section 4.1.3). */
const FIXED = 10;
/** Bytes of the data of an IPv4 address, which is also taken for types that the camera has none of. */
const ADDRESS = 4;
/** Priority, weight and port of a service (RFC 2782). */
const SERVICE = 6;

/** Bytes of a record whose names are written out. */
function sizeOf({ name, type, data }: DnsRecord): number {
  return nameSize(name) + FIXED + dataSize(type, data);
}

function dataSize(type: string, data: unknown): number {
  if (type === 'PTR' && typeof data === 'string') return nameSize(data);
  if (type === 'SRV') return SERVICE + nameSize((data as { target: string }).target);
  // Strings, each with its length before it (RFC 1035, section 3.3.14).
  if (type === 'TXT' && Array.isArray(data)) return data.reduce((sum: number, each: Uint8Array) => sum + 1 + each.length, 0);
  return ADDRESS;
}

const nameSize = (name: string) => Buffer.byteLength(name) + 2;
