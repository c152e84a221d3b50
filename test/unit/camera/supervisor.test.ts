import { beforeEach, describe, expect, test } from '@jest/globals';
import { CameraSupervisor } from '../../../src/camera/supervisor.ts';
import { AppError } from '../../../src/core/errors.ts';
import { silentLogger } from '../../../src/core/log.ts';
import type { AccessUnit, CodedPicture } from '../../../src/frames/access-unit.ts';
import type { Frame } from '../../../src/frames/frame.ts';
import type { CameraStatus } from '../../../src/frames/stream-state.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { makePicture, PlayedSource } from '../../support/frames.ts';

let clock: FakeClock;
let source: PlayedSource;
let frames: Frame[];
let units: AccessUnit[];
let reports: CameraStatus[];
let supervisor: CameraSupervisor;
let watched: boolean;

const state = () => supervisor.report.state;
const settle = () => clock.advanceAsync(0);
const showPicture = () => source.last.events.picture(makePicture());
const crash = () => source.last.events.ended(new AppError('CAPTURE_ENDED', 'it died'));

function make(fps = 15, resolve: () => Promise<PlayedSource> = async () => source) {
  supervisor = new CameraSupervisor({
    fps: () => fps,
    resolve,
    watched: () => watched,
    clock,
    log: silentLogger,
    onFrame: (frame) => frames.push(frame),
    onUnit: (unit) => units.push(unit),
    onReport: (report) => reports.push(report),
    random: () => 0.5,
  });
}

beforeEach(() => {
  clock = new FakeClock();
  source = new PlayedSource();
  frames = [];
  units = [];
  reports = [];
  watched = false;
  make();
});

