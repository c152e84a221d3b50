import type { TcpEntry } from '../protocols/proc/tcp-table.ts';

/**
 * What may wait for a link besides the picture or slice that is given next, in milliseconds of what the link carries: 25 kB at
 * 10 Mbit/s. Enough to keep the link busy where the rate was taken for a tenth too low between two readings, and each millisecond is
 * one by which the next picture arrives later. On a long way so much, within these limits, that it makes up so many round trips with
 * the picture before it: a lost packet comes again after one or two, and until then all that came behind it counts as waiting.
 */
const SLACK = { leastMs: 20, mostMs: 150, roundTrips: 3 } as const;
/** But at least so much: acknowledgements come for some packets at a time, and a link that has nothing to do has to show. Bytes. */
const LEAST_SLACK = 8000;
/**
 * A picture is given in slices of what the link carries in so many milliseconds: 25 kB at 10 Mbit/s. Shorter ones cost more, longer ones
 * fill the buffer in front of the link, where packets that it has no room for are lost. On a longer way than this it is given whole: after
 * a loss all that came behind it counts as waiting, and TCP, which then has the say, shall not lack for something to send.
 */
const SLICE_MS = 20;
const LONG_WAY_MS = 20;
/** A link that seems to need longer for what waits has stopped, or nearly: when it goes on only a reading can tell. Milliseconds. */
const MOST_WAIT_MS = 30_000;
/** Two packets: of less than that nobody can tell whether it waits or is on its way. Bytes. */
const LEAST_WAITING = 3000;
/**
 * What is on its way does not wait. The kernel tells the time of a round trip only with at least 200 ms on top of it (tcp(7), rto_min),
 * and with what packets waited on their way in it, which is what we sent ourselves. So once the rate is known, next to nothing is let
 * wait for a moment, at a part of the rate, as BBR probes for the time of a round trip: for so many bytes, which are acknowledgements
 * enough to move the kernel's average, within these limits. Before that no more than so much is believed. It is probed again, more and
 * more seldom, while what is believed is long enough to matter, and when the link carries less than such a part of what it did, as the
 * way may have become longer.
 */
