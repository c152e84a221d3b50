import { beforeEach, describe, expect, test } from '@jest/globals';
import { AppError } from '../../../src/core/errors.ts';
import type { CodedPicture } from '../../../src/frames/access-unit.ts';
import { PlayedSource } from '../../support/frames.ts';
import { SupervisorRig } from '../../support/supervisor-rig.ts';

let rig: SupervisorRig;

beforeEach(() => {
  rig = new SupervisorRig();
});

describe('a source of H.264', () => {
  const parameterSets = { sps: Buffer.from([0x67, 0x42, 0xc0, 0x16]), pps: Buffer.from([0x68, 0xce]) };
  const picture = (keyframe = false): CodedPicture => ({
    nals: [Buffer.from([keyframe ? 0x65 : 0x41, 0x80])],
    keyframe,
    parameterSets,
    size: 2,
  });
  const show = (ownTime?: number) => rig.source.last.events.unit(picture(), ownTime);

  beforeEach(async () => {
    rig.source.encoding = 'H264';
    rig.supervisor.start();
    await rig.settle();
  });

  test('is live with its first unit; none is left out, however fast they come', async () => {
    rig.source.captureFps = undefined;
    for (let k = 0; k < 30; k++) {
      show();
      await rig.clock.advanceAsync(10);
    }
    expect(rig.state()).toBe('live');
    expect(rig.units.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 30 }, (_, at) => at + 1));
    expect(rig.frames).toEqual([]);
    expect(rig.units[1]!.monotonic - rig.units[0]!.monotonic).toBe(10);
  });

  test('keeps the distances of its own time, whenever units arrive', async () => {
    const began = rig.clock.monotonic();
    show(0);
    await rig.clock.advanceAsync(150);
    show(67);
    show(133);
    expect(rig.units.map(({ monotonic }) => monotonic - began)).toEqual([0, 67, 133]);
    expect(rig.units.map(({ capturedAt }) => capturedAt)).toEqual([0, 67, 133].map((ms) => rig.clock.now() - 150 + ms));
    // A clock that was set ahead: an hour is no distance.
    show(3_600_000);
    expect(rig.units[3]!.monotonic - began).toBe(150);
  });

  test('stalls, and is started again, where no unit comes', async () => {
    show(0);
    await rig.clock.advanceAsync(4000);
    expect(rig.source.captures.map(({ stopped }) => stopped)).toEqual([true, false]);
    show(0);
    expect(rig.units.map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(rig.units[1]!.monotonic).toBeGreaterThan(rig.units[0]!.monotonic);
  });

  test('that can be had again is started at once, by a source that is made anew', async () => {
    show(0);
    const { events } = rig.source.last;
    const next = new PlayedSource();
    const before = rig.source;
    rig.source = next;
    events.again(new AppError('CLOCK_SET_BACK', 'The clock was set back.'));
    await rig.settle();
    expect([before.captures.length, next.captures.length, before.last.stopped]).toEqual([1, 1, true]);
    expect(rig.supervisor.report).toMatchObject({ state: 'live', error: undefined });
    // What it says afterwards is not heard.
    events.unit(picture());
    events.again(new AppError('CLOCK_SET_BACK', 'The clock was set back.'));
    await rig.settle();
    expect([rig.units.length, next.captures.length]).toEqual([1, 1]);
  });
});
