import type { TcpEntry } from '../protocols/proc/tcp-table.ts';

/**
 * What may wait for a link besides the picture that is given next, in milliseconds of what the link carries: 25 kB at
 * 10 Mbit/s, 5 kB at 2. Enough to keep the link busy where the rate was taken for a tenth too low between two readings,
 * and each millisecond is one by which the next picture arrives later. On a long way, half a round trip: there rates vary more.
 */
const SLACK_MS = 20;
const SLACK_ROUND_TRIPS = 0.5;
/** Two packets: of less than that nobody can tell whether it waits or is on its way. Bytes. */
const LEAST_WAITING = 3000;
/**
 * What is on its way does not wait. The kernel tells the time of a round trip only with at least 200 ms on top of it
 * (tcp(7), rto_min), and with its own queues in it: where these are long it would grow with what we send, so it counts no further.
 */
const RTO_ABOVE_ROUND_TRIP_MS = 200;
const MAX_ROUND_TRIP_MS = 100;
/** The shortest round trip of late counts; it is forgotten by this part of the difference at each reading. */
const ROUND_TRIP_FORGETS = 0.002;
/** How far a link that had nothing to do may be better than what it was seen to carry: tried in these steps. */
const RAISES = [1.1, 1.5, 3, 4] as const;
/** Weight of a new reading of the rate against all before. */
const NEWEST_WEIGHT = 0.75;

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
  /** The least that is thought to have been queued since the last reading. */
  #lowest = Number.POSITIVE_INFINITY;
  #raises = 0;
  /** When the link last took something, or had nothing to take. */
  #movedAt: number;

  /** @param now monotonic milliseconds, as everywhere here */
  constructor(now: number) {
    this.#at = now;
    this.#movedAt = now;
  }

  /** Bits per second that the link carries; undefined: not known yet. */
  get bitRate(): number | undefined {
    return this.#rate === undefined ? undefined : this.#rate * 8000;
  }

  /** Whether the last reading showed that it carries more than it was thought to. */
  get rising(): boolean {
    return this.#raises > 0;
  }

  gave(bytes: number, now: number): void {
    this.#advance(now);
    this.#lowest = Math.min(this.#lowest, this.#queued);
    this.#queued += bytes;
    this.#given += bytes;
  }

  /**
   * Milliseconds until the next picture may be given; infinite while only a reading can tell.
   *
   * @param extraMs of what the link carries may wait in addition
   */
  wait(now: number, extraMs = 0): number {
    this.#advance(now);
    const rate = this.#rate ?? 0;
    const slack = Math.max(SLACK_MS, SLACK_ROUND_TRIPS * this.#roundTrip);
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
    if (rto !== undefined) this.#measuredRoundTrip(Math.min(MAX_ROUND_TRIP_MS, Math.max(0, rto - RTO_ABOVE_ROUND_TRIP_MS)));
    const before = this.#last;
    const carried = before ? Math.max(0, before.queued + this.#given - queued) : 0;
    if (carried > 0 || queued === 0) this.#movedAt = at;
    if (before && at > before.at) this.#measuredRate(carried / (at - before.at), queued);
    this.#last = { queued, at };
    this.#queued = queued;
    this.#given = 0;
    this.#lowest = queued;
  }

  #measuredRoundTrip(ms: number): void {
    const longer = ms - this.#roundTrip;
    this.#roundTrip = this.#last === undefined || longer < 0 ? ms : this.#roundTrip + longer * ROUND_TRIP_FORGETS;
  }

  /** @param sample bytes per millisecond since the last reading: what the link carries, if it always had something to carry */
  #measuredRate(sample: number, queued: number): void {
    const rate = this.#rate ?? 0;
    const onItsWay = rate * this.#roundTrip;
    const least = Math.min(this.#lowest, this.#queued) - onItsWay;
    // It had nothing to do for a while if what it took beyond all expectation was more than ever waited.
    const idle = queued <= Math.max(LEAST_WAITING, onItsWay) || (least > 0 && this.#queued - queued >= least);
    if (idle) {
      const raise = RAISES[Math.min(this.#raises, RAISES.length - 1)] ?? 1;
      this.#raises++;
      this.#rate = Math.max(rate, sample * raise);
    } else {
      this.#raises = 0;
      this.#rate = this.#rate === undefined ? sample : rate + NEWEST_WEIGHT * (sample - rate);
    }
  }

  #advance(now: number): void {
    if (now <= this.#at) return;
    this.#queued = Math.max(0, this.#queued - (this.#rate ?? 0) * (now - this.#at));
    this.#at = now;
  }
}
