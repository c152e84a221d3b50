import type { TcpEntry } from '../protocols/proc/tcp-table.ts';

/**
 * What may wait for a link besides the picture that is given next, in milliseconds of what the link carries: 25 kB at
 * 10 Mbit/s, 5 kB at 2. Enough to keep the link busy where the rate was taken for a tenth too low between two readings,
 * and each millisecond is one by which the next picture arrives later. On a long way, a round trip: there rates vary more.
 */
const SLACK_MS = 20;
/** Two packets: of less than that nobody can tell whether it waits or is on its way. Bytes. */
const LEAST_WAITING = 3000;
/**
 * What is on its way does not wait. The kernel tells the time of a round trip only with at least 200 ms on top of it
 * (tcp(7), rto_min), and with what packets waited on their way in it, which is what we sent ourselves. So the shortest of the round
 * trips counts, and no more than this: less where the first one was known late, when the queue had grown already. A longer one is
 * believed as far as what was queued does not explain it, and slowly.
 */
const RTO_ABOVE_ROUND_TRIP_MS = 200;
const MAX_ROUND_TRIP_MS = { early: 100, late: 30 } as const;
const EARLY_MS = 100;
const LONGER_WEIGHT = 0.05;
/** How far a link that had nothing to do may be better than what it was seen to carry: tried in these steps. */
const RAISES = [1.1, 1.5, 3, 4] as const;
/**
 * Acknowledgements come for a dozen packets or two at a time, so that a reading is by up to so many bytes too high or too low. The
 * weight of a new reading against all before is the part that it is about of {@link SURE_BYTES}, within these limits.
 */
const LUMP_BYTES = 30_000;
const SURE_BYTES = 150_000;
const WEIGHT = { least: 0.1, most: 0.75 } as const;

/** A link as far as the queue in front of it shows: what it carries, and what waits for it between two readings of that queue. */
export class SlowLink {
  /** Bytes per millisecond; undefined before there were two readings. */
  #rate: number | undefined;
  /** Milliseconds. */
  #roundTrip = 0;
  /** What waits and is on its way at the moment {@link #at}, by the last reading and the rate. */
  #queued = 0;
  #at: number;
  #last: { readonly queued: number; readonly at: number } | undefined;
  /** Bytes given since the last reading. */
  #given = 0;
  /** The least and the most that is thought to have been queued since the last reading, and the most before that. */
  #lowest = Number.POSITIVE_INFINITY;
  #highest = 0;
  #highestBefore = 0;
  #raises = 0;
  /** When the link last took something, or had nothing to take. */
  #movedAt: number;

  /**
   * @param now monotonic milliseconds, as everywhere here
   * @param firstAt when it got the first of what it is to carry
   */
  constructor(
    now: number,
    private readonly firstAt = now,
  ) {
    this.#at = now;
    this.#movedAt = now;
  }

  /** Bits per second that the link carries; undefined while that is not known. */
  get bitRate(): number | undefined {
    return this.#rate === undefined ? undefined : this.#rate * 8000;
  }

  /** Whether the last reading showed that it carries more than it was thought to. */
  get rising(): boolean {
    return this.#raises > 0;
  }

  /** Takes note of bytes that were given to the connection. */
  gave(bytes: number, now: number): void {
    this.#advance(now);
    this.#lowest = Math.min(this.#lowest, this.#queued);
    this.#queued += bytes;
    this.#given += bytes;
    this.#highest = Math.max(this.#highest, this.#queued);
  }

  /**
   * Milliseconds until the next picture may be given; infinite while only a reading can tell.
   *
   * @param extraMs of what the link carries may wait in addition
   */
  wait(now: number, extraMs = 0): number {
    this.#advance(now);
    const rate = this.#rate ?? 0;
    const slack = Math.max(SLACK_MS, this.#roundTrip);
    const over = this.#queued - Math.max(LEAST_WAITING, rate * (slack + extraMs + this.#roundTrip));
    if (this.#last !== undefined && over <= 0) return 0;
    return rate > 0 ? over / rate : Number.POSITIVE_INFINITY;
  }

  /** Milliseconds for which the link had taken nothing of what waits when it was last looked at. */
  get stalledFor(): number {
    return this.#last ? this.#last.at - this.#movedAt : 0;
  }

  /** Takes a reading in. @param at when it was made; nothing has been given since */
  measured({ queued, rto }: TcpEntry, at: number): void {
    this.#advance(at);
    if (rto !== undefined) this.#measuredRoundTrip(Math.max(0, rto - RTO_ABOVE_ROUND_TRIP_MS), at);
    const before = this.#last;
    const carried = before ? Math.max(0, before.queued + this.#given - queued) : 0;
    if (carried > 0 || queued === 0) this.#movedAt = at;
    if (before && at > before.at) this.#measuredRate(carried, at - before.at, queued);
    this.#last = { queued, at };
    this.#queued = queued;
    this.#given = 0;
    this.#lowest = queued;
    this.#highestBefore = this.#highest;
    this.#highest = queued;
  }

  #measuredRoundTrip(ms: number, at: number): void {
    const { early, late } = MAX_ROUND_TRIP_MS;
    if (this.#last === undefined) this.#roundTrip = Math.min(ms, at - this.firstAt <= EARLY_MS ? early : late);
    else if (ms < this.#roundTrip) this.#roundTrip = ms;
    else if (this.#rate) {
      const waited = Math.max(this.#highest, this.#highestBefore) / this.#rate;
      this.#roundTrip += Math.max(0, Math.min(ms, early) - waited - this.#roundTrip) * LONGER_WEIGHT;
    }
  }

  /** @param carried bytes since the last reading, `ms` ago: what the link can, if it always had something to carry */
  #measuredRate(carried: number, ms: number, queued: number): void {
    const rate = this.#rate ?? 0;
    const sure = Math.max(rate * ms, carried - LUMP_BYTES) / SURE_BYTES;
    const weight = this.#rate === undefined ? 1 : Math.min(WEIGHT.most, Math.max(WEIGHT.least, sure));
    const onItsWay = rate * this.#roundTrip;
    const least = Math.min(this.#lowest, this.#queued) - onItsWay;
    // It had nothing to do for a while if what it took beyond all expectation was more than ever waited.
    const idle = queued <= Math.max(LEAST_WAITING, onItsWay) || (least > 0 && this.#queued - queued >= least);
    const raise = idle ? RAISES[Math.min(this.#raises, RAISES.length - 1)]! : 1;
    const change = (carried / ms) * raise - rate;
    this.#raises = idle ? this.#raises + 1 : 0;
    this.#rate = rate + (idle ? Math.max(0, change) : change) * (this.#raises > 1 ? 1 : weight);
  }

  #advance(now: number): void {
    if (now <= this.#at) return;
    this.#queued = Math.max(0, this.#queued - (this.#rate ?? 0) * (now - this.#at));
    this.#at = now;
  }
}
