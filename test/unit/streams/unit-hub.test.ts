import { expect, test } from '@jest/globals';
import type { StreamState } from '../../../src/frames/stream-state.ts';
import { UnitHub } from '../../../src/streams/unit-hub.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordedPictures } from '../../support/h264-recordings.ts';

const pictures = recordedPictures();
const GROUP = 15;

function make() {
  const clock = new FakeClock();
  const hub = new UnitHub({ demand: { start() {}, stop() {}, retry() {} }, idleTimeout: 30, clock });
  const report = (state: StreamState) => hub.setStatus({ state, error: undefined, notices: [], source: 'camera' });
  let sequence = 0;
  const give = (count: number) => {
    for (let k = 0; k < count; k++) {
      clock.advance(50);
      hub.publish({
        ...pictures[sequence % pictures.length]!,
        sequence: ++sequence,
        capturedAt: clock.now(),
        monotonic: clock.monotonic(),
      });
    }
  };
  return { hub, report, give };
}

test('a late viewer gets the units from the last key frame on, and nothing of a capture before', () => {
  const { hub, report, give } = make();
  report('live');
  give(GROUP + 4);
  expect(hub.group.map(({ sequence }) => sequence)).toEqual([16, 17, 18, 19]);
  expect(hub.parameterSets).toEqual(pictures[0]!.parameterSets);
  expect(hub.fps).toBe(20);
  hub.begin();
  expect([hub.group, hub.parameterSets]).toEqual([[], undefined]);
  // In the middle of a group.
  give(3);
  expect(hub.group).toEqual([]);
});

test('nothing of it is current while none come', () => {
  const { hub, report, give } = make();
  report('live');
  give(3);
  report('stalled');
  expect([hub.group, hub.parameterSets]).toEqual([[], undefined]);
});

test('the rate that is wanted is the highest of all', () => {
  const { hub } = make();
  expect(hub.wantedRate).toBe(0);
  const ends = [hub.lease(() => 2), hub.lease(() => 5)];
  expect([hub.wantedRate, hub.holders]).toEqual([5, 2]);
  const all = hub.lease();
  expect(hub.wantedRate).toBeUndefined();
  all();
  ends[1]!();
  expect(hub.wantedRate).toBe(2);
});
