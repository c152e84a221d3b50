import { beforeEach, describe, expect, test } from '@jest/globals';
import { AppError } from '../../../src/core/errors.ts';
import { SupervisorRig } from '../../support/supervisor-rig.ts';

let rig: SupervisorRig;

beforeEach(() => {
  rig = new SupervisorRig();
});

describe('CameraSupervisor', () => {
  test('a capture that is silent for three seconds is stopped and started again', async () => {
    rig.supervisor.start();
    await rig.settle();
    rig.showPicture();
    await rig.clock.advanceAsync(2900);
    expect(rig.source.captures[0]!.stopped).toBe(false);
    await rig.clock.advanceAsync(1100);
    expect(rig.source.captures[0]!.stopped).toBe(true);
    expect(rig.source.captures).toHaveLength(2);
  });

  test('a slow camera is not taken for a stalled one', async () => {
    rig.source.captureFps = 0.5;
    rig.make(0.5);
    rig.supervisor.start();
    await rig.settle();
    rig.showPicture();
    await rig.clock.advanceAsync(9000);
    expect(rig.source.captures[0]!.stopped).toBe(false);
    await rig.clock.advanceAsync(2000);
    expect(rig.source.captures[0]!.stopped).toBe(true);
  });

  test('a lost sensor is explained when the pictures stop', async () => {
    rig.supervisor.start();
    await rig.settle();
    rig.showPicture();
    rig.source.last.events.notice(new AppError('SENSOR_LOST', 'the sensor is gone'));
    expect(rig.supervisor.report.notices.map((notice) => notice.code)).toEqual(['SENSOR_LOST']);
    await rig.clock.advanceAsync(3600);
    expect(rig.supervisor.report).toMatchObject({ state: 'stalled', error: { code: 'SENSOR_LOST' } });
  });

  test('a camera that never gives a picture fails, says so and is tried again', async () => {
    rig.supervisor.start();
    await rig.clock.advanceAsync(13_000);
    expect(rig.supervisor.report).toMatchObject({ state: 'failed', error: { code: 'NO_FRAMES' } });
    await rig.clock.advanceAsync(1000);
    expect(rig.source.captures).toHaveLength(2);
    // It does not pretend to be starting while it retries.
    expect(rig.state()).toBe('failed');
    rig.showPicture();
    expect(rig.state()).toBe('live');
  });

  test('is told as stalled a second after the last picture, long before it is restarted, and live with the next one', async () => {
    rig.supervisor.start();
    await rig.settle();
    rig.showPicture();
    await rig.clock.advanceAsync(900);
    expect(rig.state()).toBe('live');
    await rig.clock.advanceAsync(700);
    expect(rig.supervisor.report).toMatchObject({ state: 'stalled', error: { message: 'played camera sends no more pictures.' } });
    expect(rig.source.captures[0]!.stopped).toBe(false);
    rig.showPicture();
    expect(rig.supervisor.report).toMatchObject({ state: 'live', error: undefined });
    expect(rig.source.captures).toHaveLength(1);
  });

  test.each([
    ['asked for', 0.4, 2500],
    ['slower than asked for, as a webcam in the dark', 15, 1200],
  ])('pictures that come slowly, %s, are not told as stalled', async (_how, fps, gapMs) => {
    rig.source.captureFps = fps < 1 ? fps : undefined;
    rig.make(fps);
    rig.supervisor.start();
    await rig.settle();
    rig.showPicture();
    // The first gap is how it is known.
    await rig.clock.advanceAsync(gapMs);
    rig.showPicture();
    rig.reports.length = 0;
    for (let k = 0; k < 5; k++) {
      await rig.clock.advanceAsync(gapMs * 1.6);
      expect(rig.state()).toBe('live');
      rig.showPicture();
    }
    expect(rig.source.captures).toHaveLength(1);
  });

  test('one that hangs is ended rather than asked to end; one that is no longer wanted is asked', async () => {
    rig.supervisor.start();
    await rig.settle();
    rig.showPicture();
    await rig.clock.advanceAsync(4100);
    expect(rig.source.captures).toHaveLength(2);
    expect(rig.source.captures[0]).toMatchObject({ stopped: true, frozen: true });
    // The second one never gives a picture.
    await rig.clock.advanceAsync(14_000);
    expect(rig.source.captures[1]).toMatchObject({ stopped: true, frozen: true });
    await rig.supervisor.stop();
    expect(rig.source.last).toMatchObject({ stopped: true, frozen: false });
  });

  test('who was held up himself does not take the camera for stalled', async () => {
    rig.supervisor.start();
    await rig.settle();
    rig.showPicture();
    await rig.clock.advanceAsync(400);
    // The machine was suspended; what came meanwhile is read after the timers.
    rig.clock.skip(10_000);
    await rig.clock.advanceAsync(200);
    expect(rig.state()).toBe('live');
    rig.showPicture();
    await rig.clock.advanceAsync(600);
    expect(rig.source.captures).toHaveLength(1);
    await rig.clock.advanceAsync(4000);
    expect(rig.source.captures).toHaveLength(2);
  });
});
