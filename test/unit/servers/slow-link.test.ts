import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SlowLink } from '../../../src/servers/slow-link.ts';

const PERIOD_MS = 33;
const STEP_MS = 1;
/** The link is known by then. */
const SETTLED_MS = 3000;
/** Bytes per millisecond of so many megabits a second. */
const carrying = (megabits: number) => (megabits * 1000) / 8;

interface Run {
  /** Bytes per millisecond of the link at a moment. */
  readonly rate: (ms: number) => number;
  readonly pictureBytes: number;
  readonly ms: number;
  readonly readEveryMs?: number;
  /** What is received is acknowledged when it is about so much. */
  readonly lumpBytes?: number;
  /** Time of a round trip while nothing waits, milliseconds, at a moment. */
  readonly roundTrip?: (ms: number) => number;
}

/**
 * A link as it really is, beside what is thought of it: pictures come every 33 ms, and the newest is begun when it may be, and given in
 * slices. What was sent is acknowledged a round trip after it passed.
 */
function run({ rate, pictureBytes, ms, readEveryMs = 150, lumpBytes = 1, roundTrip = () => 0 }: Run) {
  const link = new SlowLink(0);
  const given: { readonly at: number; readonly waitedMs: number }[] = [];
  const passed: { readonly at: number; readonly bytes: number; readonly waited: number }[] = [];
  const waits: number[] = [];
  const state = { queued: 0, received: 0, onItsWay: 0, lumps: 0, carried: 0, rest: 0, roundTrip: roundTrip(0) };
  let missed = false;
  for (let at = 0; at < ms; at += STEP_MS) {
    const roundTripMs = roundTrip(at);
    const moved = Math.min(state.queued, rate(at) * STEP_MS);
    state.queued -= moved;
    state.carried += moved;
    state.received += moved;
    // Between a half and one and a half of it, the same in each run.
    const lump = lumpBytes * (0.5 + ((state.lumps * 0.618) % 1));
    if (state.received > 0 && (state.received >= lump || state.queued === 0)) {
      passed.push({ at: at + roundTripMs, bytes: state.received, waited: state.queued / rate(at) });
      state.onItsWay += state.received;
      state.received = 0;
      state.lumps++;
    }
    while (passed[0] && passed[0].at <= at) {
      const { bytes, waited } = passed.shift()!;
      state.onItsWay -= bytes;
      // The kernel's average, an eighth of each acknowledgement, of which there is one for two packets.
      state.roundTrip += (roundTripMs + waited - state.roundTrip) * (1 - (7 / 8) ** Math.max(1, bytes / 2900));
    }
    if (at % readEveryMs === 0) {
      // To be read in hundredths of a second.
      const rto = 200 + 10 * Math.floor(state.roundTrip / 10);
      link.measured({ queued: Math.round(state.queued + state.received + state.onItsWay), rto }, at);
    }
    missed ||= at % PERIOD_MS === 0;
    if (missed && state.rest === 0 && link.wait(at) === 0) {
      missed = false;
      given.push({ at, waitedMs: state.queued / rate(at) });
      state.rest = pictureBytes;
    }
    const slice = link.bitRate === undefined ? state.rest : Math.min(state.rest, link.capacity(at));
    state.rest -= slice;
    state.queued += slice;
    if (slice > 0) link.gave(slice, at);
    if (slice > 0 && at > SETTLED_MS) waits.push(state.queued / rate(at));
  }
  return { link, given, carried: state.carried, waits };
}

/** The value that 99 of 100 are not above. */
const p99 = (values: readonly number[]) => [...values].sort((one, other) => one - other)[Math.floor(0.99 * values.length)]!;

