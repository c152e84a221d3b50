/** Bytes of a DNS header (RFC 1035, section 4.1.1). */
const HEADER = 12;
/**
 * Longest query that is read, bytes: what fits into one frame of an Ethernet, as RFC 6762, section 17, asks of the sender. Longer
 * lists of known answers come in several messages (section 7.2).
 */
export const MAX_QUERY = 1500;
/** Questions and records of one query at most; a home automation that asks for all that it knows has a hundred. */
const MAX_ENTRIES = 256;
/** QR, opcode and response code; all are zero in a query (RFC 6762, sections 18.2, 18.3 and 18.11). */
const NOT_A_QUERY = 0x8000 | 0x7800 | 0x000f;
/** Top bit of a question's class: the answer may be sent to the asker alone (RFC 6762, section 5.4). */
const UNICAST_RESPONSE = 0x8000;

/**
 * Whether a datagram may be an mDNS query, told by its length and header alone. What is not (an answer of another device, junk) is
 * to be ignored without a word, and before it is parsed (RFC 6762, section 18).
 */
export function looksLikeQuery(datagram: Buffer): boolean {
  if (datagram.length <= HEADER || datagram.length > MAX_QUERY || (datagram.readUInt16BE(2) & NOT_A_QUERY) !== 0) return false;
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((at) => datagram.readUInt16BE(at)) as [
    number,
    number,
    number,
    number,
  ];
  return questions > 0 && questions + answers + authorities + additionals <= MAX_ENTRIES;
}

/** Whether every question of a query may be answered to the asker alone. False for what is no query. Never throws. */
export function wantsUnicast(query: Buffer): boolean {
  if (!looksLikeQuery(query)) return false;
  let at = HEADER;
  for (let left = query.readUInt16BE(4); left > 0; left--) {
    at = endOfName(query, at) + 4;
    if (at > query.length || (query.readUInt16BE(at - 2) & UNICAST_RESPONSE) === 0) return false;
  }
  return true;
}

/** Where the name at `at` ends: after a label of no length, or after a pointer (RFC 1035, section 4.1.4). */
function endOfName(message: Buffer, at: number): number {
  let end = at;
  while (end < message.length) {
    const length = message[end] as number;
    if (length >= 0xc0) return end + 2;
    if (length === 0) return end + 1;
    end += length + 1;
  }
  return end;
}
