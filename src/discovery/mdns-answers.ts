import type { Cancel, Clock } from '../core/clock.ts';
import { type DnsRecord, intoMessages, isKnown, recordKey } from '../protocols/dns/records.ts';

/** Shortest time between two times that a record is sent to everyone, milliseconds (RFC 6762, section 6). */
const INTERVAL_MS = 1000;
/** The same where a record is defended against a host that wants its name, milliseconds. */
const DEFENCE_MS = 250;
/** Share of its life within which a record that was sent to everyone is known to them (RFC 6762, section 5.4). */
const FRESH = 0.25;
/** Longest life of a record for a simple resolver, seconds: it does not hear when the record changes (RFC 6762, section 6.7). */
const LEGACY_TTL = 10;
/** Most questions of a simple resolver, which asks one at a time: they all come back in the answer. */
const MAX_LEGACY_QUESTIONS = 4;
/** Longest message, bytes: with the headers of UDP and IPv6 it fits into a frame of an Ethernet. */
const MAX_MESSAGE = 1440;

interface Question {
  readonly name: string;
  readonly type: string;
}

/** A query that has been parsed (RFC 1035, section 4.1). */
export interface DnsQuery {
  readonly id: number;
  readonly questions: readonly Question[];
  /** Records that the asker knows already. */
  readonly answers: readonly DnsRecord[];
  /** Records whose name the asker wants to have. */
  readonly authorities: readonly DnsRecord[];
}

/** A response, as multicast-dns takes it. */
export interface DnsResponse {
  /** That of the query, for a simple resolver alone. */
  readonly id?: number;
  readonly questions?: readonly (Question & { readonly class: string })[];
  readonly answers: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

/** How a query came. */
export interface Asked {
  /** Whether it came from another port than 5353: from a simple resolver that waits for one answer at its own port. */
  readonly legacy: boolean;
  /** Whether an answer to the asker alone is welcome. */
  readonly unicast: boolean;
}

/** Where answers go. */
interface Options {
  /** Sends to everyone. */
  readonly toAll: (response: DnsResponse) => void;
  readonly clock: Clock;
}

/**
 * Answers queries on one interface: all questions of a query together, and each record to everyone at most once a second,
 * however often it is asked for (RFC 6762, section 6). What is asked for earlier is sent when the second is over, once.
 */
export class MdnsAnswers {
  /** When each record was last sent to everyone, milliseconds; there are as many as the camera has. */
  readonly #sent = new Map<string, number>();
  /** What was asked for too early. */
  readonly #waiting = new Map<string, DnsRecord>();
  /** What goes with that, where it may be sent by then. */
  readonly #waitingMore = new Map<string, DnsRecord>();
  /** Keys are asked for again and again for the same few records. */
  readonly #keys = new WeakMap<DnsRecord, string>();
  #cancel: Cancel | undefined;

  constructor(private readonly options: Options) {}

  /** Takes note of what is being sent to everyone without having been asked for: announcements and goodbyes. */
  announced(records: readonly DnsRecord[]): void {
    const now = this.options.clock.monotonic();
    for (const record of records) {
      this.#sent.set(this.#key(record), now);
      this.#waiting.delete(this.#key(record));
      this.#waitingMore.delete(this.#key(record));
    }
  }