describe('SlowLink', () => {
  test.each([2, 5, 10, 20])('keeps a link of %i Mbit/s busy, and next to nothing before a new picture', (megabits) => {
    const [rate, pictureBytes, ms] = [carrying(megabits), 75_000, 20_000];
    const { given, carried, link } = run({ rate: () => rate, pictureBytes, ms });
    expect(carried).toBeGreaterThan(0.95 * Math.min(rate, pictureBytes / PERIOD_MS) * ms);
    const late = given.filter(({ at }) => at > 2000).map(({ waitedMs }) => waitedMs);
    expect(Math.max(...late)).toBeLessThan(80);
    if (rate < pictureBytes / PERIOD_MS) expect(link.bitRate! / 1e6).toBeCloseTo(megabits, 0);
  });

  test.each([
    [2, 0],
    [2, 50],
    [10, 0],
    [10, 50],
  ])('at %i Mbit/s, %i ms away, acknowledgements by the dozen and what it sends itself do not deceive it', (megabits, roundTripMs) => {
    const [rate, pictureBytes, ms] = [carrying(megabits), 75_000, 300_000];
    const { given, carried, link, waits } = run({ rate: () => rate, pictureBytes, ms, lumpBytes: 14_000, roundTrip: () => roundTripMs });
    expect(carried).toBeGreaterThan(0.9 * rate * ms);
    expect(link.bitRate! / 1e6 / megabits).toBeCloseTo(1, 0);
    const late = given.filter(({ at }) => at > 5000).map(({ waitedMs }) => waitedMs);
    expect(p99(late)).toBeLessThan(40 + 1.5 * roundTripMs);
    // What a link's own buffer has to hold.
    if (roundTripMs === 0) expect(p99(waits)).toBeLessThan(60);
  });

  test.each([
    [0, 60],
    [60, 0],
    [0, 400],
    [400, 0],
    [400, 400],
  ])('is kept busy, by little, while a round trip takes %i ms, and then %i', (before, after) => {
    for (const megabits of [1, 2, 10]) {
      const [rate, ms] = [carrying(megabits), 100_000];
      const roundTrip = (at: number) => (at < 20_000 ? before : after);
      const { carried, waits } = run({ rate: () => rate, pictureBytes: 75_000, ms, roundTrip });
      expect(carried).toBeGreaterThan(0.9 * rate * ms);
      if (after === 0) expect(p99(waits.slice(-waits.length / 10))).toBeLessThan(120);
    }
  });

  test('a link that becomes fast has all pictures within a second', () => {
    const rate = (ms: number) => carrying(ms < 10_000 ? 2 : 200);
    const { given } = run({ rate, pictureBytes: 75_000, ms: 13_000, readEveryMs: 150 });
    const second = given.filter(({ at }) => at >= 11_000 && at < 12_000);
    expect(second.length).toBeGreaterThanOrEqual(30);
  });

  test('one that becomes slow has no old pictures after a moment', () => {
    const rate = (ms: number) => carrying(ms < 10_000 ? 20 : 1);
    const { given } = run({ rate, pictureBytes: 20_000, ms: 20_000 });
    const late = given.filter(({ at }) => at > 14_000).map(({ waitedMs }) => waitedMs);
    expect(late.length).toBeGreaterThan(20);
    expect(Math.max(...late)).toBeLessThan(100);
  });

  test('a picture larger than what may wait goes out all the same', () => {
    const { given } = run({ rate: () => carrying(1), pictureBytes: 1_000_000, ms: 60_000 });
    expect(given.length).toBeGreaterThanOrEqual(5);
  });

  /** A link at so many bytes a millisecond that has been looked at for a second, of which the kernel tells `rto` all the time. */
  function known(rate: number, rto: number): SlowLink {
    const link = new SlowLink(0);
    const queued = (50 + rto - 200) * rate;
    link.measured({ queued, rto }, 0);
    for (let at = 100; at <= 1000; at += 100) {
      link.gave(100 * rate, at);
      link.measured({ queued, rto }, at);
    }
    return link;
  }

  test('what is on its way does not count as waiting', () => {
    for (const roundTripMs of [0, 10, 20, 40]) {
      const link = known(1250, 200 + roundTripMs);
      link.gave(1_000_000 - (50 + roundTripMs) * 1250, 1000);
      expect(link.bitRate! / 1e6).toBeCloseTo(10, 4);
      // Less two packets, which are let wait all the same.
      expect(link.roundTrip).toBeGreaterThanOrEqual(Math.max(0, roundTripMs - 3));
      expect(link.roundTrip).toBeLessThanOrEqual(roundTripMs);
      // So much may be on its way, and wait for 20 ms.
      expect(800 - link.wait(1000)).toBeCloseTo(link.roundTrip + 20);
    }
  });

  test('on a long way three round trips may wait, the picture before among them', () => {
    for (const [roundTripMs, pictureMs, slackMs] of [
      [20, 20, 20],
      [40, 20, 100],
      [40, 60, 60],
      [40, 300, 20],
      [90, 20, 150],
    ] as const) {
      const link = known(1250, 200 + roundTripMs);
      link.gave(1_000_000 - (50 + roundTripMs + pictureMs) * 1250, 1000);
      link.gave(pictureMs * 1250, 1000);
      const waiting = 800 - link.wait(1000) - link.roundTrip;
      // The round trip is known less two packets, 3 ms of it at most.
      expect(waiting).toBeLessThan(slackMs + 1);
      expect(waiting).toBeGreaterThan(Math.max(20, slackMs - 9) - 1);
    }
  });

  test('what it was sent already is not taken for a long way', () => {
    const link = new SlowLink(150);
    link.measured({ queued: 300_000, rto: 320 }, 150);
    link.measured({ queued: 175_000, rto: 320 }, 250);
    expect(link.roundTrip).toBe(30);
  });

  test('while the round trip is probed, pictures that others are built on may wait all the same', () => {
    const link = new SlowLink(0);
    link.measured({ queued: 300_000, rto: 200 }, 0);
    link.measured({ queued: 175_000, rto: 200 }, 100);
    link.measured({ queued: 50_000, rto: 200 }, 200);
    expect(link.wait(200)).toBeGreaterThan(30);
    expect(link.capacity(200)).toBe(0);
    expect(link.wait(200, 400)).toBe(0);
    expect(link.wait(200, 400, 600_000)).toBeGreaterThan(0);
  });

  test('on a long way a picture is given whole', () => {
    const link = known(1250, 240);
    const wait = link.wait(1000);
    expect([link.capacity(1000), link.capacity(1000 + wait)]).toEqual([0, Number.POSITIVE_INFINITY]);
  });

  test('a slice is small where the link carries little, and a whole picture where it carries much', () => {
    const capacity = (megabits: number) => {
      const link = known(carrying(megabits), 200);
      const wait = link.wait(1000);
      return link.capacity(1000 + wait);
    };
    expect(capacity(0.5)).toBeLessThan(9000);
    expect(capacity(10)).toBeCloseTo(25_000, -2);
    expect(capacity(200)).toBeGreaterThan(240_000);
  });

  test('before a reading only a reading can tell', () => {
    const link = new SlowLink(0);
    expect(link.wait(10)).toBe(Number.POSITIVE_INFINITY);
    link.measured({ queued: 100_000, rto: 200 }, 20);
    expect(link.wait(20)).toBe(Number.POSITIVE_INFINITY);
    link.measured({ queued: 0, rto: 200 }, 120);
    expect(link.wait(120)).toBe(0);
  });

  test('knows how long it has taken nothing', () => {
    const link = new SlowLink(0);
    for (let at = 0; at <= 5000; at += 250) link.measured({ queued: 50_000, rto: 200 }, at);
    expect(link.stalledFor).toBe(5000);
    link.measured({ queued: 49_000, rto: 200 }, 5250);
    expect(link.stalledFor).toBe(0);
  });

  test('no readings make it wait for less than nothing, or for what is no number', () => {
    const reading = fc.record({ queued: fc.nat(5_000_000), rto: fc.option(fc.nat(120_000), { nil: undefined }) });
    fc.assert(
      fc.property(fc.array(fc.record({ after: fc.nat(2000), gave: fc.nat(500_000), reading })), (steps) => {
        const link = new SlowLink(0);
        let at = 0;
        for (const step of steps) {
          at += step.after;
          if (link.wait(at) === 0) link.gave(step.gave, at);
          link.measured(step.reading, at + 1);
          at += 1;
          expect(link.wait(at)).toBeGreaterThanOrEqual(0);
          expect(link.bitRate ?? 0).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});
