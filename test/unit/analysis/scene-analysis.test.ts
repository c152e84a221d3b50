import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { type Finding, SceneAnalysis } from '../../../src/analysis/scene-analysis.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { allocateBuffer, Frame, HEADROOM } from '../../../src/frames/frame.ts';
import { readJpegHeader } from '../../../src/frames/jpeg.ts';
import type { CameraStatus } from '../../../src/frames/stream-state.ts';
import type { Rate } from '../../../src/streams/fan-out.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { colourBars, grey } from '../../support/pictures.ts';

/** Stands for the hub: what it is asked for, and what it hands out. */
class StageHub {
  leases = 0;
  status: CameraStatus = { state: 'idle', error: undefined, notices: [], source: undefined };
  readonly frames = new Set<(frame: Frame) => void>();

  /** Asked for by the last lease. */
  rate: Rate | undefined;

  lease(rate?: Rate) {
    this.leases++;
    this.rate = rate;
    return () => void this.leases--;
  }
  subscribe(listener: (frame: Frame) => void) {
    this.frames.add(listener);
    return () => this.frames.delete(listener);
  }
  become(state: CameraStatus['state']) {
    this.status = { ...this.status, state };
  }
}

const MOTION = { sensitivity: 50, smallestArea: 0.003, zones: [], masks: [], holdTime: 5, trustsCamera: true };
let bars: Buffer;
beforeAll(async () => {
  bars = await colourBars(320, 240).jpeg().toBuffer();
});
let clock: FakeClock;
let hub: StageHub;
let told: [Finding, boolean][];
let scene: SceneAnalysis;
beforeEach(() => {
  clock = new FakeClock();
  hub = new StageHub();
  told = [];
});
afterEach(() => scene.stop());

function start(options: Partial<ConstructorParameters<typeof SceneAnalysis>[0]> = {}): void {
  scene = new SceneAnalysis({
    ...{ motion: undefined, health: false, followsLight: false, hub, clock, log: silentLogger },
    onChange: (finding, state) => told.push([finding, state]),
    ...options,
  });
  scene.start();
}

/** A picture with a black square at a place, 0 to 1; undefined: without it. */
async function show(place?: number): Promise<void> {
  const square = { create: { width: 96, height: 128, channels: 3, background: '#000' } } as const;
  const yard = sharp({ create: { width: 640, height: 480, channels: 3, background: '#999' } });
  const drawn = place === undefined ? yard : yard.composite([{ input: square, left: Math.round(place * 540), top: 200 }]);
  await hand(await drawn.jpeg().toBuffer());
  await clock.advanceAsync(250);
}