  /**
   * Answers `query` with `answers`, and with `additionals` as far as they fit.
   *
   * @param toOne sends to the asker alone; called once at most, with a message that fits into a frame
   */
  answer(
    query: DnsQuery,
    answers: readonly DnsRecord[],
    additionals: readonly DnsRecord[],
    asked: Asked,
    toOne: (response: DnsResponse) => void,
  ): void {
    const wanted = this.#distinct(answers).filter((record) => !isKnown(record, query.answers));
    if (wanted.length === 0) return;
    const more = this.#distinct(additionals).filter((record) => !wanted.some((each) => this.#key(each) === this.#key(record)));
    if (asked.legacy) {
      if (query.questions.length <= MAX_LEGACY_QUESTIONS) toOne(legacyResponse(query, wanted, more));
    } else if (asked.unicast && wanted.every((record) => this.#age(record) < record.ttl * 1000 * FRESH)) toOne(firstMessage(wanted, more));
    else this.#toAll(wanted, more, query.authorities.length > 0 ? DEFENCE_MS : INTERVAL_MS);
  }

  /** Forgets what waits to be sent. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#waiting.clear();
    this.#waitingMore.clear();
  }

  #toAll(wanted: readonly DnsRecord[], more: readonly DnsRecord[], interval: number): void {
    const due = wanted.filter((record) => this.#age(record) >= interval);
    const early = wanted.filter((record) => !due.includes(record));
    if (due.length > 0) this.#send(due, this.#due(more));
    for (const record of early) this.#waiting.set(this.#key(record), record);
    if (early.length > 0) for (const record of more) this.#waitingMore.set(this.#key(record), record);
    this.#schedule();
  }

  #send(answers: readonly DnsRecord[], additionals: readonly DnsRecord[]): void {
    const messages = intoMessages(answers, MAX_MESSAGE);
    messages.forEach((part, at) => {
      const response = at === messages.length - 1 ? firstMessage(part, additionals) : { answers: part, additionals: [] };
      this.announced([...response.answers, ...response.additionals]);
      this.options.toAll(response);
    });
  }

  /** Sends what waits as soon as the first of it may be sent, with all that may be by then. */
  #schedule(): void {
    if (this.#cancel || this.#waiting.size === 0) return;
    const wait = Math.min(...[...this.#waiting.values()].map((record) => INTERVAL_MS - this.#age(record)));
    this.#cancel = this.options.clock.after(Math.max(1, wait), () => {
      this.#cancel = undefined;
      const due = this.#due([...this.#waiting.values()]);
      const more = this.#due([...this.#waitingMore.values()]).filter((record) => !this.#waiting.has(this.#key(record)));
      if (due.length > 0) this.#send(due, more);
      if (this.#waiting.size === 0) this.#waitingMore.clear();
      this.#schedule();
    });
  }

  #due(records: readonly DnsRecord[]): DnsRecord[] {
    return records.filter((record) => this.#age(record) >= INTERVAL_MS);
  }

  /** Milliseconds since everyone was sent a record. */
  #age(record: DnsRecord): number {
    return this.options.clock.monotonic() - (this.#sent.get(this.#key(record)) ?? Number.NEGATIVE_INFINITY);
  }

  #distinct(records: readonly DnsRecord[]): DnsRecord[] {
    return [...new Map([...new Set(records)].map((record) => [this.#key(record), record])).values()];
  }

  #key(record: DnsRecord): string {
    const known = this.#keys.get(record);
    if (known !== undefined) return known;
    const key = recordKey(record);
    this.#keys.set(record, key);
    return key;
  }
}

/** Returns one message, the answers first; what does not fit is left out, and is asked for by the host that needs it. */
function firstMessage(answers: readonly DnsRecord[], additionals: readonly DnsRecord[]): DnsResponse {
  const [first = []] = intoMessages([...answers, ...additionals], MAX_MESSAGE);
  return { answers: first.slice(0, answers.length), additionals: first.slice(answers.length) };
}

/** Returns a response as of a DNS server (RFC 6762, section 6.7): with id and questions of the query, and nothing that is kept for long. */
function legacyResponse(query: DnsQuery, answers: readonly DnsRecord[], additionals: readonly DnsRecord[]): DnsResponse {
  const brief = (records: readonly DnsRecord[]) => records.map((record) => ({ ...record, ttl: Math.min(record.ttl, LEGACY_TTL) }));
  const response = firstMessage(answers, additionals);
  return {
    id: query.id,
    questions: query.questions.map(({ name, type }) => ({ name, type, class: 'IN' })),
    answers: brief(response.answers),
    additionals: brief(response.additionals),
  };
}
