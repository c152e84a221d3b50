import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/core/clock.ts';
import { silentLogger } from '../../src/core/log.ts';
import type { EncoderSettings } from '../../src/encode/encoder.ts';
import { type EncodedStream, streamOfFrames } from '../../src/encode/make-stream.ts';
import type { AccessUnit } from '../../src/frames/access-unit.ts';
import type { Frame, Picture } from '../../src/frames/frame.ts';
import { JpegSplitter } from '../../src/frames/jpeg-splitter.ts';
import { dice } from '../support/dice.ts';
import { linkEncoder } from '../support/encoder.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { barsRecording } from '../support/jpegs.ts';
import { PlayedFeed } from '../support/picture-feed.ts';
import { needsProgram, program } from '../support/programs.ts';
import { isRunning } from '../support/server.ts';

const INTERVAL_MS = 100;
/** For so many pictures an encoder outlives its last viewer. */
const LINGER = 51;
/** The sub stream gets every second picture. */
const SUB_FPS = 5;
const bars: Picture[] = [];
new JpegSplitter((picture) => bars.push(picture)).push(barsRecording());

/** The streams' own clock is the test's; what stands in for ffmpeg runs in real time. */
let dir: string;
let ffmpeg: string;
let clock: FakeClock;
let feed: PlayedFeed;
let settings: EncoderSettings;
let subSettings: EncoderSettings;
let main: EncodedStream;
let sub: EncodedStream;
let mainUnits: AccessUnit[];
let subUnits: AccessUnit[];

