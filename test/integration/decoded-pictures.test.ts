import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/core/clock.ts';
import { silentLogger } from '../../src/core/log.ts';
import { type EncodedStream, streamOfUnits } from '../../src/encode/make-stream.ts';
import type { AccessUnit, CodedPicture } from '../../src/frames/access-unit.ts';
import type { Frame } from '../../src/frames/frame.ts';
import { readSps } from '../../src/frames/h264-sps.ts';
import type { StreamState } from '../../src/frames/stream-state.ts';
import { RtpJpegReader } from '../../src/protocols/rtp/jpeg-header.ts';
import { DECODER_IDLE_S, DecodedPictures } from '../../src/streams/decoded-pictures.ts';
import { Hub } from '../../src/streams/hub.ts';
import { UnitHub } from '../../src/streams/unit-hub.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordedPictures } from '../support/h264-recordings.ts';
import { needsProgram, program } from '../support/programs.ts';

const pictures = recordedPictures();
const GROUP = 15;
const INTERVAL_MS = 1000 / 15;
const never = new AbortController().signal;

/** The stream's own clock is the test's; ffmpeg runs in real time. */
let clock: FakeClock;
let units: UnitHub;
let hub: Hub;
let decoded: DecodedPictures;
let calls: string[];
let isNative: boolean;
let quality: number;
let sequence: number;
/** An empty directory. */
let dir: string;

function make({ ffmpegPath = '', searchPath = process.env.PATH ?? '' } = {}): void {
  const demand = { start: () => calls.push('on'), stop: () => calls.push('off'), retry: () => calls.push('retry') };
  units = new UnitHub({ demand, idleTimeout: 30, clock });
  decoded = new DecodedPictures({
    ...{ units, hub: () => hub, isNative: () => isNative, quality: () => quality, ffmpegPath, searchPath, clock, log: silentLogger },
  });
  hub = new Hub({ demand: decoded, idleTimeout: DECODER_IDLE_S, clock });
}

/** The camera says how it is. */
function report(state: StreamState): void {
  const status = { state, error: undefined, notices: [], source: 'camera' };
  units.setStatus(status);
  decoded.report(status);
}

/** The camera gives its next picture. */
function give(picture: CodedPicture = pictures[sequence % pictures.length]!): AccessUnit {
  clock.advance(INTERVAL_MS);
  const unit = { ...picture, sequence: ++sequence, capturedAt: clock.now(), monotonic: clock.monotonic() };
  units.publish(unit);
  return unit;
}

/** Resolves with the next JPEG. */
const jpeg = () =>
  new Promise<Frame>((resolve) => {
    const stop = hub.subscribe((frame) => {
      stop();
      resolve(frame);
    });
  });

/** Gives pictures one by one, each when the JPEG of the one before is there. */
async function play(count: number): Promise<{ readonly unit: AccessUnit; readonly frame: Frame }[]> {
  const played = [];
  for (let k = 0; k < count; k++) {
    const next = jpeg();
    const unit = give();
    played.push({ unit, frame: await next });
  }
  return played;
}

const pause = (ms: number) => new Promise((resolve) => systemClock.after(ms, () => resolve(undefined)));

/** An ffmpeg that does something before it becomes the real one. */
function script(first: string): string {
  const path = join(dir, 'ffmpeg-script');
  writeFileSync(path, `#!/bin/sh\n${first}\nexec ${program('ffmpeg')} "$@"\n`, { mode: 0o755 });
  return path;
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'decoded-'));
  clock = new FakeClock();
  calls = [];
  isNative = true;
  quality = 80;
  sequence = 0;
  make();
});

afterEach(async () => {
  await decoded.end();
  rmSync(dir, { recursive: true });
});

