import { beforeEach, describe, expect, test } from '@jest/globals';
import { AppError } from '../../../src/core/errors.ts';
import { makePicture } from '../../support/frames.ts';
import { SupervisorRig } from '../../support/supervisor-rig.ts';

let rig: SupervisorRig;

beforeEach(() => {
  rig = new SupervisorRig();
});

describe('CameraSupervisor', () => {
  test('goes from idle over starting to live and back to idle', async () => {
    expect(rig.state()).toBe('idle');
    rig.supervisor.start();
    expect(rig.state()).toBe('starting');
    await rig.settle();
    rig.showPicture();
    expect(rig.state()).toBe('live');
    expect(rig.frames).toHaveLength(1);
    expect(rig.frames[0]).toMatchObject({
      sequence: 1,
      capturedAt: rig.clock.now(),
      monotonic: rig.clock.monotonic(),
      width: 64,
      height: 48,
    });
    await rig.supervisor.stop();
    expect(rig.state()).toBe('idle');
    expect(rig.source.last.stopped).toBe(true);
    expect(rig.clock.pending).toBe(0);
  });

  test('gives pictures that come at once times of their own, which recordings in milliseconds can tell apart', async () => {
    rig.supervisor.start();
    await rig.settle();
    for (let count = 0; count < 3; count++) rig.showPicture();
    const now = rig.clock.monotonic();
    expect(rig.frames.map(({ monotonic }) => monotonic)).toEqual([now, now + 2, now + 4]);
    rig.clock.advance(67);
    rig.showPicture();
    expect(rig.frames.at(-1)!.monotonic).toBe(rig.clock.monotonic());
  });

  test('starts one capture however often it is asked', async () => {
    for (let k = 0; k < 10; k++) rig.supervisor.start();
    await rig.settle();
    expect(rig.source.captures).toHaveLength(1);
  });

  test('never runs two captures: the next one waits until the one before is gone', async () => {
    rig.source.slowToStop = true;
    rig.supervisor.start();
    await rig.settle();
    rig.showPicture();
    const stopped = rig.supervisor.stop();
    await rig.source.last.stopCalled();
    rig.supervisor.start();
    await rig.clock.advanceAsync(5000);
    expect(rig.source.captures).toHaveLength(1);
    expect(rig.state()).toBe('starting');
    rig.source.last.gone();
    await rig.settle();
    expect(rig.source.captures).toHaveLength(2);
    rig.showPicture();
    expect(rig.state()).toBe('live');
    rig.source.slowToStop = false;
    void rig.supervisor.stop();
    rig.source.last.gone();
    await stopped;
  });

  test('a restart with another source is not live before its first picture', async () => {
    rig.supervisor.start();
    await rig.settle();
    rig.showPicture();
    rig.supervisor.restart(true);
    expect(rig.state()).toBe('starting');
    await rig.settle();
    expect(rig.source.captures).toHaveLength(2);
    rig.showPicture();
    expect(rig.state()).toBe('live');
  });

  test('a source that cannot be found is reported like a capture that fails', async () => {
    rig.make(15, async () => {
      throw new AppError('NO_CAMERA', 'No camera found by rpicam-vid.');
    });
    rig.supervisor.start();
    await rig.settle();
    expect(rig.supervisor.report).toMatchObject({ state: 'failed', error: { code: 'NO_CAMERA' } });
  });

  test('captures fast and passes on the asked rate', async () => {
    rig.source.captureFps = 10;
    rig.make(2);
    rig.supervisor.start();
    await rig.settle();
    for (let k = 0; k < 100; k++) {
      rig.showPicture();
      rig.clock.advance(100);
    }
    expect(rig.frames.length).toBeGreaterThanOrEqual(20);
    expect(rig.frames.length).toBeLessThanOrEqual(21);
  });

  test('a restart for new settings is no failure: no wait, no fault shown', async () => {
    rig.supervisor.start();
    await rig.settle();
    rig.showPicture();
    rig.supervisor.restart();
    await rig.settle();
    expect(rig.source.captures.map((capture) => capture.stopped)).toEqual([true, false]);
    expect(rig.supervisor.report).toMatchObject({ state: 'live', error: undefined });
    rig.showPicture();
    expect(rig.frames).toHaveLength(2);
  });

  test('what a stopped capture still delivers is ignored', async () => {
    rig.supervisor.start();
    await rig.settle();
    const { events } = rig.source.last;
    await rig.supervisor.stop();
    events.picture(makePicture());
    events.notice(new AppError('SENSOR_LOST', 'late'));
    events.ended(new AppError('CAPTURE_ENDED', 'late'));
    await rig.clock.advanceAsync(60_000);
    expect(rig.frames).toHaveLength(0);
    expect(rig.state()).toBe('idle');
    expect(rig.source.captures).toHaveLength(1);
  });
});
