import type { Clock } from '../core/clock.ts';
import { looksLikeQuery } from '../protocols/dns/query.ts';
import { isInNetworkOf, type LocalAddress } from './addresses.ts';
import type { Sender } from './mdns-socket.ts';
import { SenderLimiter, type SenderLimits } from './sender-limiter.ts';

/**
 * Bytes of queries that are parsed. A query has 40 to 1,500 bytes; a host that starts up sends a few kilobytes in three seconds.
 * A Raspberry Pi Zero parses the whole of it in a tenth of its time.
 */
const PARSING: SenderLimits = { perSender: { burst: 32_000, rate: 8_000 }, total: { burst: 128_000, rate: 64_000 } };
/** Answers to one host alone, each of 1.4 kB at most: 28 kB/s in all. */
const UNICAST: SenderLimits = { perSender: { burst: 20, rate: 5 }, total: { burst: 60, rate: 20 } };

/** Messages since the start. */
export interface MdnsCounters {
  /** Datagrams, once for each interface that they were seen on: the system shows all of them to all. */
  readonly received: number;
  /** No query: answers of other devices, junk. */
  readonly ignored: number;
  /** Not from the network of that interface. */
  readonly foreign: number;
  /** Not parsed, or not answered, because there were too many. */
  readonly refused: number;
  /** Given to the DNS parser, which is the only work that a stranger can cause. */
  readonly parsed: number;
}

/** Decides what is worth parsing and answering; one for all interfaces. */
export class MdnsGuard {
  readonly #parsing: SenderLimiter;
  readonly #unicast: SenderLimiter;
  /** What came in since the start. */
  readonly counters = { received: 0, ignored: 0, foreign: 0, refused: 0, parsed: 0 };

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#parsing = new SenderLimiter(PARSING, clock);
    this.#unicast = new SenderLimiter(UNICAST, clock);
  }

  /** Whether a datagram that came in for the interface with the address `local` is parsed. Cheapest questions first. */
  accepts(datagram: Buffer, sender: Sender, local: LocalAddress): boolean {
    const { counters } = this;
    counters.received++;
    if (!looksLikeQuery(datagram)) return this.#not('ignored');
    // Not from another link (RFC 6762, section 11), nor for another of our interfaces, which answers for itself.
    if (!isInNetworkOf(local, sender.address) && !isLinkLocal(sender.address)) return this.#not('foreign');
    if (!this.#parsing.take(sender.address, datagram.length)) return this.#not('refused');
    counters.parsed++;
    return true;
  }

  /** Whether `sender` is sent an answer of its own: only within our network and a limit, as its address can be forged. */
  mayAnswerAlone(sender: Sender, local: LocalAddress): boolean {
    if (sender.port === 0 || !isInNetworkOf(local, sender.address)) return this.#not('foreign');
    return this.#unicast.take(sender.address) || this.#not('refused');
  }

  #not(why: 'ignored' | 'foreign' | 'refused'): false {
    this.counters[why]++;
    return false;
  }
}

/** Whether an address is link-local (RFC 3927): its host was given none, and is on the same link by its nature. */
const isLinkLocal = (address: string) => address.startsWith('169.254.');