describe('JPEGs of the H.264 that a camera gives', () => {
  needsProgram('ffmpeg', 'each has the times of its own unit, and RTP can carry it', async () => {
    const release = hub.lease();
    expect(calls).toEqual(['on']);
    report('live');
    for (const { unit, frame } of await play(40)) {
      expect(frame).toMatchObject({ sequence: unit.sequence, capturedAt: unit.capturedAt, monotonic: unit.monotonic });
      expect(frame).toMatchObject({ width: 640, height: 480 });
      expect(new RtpJpegReader().read(frame.jpeg)).not.toHaveProperty('refusal');
    }
    expect(decoded.stream.counters).toEqual({ starts: 1, units: 40, skipped: 0, frames: 40 });
    release();
  });

  needsProgram('ffmpeg', 'a late viewer gets the newest picture of the running group at once', async () => {
    const other = units.lease();
    report('live');
    for (let k = 0; k < GROUP + 7; k++) give();
    const frame = await hub.current(10_000, never);
    expect(frame?.sequence).toBe(GROUP + 7);
    expect(decoded.stream.counters).toMatchObject({ units: 7, frames: 1 });
    // The next asker gets the same picture, by the same decoder.
    expect((await hub.current(10_000, never))?.sequence).toBe(GROUP + 7);
    clock.advance(1000 * DECODER_IDLE_S);
    await decoded.end();
    expect(hub.latest).toBeUndefined();
    expect(decoded.stream.counters.starts).toBe(1);
    other();
  });

  needsProgram('ffmpeg', 'many askers make one decoding', async () => {
    const other = units.lease();
    report('live');
    for (let k = 0; k < 5; k++) give();
    const frames = await Promise.all(Array.from({ length: 10 }, () => hub.current(10_000, never)));
    expect(new Set(frames.map((frame) => frame?.sequence))).toEqual(new Set([5]));
    expect(decoded.stream.counters).toMatchObject({ starts: 1, frames: 1 });
    other();
  });

  needsProgram('ffmpeg', 'no more are made than are wanted', async () => {
    const release = hub.lease(() => 5);
    report('live');
    const frames: Frame[] = [];
    hub.subscribe((frame) => frames.push(frame));
    for (let k = 0; k < 45; k++) {
      give();
      while (decoded.stream.counters.frames < Math.floor(k / 3) + 1) await pause(2);
      if (k % 3 === 0) expect(frames).toHaveLength(k / 3 + 1);
    }
    expect(decoded.stream.counters).toMatchObject({ units: 45, frames: 15 });
    release();
  });

  needsProgram('ffmpeg', 'another quality, and other parameter sets, take another decoder, which begins with a key frame', async () => {
    const release = hub.lease();
    report('live');
    const [coarse] = await play(GROUP);
    quality = 95;
    const [fine] = await play(1);
    expect(fine!.frame.size).toBeGreaterThan(1.5 * coarse!.frame.size);
    expect(decoded.stream.counters.starts).toBe(2);
    release();
  });

  needsProgram('ffmpeg', 'the decoder and the camera end after the last viewer', async () => {
    const release = hub.lease();
    report('live');
    await play(3);
    release();
    clock.advance(1000 * DECODER_IDLE_S);
    expect(decoded.stream.isWanted).toBe(false);
    expect(calls).toEqual(['on']);
    clock.advance(30_000);
    expect(calls).toEqual(['on', 'off']);
  });

  needsProgram('ffmpeg', 'a decoder that dies is said, and started again', async () => {
    make({ ffmpegPath: script('test -e "$0.ran" || { touch "$0.ran"; exit 7; }') });
    const release = hub.lease();
    report('live');
    give();
    while (hub.status.state !== 'failed') await pause(2);
    expect(hub.status.error).toMatchObject({ code: 'ENCODER_ENDED', message: 'ffmpeg (decoder) ended with exit code 7.' });
    expect(units.status.state).toBe('live');
    const next = jpeg();
    clock.advance(1000);
    await next;
    expect(hub.status.state).toBe('live');
    release();
  });

  needsProgram('ffmpeg', 'an FFmpeg before 5.1, which calls an option by another name', async () => {
    const words = `echo "Unrecognized option 'fps_mode'." >&2; echo "Error splitting the argument list: Option not found" >&2`;
    make({ ffmpegPath: script(`case "$*" in *fps_mode*) ${words}; exit 1;; esac`) });
    const release = hub.lease();
    report('live');
    const next = jpeg();
    give();
    expect((await next).sequence).toBe(1);
    expect(decoded.stream.counters.starts).toBe(2);
    release();
  });
});