/** Hands a picture out, and waits until it was looked at. */
async function hand(jpeg: Buffer): Promise<void> {
  const { width, height } = readJpegHeader(jpeg)!;
  const buffer = allocateBuffer(jpeg.length);
  jpeg.copy(buffer, HEADROOM);
  const frame = new Frame({ buffer, size: jpeg.length, width, height }, 1, clock.now(), clock.monotonic());
  for (const listener of hub.frames) listener(frame);
  // The picture is looked at in slices, between which all else goes on.
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('motion', () => {
  test('keeps the camera on, and gives it up at the end', () => {
    start({ motion: MOTION });
    expect(hub.leases).toBe(1);
    expect(told).toEqual([['motion', false]]);
    scene.stop();
    expect([hub.leases, hub.frames.size, clock.pending]).toEqual([0, 0, 0]);
  });

  test('without it the camera goes off as always, and no timer runs', () => {
    start();
    expect([hub.leases, clock.pending]).toEqual([0, 0]);
  });

  test('without it nothing is said about motion, whoever watches: clients would show a sensor that stays off for ever', async () => {
    start();
    hub.become('live');
    for (let k = 0; k < 3; k++) await show(k * 0.3);
    expect(told).toEqual([]);
  });

  test('is found in the pictures where the source says nothing, and is over after the hold time', async () => {
    start({ motion: MOTION });
    hub.become('live');
    for (let k = 0; k < 12; k++) await show();
    expect(scene.motionBy).toBe('pictures');
    for (let k = 0; k < 4; k++) await show(k * 0.1);
    expect(told.at(-1)).toEqual(['motion', true]);
    for (let k = 0; k < 12; k++) await show();
    expect(scene.state('motion')).toBe(true);
    for (let k = 0; k < 16; k++) await show();
    expect(told.at(-1)).toEqual(['motion', false]);
  });

  test('is over when pictures stop coming although the camera is live', async () => {
    start({ motion: MOTION });
    hub.become('live');
    for (let k = 0; k < 12; k++) await show();
    for (let k = 0; k < 4; k++) await show(k * 0.1);
    expect(scene.state('motion')).toBe(true);
    await clock.advanceAsync(9000);
    expect(scene.state('motion')).toBe(true);
    // Ten seconds without a picture, and the hold time.
    await clock.advanceAsync(6500);
    expect(told.at(-1)).toEqual(['motion', false]);
  });

  test('is taken from a source that looks itself, and from the pictures again when it does no more', async () => {
    start({ motion: MOTION });
    hub.become('live');
    scene.sensed({ kind: 'begin' });
    scene.sensed({ kind: 'watching' });
    expect(scene.motionBy).toBe('camera');
    await clock.advanceAsync(4000);
    scene.sensed({ kind: 'motion', region: '', moving: true });
    await clock.advanceAsync(1000);
    expect(scene.state('motion')).toBe(true);
    scene.sensed({ kind: 'motion', region: '', moving: false });
    await clock.advanceAsync(6000);
    expect(scene.state('motion')).toBe(false);
    scene.sensed({ kind: 'begin' });
    expect(scene.motionBy).toBe('pictures');
  });

  test('that a source only stirs for is judged in the pictures', async () => {
    start({ motion: { ...MOTION, trustsCamera: false } });
    hub.become('live');
    scene.sensed({ kind: 'watching' });
    expect(scene.motionBy).toBe('both');
    for (let k = 0; k < 20; k++) await show();
    scene.sensed({ kind: 'motion', region: '', moving: true });
    for (let k = 0; k < 4; k++) await show();
    expect(scene.state('motion')).toBe(false);
    for (let k = 0; k < 4; k++) await show(k * 0.1);
    expect(scene.state('motion')).toBe(true);
  });

  test('is over when the camera gives no pictures any more', async () => {
    start({ motion: MOTION });
    hub.become('live');
    for (let k = 0; k < 12; k++) await show();
    for (let k = 0; k < 4; k++) await show(k * 0.1);
    hub.become('failed');
    await clock.advanceAsync(6000);
    expect(scene.state('motion')).toBe(false);
  });
});

test('where nothing is looked for, pictures are not even shown', () => {
  start();
  expect(hub.frames.size).toBe(0);
  scene.stop();
  start({ health: true });
  expect(hub.frames.size).toBe(1);
});

test('day and night follow the lux of the source', async () => {
  start({ followsLight: true });
  const shine = async (lux: number, seconds: number) => {
    for (let k = 0; k < seconds; k++) {
      scene.sensed({ kind: 'light', lux, exposure: undefined });
      await clock.advanceAsync(1001);
    }
  };
  await shine(400, 5);
  await shine(1, 20);
  expect(told).toEqual([
    ['night', false],
    ['night', true],
  ]);
  await shine(100, 40);
  expect(told.at(-1)).toEqual(['night', false]);
});

describe('the state of the picture, where the camera tells light and exposure', () => {
  let black: Buffer;
  beforeAll(async () => {
    black = await grey(320, 240, 0).jpeg().toBuffer();
  });

  /** Shows a picture a second. @returns after how many seconds it was told to be too dark; undefined: it was not */
  async function watch(jpeg: Buffer, seconds: number, lux: number | undefined): Promise<number | undefined> {
    for (let second = 0; second < seconds; second++) {
      if (lux !== undefined) scene.sensed({ kind: 'light', lux, exposure: 25_000 });
      await hand(jpeg);
      await clock.advanceAsync(999);
      if (scene.state('tooDark')) return second;
    }
    return undefined;
  }

  test('is looked at when that changes, and the picture decides', async () => {
    start({ health: true });
    hub.become('live');
    scene.sensed({ kind: 'begin' });
    expect(await watch(bars, 60, 400)).toBeUndefined();
    // A night that is well exposed is dark and yet no dark picture.
    expect(await watch(bars, 60, 1)).toBeUndefined();
    expect(await watch(black, 30, 0.1)).toBeLessThanOrEqual(12);
  });

  test('is seldom looked at while that stays', async () => {
    start({ health: true });
    hub.become('live');
    scene.sensed({ kind: 'begin' });
    await watch(bars, 60, 400);
    // It cannot be: who made it darker without changing the light?
    const after = await watch(black, 60, 400);
    expect(after).toBeGreaterThan(12);
    expect(after).toBeLessThanOrEqual(32);
  });

  test('is looked at as ever where nothing is told', async () => {
    start({ health: true });
    hub.become('live');
    await watch(bars, 60, undefined);
    expect(await watch(black, 60, undefined)).toBeLessThanOrEqual(12);
  });
});

test('a picture that cannot be read is complained of and no more', async () => {
  const complaints: string[] = [];
  start({ motion: MOTION, log: { ...silentLogger, warn: (text) => void complaints.push(text) } });
  hub.become('live');
  const buffer = allocateBuffer(4);
  buffer.write('ffd8ffd9', HEADROOM, 'hex');
  const frame = new Frame({ buffer, size: 4, width: 8, height: 8 }, 1, clock.now(), clock.monotonic());
  for (const listener of hub.frames) listener(frame);
  for (let turn = 0; turn < 200 && complaints.length === 0; turn++) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(complaints[0]).toMatch(/cannot be looked at/);
});

describe('pictures that have to be decoded', () => {
  /** The camera beside the hub; `others` watch something. */
  const camera = new StageHub();
  let others: number;
  let possible: boolean;
  const decoding = { camera, isNeeded: () => true, isPossible: () => possible, holders: () => others + hub.leases };

  beforeEach(() => {
    others = 0;
    possible = true;
    camera.leases = 0;
    camera.become('live');
  });

  test('are not wanted while the camera itself may say that it looks for motion, and does', () => {
    start({ motion: MOTION, decoding });
    scene.sensed({ kind: 'begin' });
    clock.advance(1000);
    expect([camera.leases, hub.leases]).toEqual([1, 0]);
    scene.sensed({ kind: 'watching' });
    clock.advance(10_000);
    expect([camera.leases, hub.leases]).toEqual([1, 0]);
    // Another source, which does not look.
    scene.sensed({ kind: 'begin' });
    clock.advance(5500);
    expect([camera.leases, hub.leases]).toEqual([1, 1]);
    expect(hub.rate?.()).toBe(6);
    camera.become('stalled');
    clock.advance(500);
    expect([camera.leases, hub.leases]).toEqual([1, 0]);
  });

  test('where nothing decodes them the camera is believed, and where it does not look for motion either, that is known', async () => {
    possible = false;
    start({ motion: { ...MOTION, trustsCamera: false }, decoding });
    scene.sensed({ kind: 'begin' });
    clock.advance(1000);
    expect([scene.motionBy, scene.isMotionUnseen]).toEqual([undefined, false]);
    clock.advance(5000);
    expect([scene.motionBy, scene.isMotionUnseen]).toEqual([undefined, true]);
    scene.sensed({ kind: 'watching' });
    expect([scene.motionBy, scene.isMotionUnseen]).toEqual(['camera', false]);
    clock.advance(4000);
    scene.sensed({ kind: 'motion', region: '', moving: true });
    clock.advance(1000);
    expect(scene.state('motion')).toBe(true);
    possible = true;
    clock.advance(500);
    expect([scene.motionBy, scene.isMotionUnseen]).toEqual(['both', false]);
  });

  test('are few while the camera says that nothing stirs', () => {
    start({ motion: { ...MOTION, trustsCamera: false }, decoding });
    scene.sensed({ kind: 'begin' });
    scene.sensed({ kind: 'watching' });
    clock.advance(500);
    expect([hub.leases, hub.rate?.()]).toEqual([1, 0.75]);
    scene.sensed({ kind: 'motion', region: '', moving: true });
    expect(hub.rate?.()).toBe(6);
  });

  test('are wanted for the health of the picture only as long as others keep the camera on', () => {
    start({ health: true, decoding });
    clock.advance(1000);
    expect([camera.leases, hub.leases]).toEqual([0, 0]);
    others = 1;
    clock.advance(1000);
    expect([camera.leases, hub.leases, hub.rate?.()]).toEqual([0, 1, 0.75]);
    others = 0;
    clock.advance(1000);
    expect(hub.leases).toBe(0);
  });

  test('are wanted now and then where the camera says that light and focus stay', async () => {
    start({ health: true, decoding });
    others = 1;
    const wanted: boolean[] = [];
    for (let second = 0; second < 90; second++) {
      scene.sensed({ kind: 'light', lux: 400, exposure: 25_000 });
      if (hub.leases > 0) await hand(bars);
      await clock.advanceAsync(999);
      wanted.push(hub.leases > 0);
    }
    expect(wanted.slice(1, 25)).not.toContain(false);
    const rest = wanted.slice(35).filter(Boolean).length;
    expect(rest).toBeGreaterThan(0);
    expect(rest).toBeLessThan(10);
  });

  test('are not wanted of a camera that gives JPEGs after all', () => {
    start({ health: true, decoding: { ...decoding, isNeeded: () => false } });
    others = 1;
    clock.advance(1000);
    expect(hub.leases).toBe(0);
  });
});
