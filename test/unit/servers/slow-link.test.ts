import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SlowLink } from '../../../src/servers/slow-link.ts';

const PERIOD_MS = 33;
const STEP_MS = 1;
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
  /** Time of a round trip while nothing waits, and the most that waits on the way rather than in the kernel, milliseconds. */
  readonly roundTripMs?: number;
  readonly bufferMs?: number;
}

/** A link as it really is, beside what is thought of it: pictures come every 33 ms, and the newest is given when it may be. */
function run({ rate, pictureBytes, ms, readEveryMs = 150, lumpBytes = 1, roundTripMs = 0, bufferMs = 0 }: Run) {
  const link = new SlowLink(0);
  const given: { readonly at: number; readonly waitedMs: number }[] = [];
  const acknowledged: { readonly at: number; readonly bytes: number }[] = [];
  let queued = 0;
  let received = 0;
  let onItsWay = 0;
  let lumps = 0;
  let carried = 0;
  let missed = false;
  for (let at = 0; at < ms; at += STEP_MS) {
    const moved = Math.min(queued, rate(at) * STEP_MS);
    queued -= moved;
    carried += moved;
    received += moved;
    // Between a half and one and a half of it, the same in each run.
    const lump = lumpBytes * (0.5 + ((lumps * 0.618) % 1));
    if (received > 0 && (received >= lump || queued === 0)) {
      acknowledged.push({ at: at + roundTripMs, bytes: received });
      onItsWay += received;
      received = 0;
      lumps++;
    }
    while (acknowledged[0] && acknowledged[0].at <= at) onItsWay -= acknowledged.shift()!.bytes;
    if (at % readEveryMs === 0) {
      const waits = at === 0 ? 0 : Math.min(bufferMs, queued / rate(at));
      link.measured({ queued: Math.round(queued + received + onItsWay), rto: 200 + roundTripMs + waits }, at);
    }
    missed ||= at % PERIOD_MS === 0;
    if (missed && link.wait(at) === 0) {
      missed = false;
      given.push({ at, waitedMs: queued / rate(at) });
      queued += pictureBytes;
      link.gave(pictureBytes, at);
    }
  }
  return { link, given, carried };
}

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
    const { given, carried, link } = run({ rate: () => rate, pictureBytes, ms, lumpBytes: 14_000, roundTripMs, bufferMs: 100 });
    expect(carried).toBeGreaterThan(0.9 * rate * ms);
    expect(link.bitRate! / 1e6 / megabits).toBeCloseTo(1, 0);
    const late = given.filter(({ at }) => at > 5000).map(({ waitedMs }) => waitedMs);
    expect(late.sort((one, other) => one - other)[Math.floor(0.99 * late.length)]).toBeLessThan(40 + roundTripMs / 2);
  });

  test('a way that becomes longer is noticed as far as what was queued does not explain it', () => {
    // 20 Mbit/s: 2500 bytes a millisecond, and never more queued than it carries in 30 ms.
    const waitWith = (laterRto: number) => {
      const link = new SlowLink(0);
      for (let at = 0; at <= 60_000; at += 10) {
        link.gave(25_000, at);
        if (at % 150 === 0) link.measured({ queued: 75_000, rto: at < 6000 ? 200 : laterRto }, at);
      }
      return link.wait(60_000);
    };
    expect(waitWith(200)).toBeCloseTo(10);
    expect(waitWith(230)).toBeCloseTo(10);
    expect(waitWith(290)).toBe(0);
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

  test('what is on its way does not count as waiting', () => {
    const link = new SlowLink(0);
    link.measured({ queued: 300_000, rto: 250 }, 0);
    link.measured({ queued: 175_000, rto: 250 }, 100);
    // 1250 bytes a millisecond: 50 ms of them are on their way, and as many may wait.
    expect(link.wait(100)).toBeCloseTo(40);
    const nearer = new SlowLink(0);
    nearer.measured({ queued: 300_000, rto: 200 }, 0);
    nearer.measured({ queued: 175_000, rto: 200 }, 100);
    expect(nearer.wait(100)).toBeCloseTo(120);
  });

  test('what it was sent already is not taken for a long way where the first reading comes late', () => {
    const link = new SlowLink(150, 0);
    link.measured({ queued: 300_000, rto: 320 }, 150);
    link.measured({ queued: 175_000, rto: 320 }, 250);
    // 1250 bytes a millisecond: 30 ms of them are on their way, and as many may wait.
    expect(link.wait(250)).toBeCloseTo(80);
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