const behave = (what: object) => writeFileSync(`${ffmpeg}.json`, JSON.stringify(what));
type Entry = { start?: number; time?: number };
const entries = (): Entry[] =>
  readFileSync(`${ffmpeg}.log`, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
const pids = () => entries().flatMap(({ start }) => start ?? []);
const starts = () => pids().length;
const running = () => pids().filter(isRunning).length;
/** How many of them have had a picture: the first is at 0, and may have the mark of the sub stream. */
const begun = () => entries().filter(({ time }) => time === 0 || time === 4).length;

async function until(done: () => boolean): Promise<void> {
  const own = dir;
  const deadline = performance.now() + 5000;
  while (dir === own && !done()) {
    if (performance.now() > deadline) throw new Error(`never came to be: ${done}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function open(path: string, time = clock): void {
  const share = {};
  const common = {
    ...{ feed, choice: () => ({ ffmpeg: path, hardware: false, software: true }), searchPath: process.env.PATH ?? '' },
    ...{ clock: time, log: silentLogger, random: () => 0.5 },
  };
  main = streamOfFrames({ ...common, name: 'H.264', settings: () => settings, role: { share, as: 'main' } });
  sub = streamOfFrames({ ...common, name: 'H.264, small', settings: () => subSettings, role: { share, as: 'sub' } });
}

const watchMain = () => main.subscribe((unit) => mainUnits.push(unit));
const watchSub = () => sub.subscribe((unit) => subUnits.push(unit));

/** Shows one picture, and waits until those who watch have it; of the sub stream only where `hasSub` says so. */
async function show(watched: { main?: boolean; sub?: boolean }): Promise<Frame> {
  clock.advance(INTERVAL_MS);
  const frame = feed.show(bars[feed.sequence % bars.length]);
  if (watched.main) await until(() => mainUnits.at(-1)?.sequence === frame.sequence);
  if (watched.sub && isDue(frame)) await until(() => subUnits.at(-1)?.sequence === frame.sequence);
  return frame;
}

/** Returns the functions by which they leave. */
async function watchBoth(): Promise<readonly [() => void, () => void]> {
  const leave = [watchMain(), watchSub()] as const;
  // The first picture starts the ffmpeg that is to be shared.
  await show({ main: true });
  await showMany(9, { main: true, sub: true });
  expect(starts()).toBe(1);
  return leave;
}

/** The first picture that it got decides which ones come after it. */
const isDue = ({ sequence }: Pick<Frame, 'sequence'>) => (sequence - (subUnits[0]?.sequence ?? sequence)) % 2 === 0;

async function showMany(count: number, watched: Parameters<typeof show>[0]): Promise<void> {
  for (let k = 0; k < count; k++) await show(watched);
}

/** Of what the stand-in gives each slice tells its number: whether each can be decoded with those before it. */
function expectWhole(units: readonly AccessUnit[], step: number): void {
  const number = ({ nals }: AccessUnit) => nals.at(-1)![1]! & 0x7f;
  for (const [at, unit] of units.entries()) {
    const before = units[at - 1];
    if (!before) expect(unit.keyframe).toBe(true);
    else {
      expect(unit.sequence - before.sequence).toBe(step);
      if (!unit.keyframe) expect(number(unit)).toBe((number(before) + 1) & 0x7f);
    }
  }
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'shared-decoding-'));
  ffmpeg = linkEncoder(dir);
  clock = new FakeClock();
  feed = new PlayedFeed(clock);
  feed.fps = 1000 / INTERVAL_MS;
  settings = { width: 0, height: 0, fps: 0, bitrate: 1000, keyframeInterval: 2, profile: 'baseline' };
  subSettings = { ...settings, width: 320, height: 240, fps: SUB_FPS, bitrate: 300 };
  [mainUnits, subUnits] = [[], []];
  open(ffmpeg);
});
afterEach(async () => {
  await Promise.all([main.stop(), sub.stop()]);
  expect(clock.pending).toBe(0);
  expect(running()).toBe(0);
  rmSync(dir, { recursive: true, force: true });
  dir = '';
});

describe('a stream and its sub stream', () => {
  test('are decoded for once; each picture has the times of its own', async () => {
    watchMain();
    await show({ main: true });
    watchSub();
    const shown = [await show({ main: true }), await show({ main: true, sub: true })];
    await showMany(40, { main: true, sub: true });
    expect(starts()).toBe(1);
    expectWhole(mainUnits, 1);
    expectWhole(subUnits, 2);
    const first = shown.find(({ sequence }) => sequence === subUnits[0]!.sequence)!;
    expect(subUnits[0]).toMatchObject({ capturedAt: first.capturedAt, monotonic: first.monotonic });
    // One each two seconds.
    expect(subUnits.flatMap(({ keyframe }, at) => (keyframe ? [at] : []))).toEqual([0, 10, 20]);
    expect(mainUnits.flatMap(({ keyframe }, at) => (keyframe ? [at] : []))).toEqual([0, 20, 40]);
    expect(sub.counters).toMatchObject({ starts: 1, frames: subUnits.length, units: subUnits.length, skipped: 0 });
  });

  test('the sub stream goes over to the other’s ffmpeg when somebody watches that, and lacks no picture', async () => {
    watchSub();
    await showMany(7, { sub: true });
    watchMain();
    await showMany(20, { main: true, sub: true });
    expectWhole(subUnits, 2);
    expect(starts()).toBe(2);
    await until(() => running() === 1);
    await showMany(4, { main: true, sub: true });
    expect(main.counters.starts).toBe(1);
  });

  test.each([
    [
      'when somebody comes to watch it',
      async () => {
        watchMain();
        await showMany(2, { main: true });
        watchSub();
        await show({ main: true });
      },
    ],
    [
      'where it was watched before',
      async () => {
        watchSub();
        await showMany(7, { sub: true });
        watchMain();
      },
    ],
  ])('the sub stream comes %s, also while all pictures of the other are key frames', async (_when, come) => {
    settings = { ...settings, keyframeInterval: INTERVAL_MS / 1000 };
    await come();
    await showMany(30, { main: true, sub: true });
    await until(() => running() === 1);
    expectWhole(subUnits, 2);
    expectWhole(mainUnits, 1);
    // But for the one with which the sub stream begins.
    expect(mainUnits.filter(({ keyframe }) => !keyframe)).toHaveLength(1);
    expect(sub.counters.skipped).toBe(0);
  });

  test('and back when the last one has left it', async () => {
    const [leave] = await watchBoth();
    leave();
    await showMany(LINGER, { sub: true });
    // The next one is there before the one that was is let go.
    await until(() => begun() === 2);
    expect(running()).toBe(2);
    await showMany(10, { sub: true });
    await until(() => running() === 1);
    const gap = subUnits.findIndex((unit, at) => at > 0 && unit.sequence - subUnits[at - 1]!.sequence !== 2);
    expect(gap).toBe(-1);
    expectWhole(subUnits, 2);
    expect(starts()).toBe(2);
    expect(sub.status.state).toBe('live');
  });

  test('other settings of the one do not interrupt the other', async () => {
    await watchBoth();
    settings = { ...settings, bitrate: 2000 };
    main.changed();
    await showMany(2, { sub: true });
    await until(() => begun() === 3);
    await showMany(30, { sub: true });
    await until(() => running() === 1);
    expectWhole(subUnits, 2);
    const last = mainUnits.findLastIndex(({ keyframe }) => keyframe);
    subSettings = { ...subSettings, bitrate: 500 };
    sub.changed();
    await showMany(10, { main: true });
    expectWhole(mainUnits.slice(last), 1);
    // What it is to be now the other's ffmpeg was not told of.
    await until(() => running() === 2);
  });

  test('who leaves the sub stream and comes back costs no new ffmpeg', async () => {
    const [, leave] = await watchBoth();
    leave();
    clock.advance(5000);
    await until(() => sub.status.state === 'idle');
    const { length } = subUnits;
    await showMany(3, { main: true });
    expect(subUnits).toHaveLength(length);
    watchSub();
    await showMany(3, { main: true });
    await until(() => subUnits.length > length);
    expect(subUnits[length]!.keyframe).toBe(true);
    expect(starts()).toBe(1);
  });

  test.each([
    ['says nothing', { subSilent: true }],
    ['talks nonsense', { subGarbage: true }],
  ])('an ffmpeg that %s on the sub stream goes on with the other', async (_which, what) => {
    behave(what);
    watchMain();
    watchSub();
    await showMany(36, { main: true });
    behave({});
    await show({ main: true });
    await until(() => begun() === 2);
    await showMany(10, { main: true });
    await until(() => subUnits.length > 0);
    expectWhole(mainUnits, 1);
    expect(starts()).toBe(2);
    expect(sub.status.state).toBe('live');
  });

  test('one that dies of the sub stream: an ffmpeg for each', async () => {
    behave({ dieAtSub: true });
    watchMain();
    watchSub();
    await showMany(1, {});
    await until(() => mainUnits.length > 0);
    await showMany(2, {});
    await until(() => main.status.state === 'stalled');
    // As it is measured, the rate is a little different each time.
    feed.fps *= 1.01;
    clock.advance(200);
    await show({});
    await until(() => running() === 2);
    await showMany(10, { main: true });
    await until(() => subUnits.length > 0);
    expect(running()).toBe(2);
    expect(starts()).toBe(3);
  });

  test('whoever comes and goes: nothing is doubled, nothing lacks what it is decoded with, nothing is left', async () => {
    const roll = dice(7);
    let [leaveMain, leaveSub]: (undefined | (() => void))[] = [undefined, undefined];
    for (let k = 0; k < 60; k++) {
      if (roll.next().value! < 0.5) {
        leaveMain?.();
        leaveMain = leaveMain ? undefined : watchMain();
      } else {
        leaveSub?.();
        leaveSub = leaveSub ? undefined : watchSub();
        // Each of his visits is looked at by itself.
        subUnits = [];
      }
      if (roll.next().value! < 0.5) clock.advance(5000);
      for (let count = 0; count < 8; count++) {
        await show({});
        await new Promise((resolve) => systemClock.after(2, () => resolve(undefined)));
      }
      for (const [at, unit] of subUnits.entries())
        if (at > 0) {
          expect(unit.sequence).toBeGreaterThan(subUnits[at - 1]!.sequence);
          if (!unit.keyframe) expect(unit.nals.at(-1)![1]! & 0x7f).toBe(((subUnits[at - 1]!.nals.at(-1)![1]! & 0x7f) + 1) & 0x7f);
        }
      expect(running()).toBeLessThanOrEqual(4);
    }
    leaveMain?.();
    leaveSub?.();
    clock.advance(5000);
    await until(() => main.status.state === 'idle' && sub.status.state === 'idle');
    await until(() => running() === 0);
  });
});

needsProgram('ffmpeg', 'the real ffmpeg does it, with the parameter sets that the sub stream has by itself', async () => {
  await Promise.all([main.stop(), sub.stop()]);
  open(program('ffmpeg')!);
  watchSub();
  await showMany(9, { sub: true });
  const leave = watchMain();
  await showMany(31, { main: true, sub: true });
  const joined = subUnits.length;
  leave();
  await showMany(LINGER, { sub: true });
  for (let k = 0; k < 20; k++) {
    await show({ sub: true });
    // It takes a while to start.
    await new Promise((resolve) => systemClock.after(20, () => resolve(undefined)));
  }
  expect(subUnits.length).toBeGreaterThan(joined);
  const sets = new Set(subUnits.map(({ parameterSets: { sps, pps } }) => Buffer.concat([sps, pps]).toString('hex')));
  expect([...sets]).toHaveLength(1);
  for (const [at, { sequence }] of subUnits.entries()) if (at > 0) expect(sequence - subUnits[at - 1]!.sequence).toBe(2);
  expect(mainUnits.map(({ sequence }, at) => sequence - at)).toEqual(mainUnits.map(() => mainUnits[0]!.sequence));
});

needsProgram('ffmpeg', 'the real ffmpeg begins the sub stream although all other pictures of the main one are key frames', async () => {
  await Promise.all([main.stop(), sub.stop()]);
  settings = { ...settings, keyframeInterval: INTERVAL_MS / 1000 };
  open(program('ffmpeg')!);
  watchMain();
  await showMany(2, { main: true });
  watchSub();
  await show({ main: true });
  await showMany(42, { main: true, sub: true });
  expect(mainUnits.filter(({ keyframe }) => !keyframe)).toHaveLength(1);
  expect(subUnits.flatMap(({ keyframe }, at) => (keyframe ? [at] : []))).toEqual([0, 10, 20]);
});