describe('smaller H.264 of the H.264 that a camera gives', () => {
  const settings = { width: 320, height: 240, fps: 5, bitrate: 300, keyframeInterval: 1, profile: 'baseline' } as const;
  let stream: EncodedStream;

  beforeEach(() => {
    const choice = { ffmpeg: program('ffmpeg') ?? '', hardware: false, software: true };
    stream = streamOfUnits({
      ...{ name: 'H.264, small', settings: () => settings, choice: () => choice, native: { units } },
      ...{ searchPath: process.env.PATH ?? '', clock, log: silentLogger },
    });
  });
  afterEach(() => stream.stop());

  needsProgram('ffmpeg', 'is encoded at its own rate, each picture with the times of its own, beginning with the newest', async () => {
    const other = units.lease();
    report('live');
    const given = Array.from({ length: GROUP + 4 }, () => give());
    const small: AccessUnit[] = [];
    const leave = stream.subscribe((unit) => small.push(unit));
    while (small.length < 1) await pause(2);
    expect(small[0]).toMatchObject({ keyframe: true, sequence: given.at(-1)!.sequence, monotonic: given.at(-1)!.monotonic });
    expect(readSps(small[0]!.parameterSets.sps)).toMatchObject({ width: 320, height: 240 });
    for (let k = 1; k <= 30; k++) {
      given.push(give());
      while (small.length < Math.floor(k / 3) + 1) await pause(2);
    }
    for (const unit of small) {
      const { capturedAt, monotonic } = given.find(({ sequence }) => sequence === unit.sequence)!;
      expect(unit).toMatchObject({ capturedAt, monotonic });
    }
    expect(small).toHaveLength(11);
    // One each second.
    expect(small.map(({ keyframe }) => keyframe)).toEqual(small.map((_unit, at) => at % 5 === 0));
    expect(stream.counters).toMatchObject({ starts: 1, frames: 11, units: 11 });
    leave();
    other();
  });
});

describe('without ffmpeg', () => {
  beforeEach(() => make({ searchPath: dir }));

  test('H.264 is live, and what is missing is said to those who want JPEGs; the camera is not turned on for them', async () => {
    report('idle');
    expect(hub.status).toMatchObject({ state: 'failed', error: { code: 'H264_UNAVAILABLE', permanent: true } });
    expect(hub.status.error?.message).toMatch(/ffmpeg, which is not installed/);
    expect(await hub.current(10_000, never)).toBeUndefined();
    expect(calls).toEqual([]);
    const release = units.lease();
    report('live');
    expect(units.status.state).toBe('live');
    expect(hub.status.state).toBe('failed');
    release();
  });

  describe('that is installed while somebody wants JPEGs', () => {
    let leave: (() => void)[];

    beforeEach(() => {
      leave = [units.lease(), hub.lease()];
      report('live');
      expect(hub.status.state).toBe('failed');
    });
    afterEach(async () => {
      for (const each of leave) each();
      await decoded.end();
      clock.advance(30_000);
      expect(clock.pending).toBe(0);
    });
    const install = () => symlinkSync(program('ffmpeg')!, join(dir, 'ffmpeg'));
    const expectPictures = async () => {
      expect(hub.status).toMatchObject({ state: 'live', error: undefined });
      const next = jpeg();
      const { sequence } = give();
      expect((await next).sequence).toBe(sequence);
    };

    needsProgram('ffmpeg', 'is found within ten seconds, without anybody who comes or goes', async () => {
      clock.advance(60_000);
      expect(hub.status.state).toBe('failed');
      install();
      clock.advance(10_000);
      await expectPictures();
    });

    needsProgram('ffmpeg', 'is found at once by who tries again', async () => {
      install();
      hub.retry();
      await expectPictures();
      expect(calls).toEqual(['on', 'retry']);
    });
  });

  test('nobody looks for it while nobody wants JPEGs', () => {
    const release = units.lease();
    report('live');
    hub.lease()();
    clock.advance(1000 * DECODER_IDLE_S);
    expect(clock.pending).toBe(0);
    release();
  });

  test('nothing is said where the camera gives JPEGs after all', () => {
    isNative = false;
    report('live');
    expect(hub.status.state).toBe('live');
    const release = hub.lease();
    expect(calls).toEqual(['on']);
    release();
  });
});
