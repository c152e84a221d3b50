import { beforeEach, expect, test } from '@jest/globals';
import { AppError } from '../../../src/core/errors.ts';
import type { Frame } from '../../../src/frames/frame.ts';
import type { CameraStatus, StreamState } from '../../../src/frames/stream-state.ts';
import { Liveness } from '../../../src/streams/liveness.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const MINUTE_MS = 60_000;

let clock: FakeClock;
let hub: { status: CameraStatus; latest: Frame | undefined };
let liveness: Liveness;

const status = (state: StreamState): CameraStatus => ({ state, error: undefined, notices: [], source: 'camera' });
const picture = (sequence: number) => ({ sequence }) as Frame;

/** Whether it lives all along, as whoever asks every minute sees it. */
function livesFor(minutes: number, act: (minute: number) => void = () => {}): boolean {
  for (let minute = 0; minute < minutes; minute++) {
    clock.advance(MINUTE_MS);
    act(minute);
    if (!liveness.check()) return false;
  }
  return true;
}

beforeEach(() => {
  clock = new FakeClock();
  hub = { status: status('idle'), latest: undefined };
  liveness = new Liveness(() => hub, clock);
});

test('lives while nobody watches, for a month', () => {
  expect(livesFor(30 * 24 * 60)).toBe(true);
});

test('lives with a camera that is broken, for a month', () => {
  hub.status = { ...status('failed'), error: new AppError('NO_CAMERA', 'No camera.') };
  expect(livesFor(30 * 24 * 60)).toBe(true);
});

test('lives with one that fails again and again', () => {
  expect(
    livesFor(24 * 60, () => {
      hub.status = status('starting');
    }),
  ).toBe(true);
});

test('lives while pictures come, also one in twenty minutes', () => {
  hub.status = status('live');
  expect(
    livesFor(24 * 60, (minute) => {
      if (minute % 20 === 0) hub.latest = picture(minute);
    }),
  ).toBe(true);
});

test.each<StreamState>(['starting', 'live', 'stalled'])('is stuck where it says that it is %s, and nothing comes of it', (state) => {
  hub.status = status(state);
  hub.latest = picture(1);
  expect(livesFor(30)).toBe(true);
  expect(livesFor(2)).toBe(false);
});

test('a clock that jumps by years makes nothing stuck', () => {
  hub.status = status('live');
  liveness.check();
  clock.setWallForward(20 * 365 * 86_400_000);
  expect(liveness.check()).toBe(true);
});
