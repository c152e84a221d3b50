import { beforeEach, describe, expect, test } from '@jest/globals';
import { AppError } from '../../../src/core/errors.ts';
import { SupervisorRig } from '../../support/supervisor-rig.ts';

let rig: SupervisorRig;

beforeEach(() => {
  rig = new SupervisorRig();
});

describe('CameraSupervisor', () => {
  test('a capture that dies is started again within half a second, and viewers see it stalled meanwhile', async () => {
    rig.supervisor.start();
    await rig.settle();
    rig.showPicture();
    rig.crash();
    await rig.settle();
    expect(rig.state()).toBe('stalled');
    expect(rig.supervisor.report.error?.message).toBe('it died');
    await rig.clock.advanceAsync(500);
    expect(rig.source.captures).toHaveLength(2);
    rig.showPicture();
    expect(rig.state()).toBe('live');
    expect(rig.supervisor.report.error).toBeUndefined();
    expect(rig.frames.map((frame) => frame.sequence)).toEqual([1, 2]);
  });

  test('while somebody watches, tries are at most 2.4 seconds apart; not for what only a restart can change', async () => {
    rig.watched = true;
    rig.supervisor.start();
    const starts: number[] = [];
    for (let k = 0; k < 9; k++) {
      await rig.settle();
      while (rig.source.captures.length === k) await rig.clock.advanceAsync(100);
      starts.push(rig.clock.monotonic());
      rig.crash();
    }
    expect(Math.max(...starts.slice(1).map((at, k) => at - starts[k]!))).toBeLessThanOrEqual(2400);

    await rig.clock.advanceAsync(2400);
    rig.source.last.events.ended(new AppError('OPTION_INVALID', 'no such mode'));
    const tries = rig.source.captures.length;
    await rig.clock.advanceAsync(20_000);
    expect(rig.source.captures).toHaveLength(tries);
  });

  test('what only a change of the settings helps is tried every half minute from the first time on', async () => {
    rig.watched = true;
    rig.supervisor.start();
    await rig.settle();
    for (let tries = 1; tries <= 3; tries++) {
      rig.source.last.events.ended(new AppError('OPTION_UNKNOWN', 'no such option'));
      await rig.clock.advanceAsync(20_000);
      expect(rig.source.captures).toHaveLength(tries);
      await rig.clock.advanceAsync(20_000);
      expect(rig.source.captures).toHaveLength(tries + 1);
    }
  });

  /** Fails until the next try is half a minute away. */
  async function failForLong(): Promise<void> {
    rig.supervisor.start();
    for (let k = 0; k < 9; k++) {
      while (rig.source.captures.length === k) await rig.clock.advanceAsync(500);
      rig.crash();
    }
    await rig.settle();
    await rig.clock.advanceAsync(2000);
    expect(rig.source.captures).toHaveLength(9);
  }

  test('somebody who comes ends a long wait', async () => {
    await failForLong();
    rig.supervisor.start();
    await rig.clock.advanceAsync(10);
    expect(rig.source.captures).toHaveLength(10);
  });

  test('a try that was asked for comes at once, but no sooner than a second after the failure', async () => {
    await failForLong();
    rig.supervisor.retry();
    await rig.clock.advanceAsync(10);
    expect(rig.source.captures).toHaveLength(10);
    rig.crash();
    await rig.settle();
    for (let k = 0; k < 50; k++) rig.supervisor.retry();
    await rig.clock.advanceAsync(900);
    expect(rig.source.captures).toHaveLength(10);
    await rig.clock.advanceAsync(200);
    expect(rig.source.captures).toHaveLength(11);
    // Asked for while a try is under way: the next one follows, once.
    rig.supervisor.retry();
    await rig.clock.advanceAsync(2000);
    expect(rig.source.captures).toHaveLength(11);
    rig.crash();
    await rig.clock.advanceAsync(1100);
    expect(rig.source.captures).toHaveLength(12);
    rig.crash();
    await rig.clock.advanceAsync(10_000);
    expect(rig.source.captures).toHaveLength(12);
    rig.supervisor.retry();
    await rig.supervisor.stop();
    expect(rig.clock.pending).toBe(0);
  });

  test('new settings end the wait too', async () => {
    await failForLong();
    rig.supervisor.restart();
    await rig.clock.advanceAsync(10);
    expect(rig.source.captures).toHaveLength(10);
  });

  test('the true reason stays in front of its consequences, until there are pictures again', async () => {
    rig.supervisor.start();
    await rig.settle();
    rig.source.last.events.ended(new AppError('CAMERA_BUSY', 'In use.'));
    await rig.clock.advanceAsync(500);
    rig.source.last.events.ended(new AppError('CAPTURE_ENDED', 'It ended with exit code 255.'));
    await rig.settle();
    expect(rig.supervisor.report.error).toMatchObject({ code: 'CAMERA_BUSY', message: 'In use. After that: It ended with exit code 255.' });
    expect(rig.supervisor.report.error!.hint).toContain('fuser');
    await rig.clock.advanceAsync(1000);
    rig.source.last.events.ended(new AppError('CAMERA_MEMORY', 'No memory.'));
    await rig.settle();
    expect(rig.supervisor.report.error).toMatchObject({ code: 'CAMERA_MEMORY', message: 'No memory.' });
    await rig.clock.advanceAsync(2000);
    rig.showPicture();
    rig.crash();
    await rig.settle();
    expect(rig.supervisor.report.error).toMatchObject({ code: 'CAPTURE_ENDED', message: 'it died' });
  });

  test('retries come at growing distance, at most 30 seconds apart', async () => {
    rig.supervisor.start();
    const starts: number[] = [];
    for (let k = 0; k < 12; k++) {
      await rig.settle();
      while (rig.source.captures.length === k) await rig.clock.advanceAsync(100);
      starts.push(rig.clock.monotonic());
      rig.crash();
    }
    const waits = starts.slice(1).map((at, k) => at - starts[k]!);
    expect(waits[0]).toBeLessThanOrEqual(400);
    for (let k = 1; k < waits.length; k++) expect(waits[k]!).toBeGreaterThanOrEqual(waits[k - 1]! - 100);
    expect(waits.at(-1)).toBeGreaterThan(29_000);
    expect(waits.at(-1)).toBeLessThan(31_000);
  });

  test('a capture that ran well makes the next failure count as the first', async () => {
    rig.supervisor.start();
    for (let k = 0; k < 6; k++) {
      await rig.clock.advanceAsync(400);
      expect(rig.source.captures).toHaveLength(k + 1);
      for (let second = 0; second < 11; second++) {
        rig.showPicture();
        await rig.clock.advanceAsync(1000);
      }
      rig.crash();
      await rig.settle();
      expect(rig.state()).toBe('stalled');
    }
  });

  test('stopped while it waits for the next try, it stops at once', async () => {
    rig.supervisor.start();
    await rig.settle();
    rig.crash();
    await rig.settle();
    await rig.supervisor.stop();
    expect(rig.state()).toBe('idle');
    expect(rig.clock.pending).toBe(0);
    await rig.clock.advanceAsync(60_000);
    expect(rig.source.captures).toHaveLength(1);
  });
});