describe('CameraSupervisor', () => {
  test('goes from idle over starting to live and back to idle', async () => {
    expect(state()).toBe('idle');
    supervisor.start();
    expect(state()).toBe('starting');
    await settle();
    showPicture();
    expect(state()).toBe('live');
    expect(frames).toHaveLength(1);
    expect(frames[0]).toMatchObject({ sequence: 1, capturedAt: clock.now(), monotonic: clock.monotonic(), width: 64, height: 48 });
    await supervisor.stop();
    expect(state()).toBe('idle');
    expect(source.last.stopped).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test('gives pictures that come at once times of their own, which recordings in milliseconds can tell apart', async () => {
    supervisor.start();
    await settle();
    for (let count = 0; count < 3; count++) showPicture();
    const now = clock.monotonic();
    expect(frames.map(({ monotonic }) => monotonic)).toEqual([now, now + 2, now + 4]);
    clock.advance(67);
    showPicture();
    expect(frames.at(-1)!.monotonic).toBe(clock.monotonic());
  });

  test('starts one capture however often it is asked', async () => {
    for (let k = 0; k < 10; k++) supervisor.start();
    await settle();
    expect(source.captures).toHaveLength(1);
  });

  test('a capture that dies is started again within half a second, and viewers see it stalled meanwhile', async () => {
    supervisor.start();
    await settle();
    showPicture();
    crash();
    await settle();
    expect(state()).toBe('stalled');
    expect(supervisor.report.error?.message).toBe('it died');
    await clock.advanceAsync(500);
    expect(source.captures).toHaveLength(2);
    showPicture();
    expect(state()).toBe('live');
    expect(supervisor.report.error).toBeUndefined();
    expect(frames.map((frame) => frame.sequence)).toEqual([1, 2]);
  });

  test('a capture that is silent for three seconds is stopped and started again', async () => {
    supervisor.start();
    await settle();
    showPicture();
    await clock.advanceAsync(2900);
    expect(source.captures[0]!.stopped).toBe(false);
    await clock.advanceAsync(1100);
    expect(source.captures[0]!.stopped).toBe(true);
    expect(source.captures).toHaveLength(2);
  });

  test('a slow camera is not taken for a stalled one', async () => {
    source.captureFps = 0.5;
    make(0.5);
    supervisor.start();
    await settle();
    showPicture();
    await clock.advanceAsync(9000);
    expect(source.captures[0]!.stopped).toBe(false);
    await clock.advanceAsync(2000);
    expect(source.captures[0]!.stopped).toBe(true);
  });

  test('never runs two captures: the next one waits until the one before is gone', async () => {
    source.slowToStop = true;
    supervisor.start();
    await settle();
    showPicture();
    const stopped = supervisor.stop();
    await source.last.stopCalled();
    supervisor.start();
    await clock.advanceAsync(5000);
    expect(source.captures).toHaveLength(1);
    expect(state()).toBe('starting');
    source.last.gone();
    await settle();
    expect(source.captures).toHaveLength(2);
    showPicture();
    expect(state()).toBe('live');
    source.slowToStop = false;
    void supervisor.stop();
    source.last.gone();
    await stopped;
  });

  test('a lost sensor is explained when the pictures stop', async () => {
    supervisor.start();
    await settle();
    showPicture();
    source.last.events.notice(new AppError('SENSOR_LOST', 'the sensor is gone'));
    expect(supervisor.report.notices.map((notice) => notice.code)).toEqual(['SENSOR_LOST']);
    await clock.advanceAsync(3600);
    expect(supervisor.report).toMatchObject({ state: 'stalled', error: { code: 'SENSOR_LOST' } });
  });

  test('a camera that never gives a picture fails, says so and is tried again', async () => {
    supervisor.start();
    await clock.advanceAsync(13_000);
    expect(supervisor.report).toMatchObject({ state: 'failed', error: { code: 'NO_FRAMES' } });
    await clock.advanceAsync(1000);
    expect(source.captures).toHaveLength(2);
    // It does not pretend to be starting while it retries.
    expect(state()).toBe('failed');
    showPicture();
    expect(state()).toBe('live');
  });

  test('is told as stalled a second after the last picture, long before it is restarted, and live with the next one', async () => {
    supervisor.start();
    await settle();
    showPicture();
    await clock.advanceAsync(900);
    expect(state()).toBe('live');
    await clock.advanceAsync(700);
    expect(supervisor.report).toMatchObject({ state: 'stalled', error: { message: 'played camera sends no more pictures.' } });
    expect(source.captures[0]!.stopped).toBe(false);
    showPicture();
    expect(supervisor.report).toMatchObject({ state: 'live', error: undefined });
    expect(source.captures).toHaveLength(1);
  });

  test.each([
    ['asked for', 0.4, 2500],
    ['slower than asked for, as a webcam in the dark', 15, 1200],
  ])('pictures that come slowly, %s, are not told as stalled', async (_how, fps, gapMs) => {
    source.captureFps = fps < 1 ? fps : undefined;
    make(fps);
    supervisor.start();
    await settle();
    showPicture();
    // The first gap is how it is known.
    await clock.advanceAsync(gapMs);
    showPicture();
    reports.length = 0;
    for (let k = 0; k < 5; k++) {
      await clock.advanceAsync(gapMs * 1.6);
      expect(state()).toBe('live');
      showPicture();
    }
    expect(source.captures).toHaveLength(1);
  });

  test('one that hangs is ended rather than asked to end; one that is no longer wanted is asked', async () => {
    supervisor.start();
    await settle();
    showPicture();
    await clock.advanceAsync(4100);
    expect(source.captures).toHaveLength(2);
    expect(source.captures[0]).toMatchObject({ stopped: true, frozen: true });
    // The second one never gives a picture.
    await clock.advanceAsync(14_000);
    expect(source.captures[1]).toMatchObject({ stopped: true, frozen: true });
    await supervisor.stop();
    expect(source.last).toMatchObject({ stopped: true, frozen: false });
  });

  test('who was held up himself does not take the camera for stalled', async () => {
    supervisor.start();
    await settle();
    showPicture();
    await clock.advanceAsync(400);
    // The machine was suspended; what came meanwhile is read after the timers.
    clock.skip(10_000);
    await clock.advanceAsync(200);
    expect(state()).toBe('live');
    showPicture();
    await clock.advanceAsync(600);
    expect(source.captures).toHaveLength(1);
    await clock.advanceAsync(4000);
    expect(source.captures).toHaveLength(2);
  });

  test('while somebody watches, tries are at most 2.4 seconds apart; not for what only a restart can change', async () => {
    watched = true;
    supervisor.start();
    const starts: number[] = [];
    for (let k = 0; k < 9; k++) {
      await settle();
      while (source.captures.length === k) await clock.advanceAsync(100);
      starts.push(clock.monotonic());
      crash();
    }
    expect(Math.max(...starts.slice(1).map((at, k) => at - starts[k]!))).toBeLessThanOrEqual(2400);

    await clock.advanceAsync(2400);
    source.last.events.ended(new AppError('OPTION_INVALID', 'no such mode'));
    const tries = source.captures.length;
    await clock.advanceAsync(20_000);
    expect(source.captures).toHaveLength(tries);
  });

  test('what only a change of the settings helps is tried every half minute from the first time on', async () => {
    watched = true;
    supervisor.start();
    await settle();
    for (let tries = 1; tries <= 3; tries++) {
      source.last.events.ended(new AppError('OPTION_UNKNOWN', 'no such option'));
      await clock.advanceAsync(20_000);
      expect(source.captures).toHaveLength(tries);
      await clock.advanceAsync(20_000);
      expect(source.captures).toHaveLength(tries + 1);
    }
  });

  /** Fails until the next try is half a minute away. */
  async function failForLong(): Promise<void> {
    supervisor.start();
    for (let k = 0; k < 9; k++) {
      while (source.captures.length === k) await clock.advanceAsync(500);
      crash();
    }
    await settle();
    await clock.advanceAsync(2000);
    expect(source.captures).toHaveLength(9);
  }

  test('somebody who comes ends a long wait', async () => {
    await failForLong();
    supervisor.start();
    await clock.advanceAsync(10);
    expect(source.captures).toHaveLength(10);
  });

  test('a try that was asked for comes at once, but no sooner than a second after the failure', async () => {
    await failForLong();
    supervisor.retry();
    await clock.advanceAsync(10);
    expect(source.captures).toHaveLength(10);
    crash();
    await settle();
    for (let k = 0; k < 50; k++) supervisor.retry();
    await clock.advanceAsync(900);
    expect(source.captures).toHaveLength(10);
    await clock.advanceAsync(200);
    expect(source.captures).toHaveLength(11);
    // Asked for while a try is under way: the next one follows, once.
    supervisor.retry();
    await clock.advanceAsync(2000);
    expect(source.captures).toHaveLength(11);
    crash();
    await clock.advanceAsync(1100);
    expect(source.captures).toHaveLength(12);
    crash();
    await clock.advanceAsync(10_000);
    expect(source.captures).toHaveLength(12);
    supervisor.retry();
    await supervisor.stop();
    expect(clock.pending).toBe(0);
  });

  test('new settings end the wait too', async () => {
    await failForLong();
    supervisor.restart();
    await clock.advanceAsync(10);
    expect(source.captures).toHaveLength(10);
  });

  test('the true reason stays in front of its consequences, until there are pictures again', async () => {
    supervisor.start();
    await settle();
    source.last.events.ended(new AppError('CAMERA_BUSY', 'In use.'));
    await clock.advanceAsync(500);
    source.last.events.ended(new AppError('CAPTURE_ENDED', 'It ended with exit code 255.'));
    await settle();
    expect(supervisor.report.error).toMatchObject({ code: 'CAMERA_BUSY', message: 'In use. After that: It ended with exit code 255.' });
    expect(supervisor.report.error!.hint).toContain('fuser');
    await clock.advanceAsync(1000);
    source.last.events.ended(new AppError('CAMERA_MEMORY', 'No memory.'));
    await settle();
    expect(supervisor.report.error).toMatchObject({ code: 'CAMERA_MEMORY', message: 'No memory.' });
    await clock.advanceAsync(2000);
    showPicture();
    crash();
    await settle();
    expect(supervisor.report.error).toMatchObject({ code: 'CAPTURE_ENDED', message: 'it died' });
  });

  test('a restart with another source is not live before its first picture', async () => {
    supervisor.start();
    await settle();
    showPicture();
    supervisor.restart(true);
    expect(state()).toBe('starting');
    await settle();
    expect(source.captures).toHaveLength(2);
    showPicture();
    expect(state()).toBe('live');
  });

  test('retries come at growing distance, at most 30 seconds apart', async () => {
    supervisor.start();
    const starts: number[] = [];
    for (let k = 0; k < 12; k++) {
      await settle();
      while (source.captures.length === k) await clock.advanceAsync(100);
      starts.push(clock.monotonic());
      crash();
    }
    const waits = starts.slice(1).map((at, k) => at - starts[k]!);
    expect(waits[0]).toBeLessThanOrEqual(400);
    for (let k = 1; k < waits.length; k++) expect(waits[k]!).toBeGreaterThanOrEqual(waits[k - 1]! - 100);
    expect(waits.at(-1)).toBeGreaterThan(29_000);
    expect(waits.at(-1)).toBeLessThan(31_000);
  });

  test('a capture that ran well makes the next failure count as the first', async () => {
    supervisor.start();
    for (let k = 0; k < 6; k++) {
      await clock.advanceAsync(400);
      expect(source.captures).toHaveLength(k + 1);
      for (let second = 0; second < 11; second++) {
        showPicture();
        await clock.advanceAsync(1000);
      }
      crash();
      await settle();
      expect(state()).toBe('stalled');
    }
  });

  test('stopped while it waits for the next try, it stops at once', async () => {
    supervisor.start();
    await settle();
    crash();
    await settle();
    await supervisor.stop();
    expect(state()).toBe('idle');
    expect(clock.pending).toBe(0);
    await clock.advanceAsync(60_000);
    expect(source.captures).toHaveLength(1);
  });

  test('a source that cannot be found is reported like a capture that fails', async () => {
    make(15, async () => {
      throw new AppError('NO_CAMERA', 'No camera found by rpicam-vid.');
    });
    supervisor.start();
    await settle();
    expect(supervisor.report).toMatchObject({ state: 'failed', error: { code: 'NO_CAMERA' } });
  });

  test('captures fast and passes on the asked rate', async () => {
    source.captureFps = 10;
    make(2);
    supervisor.start();
    await settle();
    for (let k = 0; k < 100; k++) {
      showPicture();
      clock.advance(100);
    }
    expect(frames.length).toBeGreaterThanOrEqual(20);
    expect(frames.length).toBeLessThanOrEqual(21);
  });

  test('a restart for new settings is no failure: no wait, no fault shown', async () => {
    supervisor.start();
    await settle();
    showPicture();
    supervisor.restart();
    await settle();
    expect(source.captures.map((capture) => capture.stopped)).toEqual([true, false]);
    expect(supervisor.report).toMatchObject({ state: 'live', error: undefined });
    showPicture();
    expect(frames).toHaveLength(2);
  });

  test('what a stopped capture still delivers is ignored', async () => {
    supervisor.start();
    await settle();
    const { events } = source.last;
    await supervisor.stop();
    events.picture(makePicture());
    events.notice(new AppError('SENSOR_LOST', 'late'));
    events.ended(new AppError('CAPTURE_ENDED', 'late'));
    await clock.advanceAsync(60_000);
    expect(frames).toHaveLength(0);
    expect(state()).toBe('idle');
    expect(source.captures).toHaveLength(1);
  });
});

describe('a source of H.264', () => {
  const parameterSets = { sps: Buffer.from([0x67, 0x42, 0xc0, 0x16]), pps: Buffer.from([0x68, 0xce]) };
  const picture = (keyframe = false): CodedPicture => ({
    nals: [Buffer.from([keyframe ? 0x65 : 0x41, 0x80])],
    keyframe,
    parameterSets,
    size: 2,
  });
  const show = (ownTime?: number) => source.last.events.unit(picture(), ownTime);

  beforeEach(async () => {
    source.encoding = 'H264';
    supervisor.start();
    await settle();
  });

  test('is live with its first unit; none is left out, however fast they come', async () => {
    source.captureFps = undefined;
    for (let k = 0; k < 30; k++) {
      show();
      await clock.advanceAsync(10);
    }
    expect(state()).toBe('live');
    expect(units.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 30 }, (_, at) => at + 1));
    expect(frames).toEqual([]);
    expect(units[1]!.monotonic - units[0]!.monotonic).toBe(10);
  });

  test('keeps the distances of its own time, whenever units arrive', async () => {
    const began = clock.monotonic();
    show(0);
    await clock.advanceAsync(150);
    show(67);
    show(133);
    expect(units.map(({ monotonic }) => monotonic - began)).toEqual([0, 67, 133]);
    expect(units.map(({ capturedAt }) => capturedAt)).toEqual([0, 67, 133].map((ms) => clock.now() - 150 + ms));
    // A clock that was set ahead: an hour is no distance.
    show(3_600_000);
    expect(units[3]!.monotonic - began).toBe(150);
  });

  test('stalls, and is started again, where no unit comes', async () => {
    show(0);
    await clock.advanceAsync(4000);
    expect(source.captures.map(({ stopped }) => stopped)).toEqual([true, false]);
    show(0);
    expect(units.map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(units[1]!.monotonic).toBeGreaterThan(units[0]!.monotonic);
  });

  test('that can be had again is started at once, by a source that is made anew', async () => {
    show(0);
    const { events } = source.last;
    const next = new PlayedSource();
    const before = source;
    source = next;
    events.again(new AppError('CLOCK_SET_BACK', 'The clock was set back.'));
    await settle();
    expect([before.captures.length, next.captures.length, before.last.stopped]).toEqual([1, 1, true]);
    expect(supervisor.report).toMatchObject({ state: 'live', error: undefined });
    // What it says afterwards is not heard.
    events.unit(picture());
    events.again(new AppError('CLOCK_SET_BACK', 'The clock was set back.'));
    await settle();
    expect([units.length, next.captures.length]).toEqual([1, 1]);
  });
});