const RTO_ABOVE_ROUND_TRIP_MS = 200;
const PROBE = { bytes: 50_000, leastMs: 100, mostMs: 400, rate: 2 / 3, waitMs: 12 } as const;
const PROBE_AGAIN = { longMs: 10, firstMs: 2000, mostMs: 60_000, slowerMs: 5000, slowerPart: 0.75 } as const;
const MAX_ROUND_TRIP_MS = { probed: 1000, before: 30 } as const;
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
  /** Milliseconds; undefined before the first reading. */
  #roundTrip: number | undefined;
  /** While the round trip is probed: since when next to nothing waits, monotonic milliseconds; infinite: more still does. */
  #probingSince: number | undefined;
  /** {@link #rate} when that began. */
  #probedRate = 0;
  /** The shortest round trip that was seen meanwhile, milliseconds. */
  #shortest = Number.POSITIVE_INFINITY;
  #probedAt = Number.NEGATIVE_INFINITY;
  /** After this long it may be probed again. */
  #againMs: number = PROBE_AGAIN.firstMs / 2;
  /** What waits and is on its way at the moment {@link #at}, by the last reading and the rate. */
  #queued = 0;
  #at: number;
  #last: { readonly queued: number; readonly at: number } | undefined;
  /** Bytes given since the last reading. */
  #given = 0;
  /** Bytes given last: on a long way, those of a picture. */
  #picture = 0;
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

  /** Bits per second that the link carries; undefined while that is not known. */
  get bitRate(): number | undefined {
    return this.#rate === undefined ? undefined : this.#rate * 8000;
  }

  /** Whether the last reading showed that it carries more than it was thought to. */
  get rising(): boolean {
    return this.#raises > 0;
  }

  /** Time of a round trip on the link itself, milliseconds; 0 while it is not known. */
  get roundTrip(): number {
    return this.#roundTrip ?? 0;
  }

  /** Takes note of bytes that were given to the connection. */
  gave(bytes: number, now: number): void {
    this.#advance(now);
    if (this.#probingSince === Number.POSITIVE_INFINITY && this.#queued <= LEAST_WAITING) this.#probingSince = now;
    this.#lowest = Math.min(this.#lowest, this.#queued);
    this.#queued += this.#probingSince === undefined ? bytes : bytes / PROBE.rate;
    this.#given += bytes;
    this.#picture = bytes;
  }

  /**
   * Milliseconds until the next picture, or slice of it, may be given; infinite while only a reading can tell.
   *
   * @param extraMs of what the link carries may wait in addition
   * @param before bytes that will be given before it
   */
  wait(now: number, extraMs = 0, before = 0): number {
    this.#advance(now);
    const rate = this.#rate ?? 0;
    const over = this.#queued + before - this.#mostWaiting(extraMs);
    if (this.#last !== undefined && over <= 0) return 0;
    return rate > 0 && over / rate <= MOST_WAIT_MS ? over / rate : Number.POSITIVE_INFINITY;
  }

  /** Returns how many bytes of a picture may be given now; 0 until {@link wait} is over, infinite on a long way. */
  capacity(now: number): number {
    if (this.wait(now) > 0) return 0;
    if (this.#probingSince !== undefined) return LEAST_WAITING;
    if (this.roundTrip > LONG_WAY_MS) return Number.POSITIVE_INFINITY;
    return Math.ceil(Math.max(LEAST_WAITING, this.#mostWaiting(SLICE_MS) - this.#queued));
  }

  /** Returns how many bytes may wait and be on their way when a picture or slice is given. */
  #mostWaiting(extraMs: number): number {
    const { roundTrip } = this;
    const rate = this.#rate ?? 0;
    if (this.#probingSince !== undefined) return LEAST_WAITING + rate * extraMs;
    return Math.max(LEAST_SLACK, rate * (this.#slack(rate) + roundTrip)) + rate * extraMs;
  }

  /** Milliseconds of what the link carries. @param rate bytes per millisecond */
  #slack(rate: number): number {
    const { leastMs, mostMs, roundTrips } = SLACK;
    if (this.roundTrip <= LONG_WAY_MS || rate === 0) return leastMs;
    return Math.min(mostMs, Math.max(leastMs, roundTrips * this.roundTrip - this.#picture / rate));
  }

  /** When the link was last seen to have taken something, or to have nothing to take; else since when it is looked at. */
  get movedAt(): number {
    return this.#movedAt;
  }

  /** Milliseconds for which the link had taken nothing of what waits when it was last looked at. */
  get stalledFor(): number {
    return this.#last ? this.#last.at - this.#movedAt : 0;
  }

  /** Takes a reading in. @param at when it was made; nothing has been given since */
  measured({ queued, rto }: TcpEntry, at: number): void {
    this.#advance(at);
    const probing = this.#isProbing(at);
    if (rto !== undefined) this.#measuredRoundTrip(Math.max(0, rto - RTO_ABOVE_ROUND_TRIP_MS), at);
    const before = this.#last;
    const carried = before ? Math.max(0, before.queued + this.#given - queued) : 0;
    if (carried > 0 || queued === 0) this.#movedAt = at;
    if (before && at > before.at && !probing) this.#measuredRate(carried, at - before.at, queued);
    this.#last = { queued, at };
    this.#queued = queued;
    this.#given = 0;
    this.#lowest = queued;
  }

  #measuredRoundTrip(ms: number, at: number): void {
    const { probed, before } = MAX_ROUND_TRIP_MS;
    if (this.#isProbing(at)) this.#shortest = Math.min(this.#shortest, ms);
    if (this.#isProbed(at)) {
      // Less what was let wait, after all; but a rate that losses keep low says nothing of that.
      this.#roundTrip = Math.min(probed, Math.max(0, this.#shortest - Math.min(PROBE.waitMs, LEAST_WAITING / this.#rate!)));
      this.#shortest = Number.POSITIVE_INFINITY;
      this.#probingSince = undefined;
      this.#probedAt = at;
      this.#againMs = Math.min(PROBE_AGAIN.mostMs, 2 * this.#againMs);
    } else if (this.#roundTrip === undefined) this.#roundTrip = Math.min(ms, before);
    else if (ms < this.#roundTrip) this.#roundTrip = ms;
    if (this.#probingSince !== undefined || !this.#rate || !this.#isDue(at)) return;
    this.#probingSince = Number.POSITIVE_INFINITY;
    this.#probedRate = this.#rate;
  }

  /** Whether the time of a round trip is to be probed. */
  #isDue(at: number): boolean {
    const since = at - this.#probedAt;
    if (since < this.#againMs) return false;
    const isSlower = since >= PROBE_AGAIN.slowerMs && this.#rate! < PROBE_AGAIN.slowerPart * this.#probedRate;
    return this.#probedRate === 0 || this.roundTrip > PROBE_AGAIN.longMs || isSlower;
  }

  /** Whether next to nothing was let wait since the last reading, which then says nothing of the rate. */
  #isProbing(at: number): boolean {
    return this.#probingSince !== undefined && this.#probingSince < at;
  }

  #isProbed(at: number): boolean {
    if (this.#probingSince === undefined || !this.#rate) return false;
    const { bytes, leastMs, mostMs } = PROBE;
    return at - this.#probingSince >= Math.min(mostMs, Math.max(leastMs, bytes / this.#rate));
  }

  /** @param carried bytes since the last reading, `ms` ago: what the link can, if it always had something to carry */
  #measuredRate(carried: number, ms: number, queued: number): void {
    const rate = this.#rate ?? 0;
    const sure = Math.max(rate * ms, carried - LUMP_BYTES) / SURE_BYTES;
    const weight = this.#rate === undefined ? 1 : Math.min(WEIGHT.most, Math.max(WEIGHT.least, sure));
    const onItsWay = rate * this.roundTrip;
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
