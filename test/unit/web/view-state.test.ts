import { describe, expect, test } from '@jest/globals';
import { parseStatus, type Status } from '../../../src/web/page/status.ts';
import { type Facts, isQuiet, viewState } from '../../../src/web/page/view-state.ts';

const status = (camera: string, more: object = {}): Status | undefined => parseStatus({ camera, fps: 15, ...more });
const NO_CAMERA = { code: 'NO_CAMERA', message: 'No camera found.', hint: 'Check the cable.' };

/** A stream that has been open for long and shows new pictures. */
const LIVE: Facts = {
  now: 100_000,
  link: { state: 'open' },
  status: status('live'),
  statusAt: 99_000,
  statusFailed: false,
  paintedAt: 99_950,
  painted: 500,
};
const kind = (facts: Partial<Facts>) => viewState({ ...LIVE, ...facts }).kind;

describe('with the stream open', () => {
  test('new pictures are live', () => {
    expect(kind({})).toBe('live');
  });

  test('the pattern that stands in for a camera is never called live; one that was asked for is', () => {
    const notices = [{ code: 'TEST_PATTERN', message: 'No camera was found.', hint: 'Connect one.' }];
    expect(viewState({ ...LIVE, status: status('live', { notices }) })).toEqual({
      kind: 'pattern',
      word: 'Test pattern',
      message: '',
      hint: '',
    });
    expect(kind({ status: status('live', { notices }), paintedAt: 95_000 })).toBe('stalled');
    expect(kind({ status: status('live', { notices: [{ code: 'ANNOTATE_ASCII', message: 'Drawn otherwise.' }] }) })).toBe('live');
  });

  test('a picture that has stood for some seconds is not, whatever the server says', () => {
    expect(kind({ paintedAt: 95_000 })).toBe('stalled');
  });

  test('within two seconds of the last picture it is live no longer, and unless the server answers the link is broken', () => {
    expect(kind({ now: 101_650 })).toBe('live');
    expect(viewState({ ...LIVE, now: 101_950 })).toMatchObject({ kind: 'reconnecting', word: 'Reconnecting…' });
    // It answered when it was asked for the reason.
    expect(kind({ now: 101_950, statusAt: 101_000 })).toBe('stalled');
    expect(kind({ now: 101_950, statusAt: 101_000, status: status('failed', { error: NO_CAMERA }) })).toBe('failed');
    expect(kind({ now: 110_000, statusAt: 101_000, statusFailed: true })).toBe('reconnecting');
  });

  test('the server is asked before that, once pictures have come', () => {
    expect(isQuiet({ ...LIVE, now: 100_900 })).toBe(false);
    expect(isQuiet({ ...LIVE, now: 101_000 })).toBe(true);
    expect(isQuiet({ ...LIVE, now: 101_000, paintedAt: undefined })).toBe(false);
    expect(isQuiet({ ...LIVE, now: 101_000, link: { state: 'paused' } })).toBe(false);
    expect(isQuiet({ ...LIVE, now: 101_000, status: status('live', { fps: 0.5 }) })).toBe(false);
  });

  test('a slow camera gets the time of some pictures', () => {
    const slow = status('live', { fps: 0.2 });
    expect(kind({ status: slow, paintedAt: 88_000 })).toBe('live');
    expect(kind({ status: slow, paintedAt: 84_000 })).toBe('stalled');
  });

  test('the first picture may be an old one: live only by the word of the server', () => {
    expect(kind({ painted: 1 })).toBe('live');
    expect(kind({ painted: 1, status: status('stalled') })).toBe('stalled');
    expect(kind({ painted: 1, status: undefined, statusAt: Number.NEGATIVE_INFINITY })).not.toBe('live');
  });

  test('pictures newer than the status are believed, older ones are not', () => {
    expect(kind({ status: status('stalled') })).toBe('live');
    expect(kind({ status: undefined, statusAt: Number.NEGATIVE_INFINITY })).toBe('live');
    expect(kind({ status: status('stalled'), statusAt: 99_990 })).toBe('stalled');
    expect(kind({ status: status('starting'), statusAt: 99_990 })).toBe('starting');
  });

  test('before the first picture the camera is starting', () => {
    for (const camera of ['idle', 'starting', 'live']) expect(kind({ painted: 0, status: status(camera) })).toBe('starting');
    expect(kind({ painted: 0, status: undefined })).toBe('starting');
    expect(kind({ painted: 0, status: status('stalled') })).toBe('stalled');
  });

  test.each([
    ['SENSOR_LOST', 'Camera failed'],
    ['H264_UNAVAILABLE', 'No ffmpeg'],
    ['ENCODER_ENDED', 'No pictures'],
  ])('%s is headed "%s"', (code, word) => {
    const error = { code, message: 'What happened.', hint: 'What to do.' };
    expect(viewState({ ...LIVE, painted: 0, paintedAt: undefined, status: status('failed', { error }) })).toMatchObject({
      kind: 'failed',
      word,
    });
  });

  test('a camera that failed or stalled says why and what to do', () => {
    const gone = { painted: 0, paintedAt: undefined };
    expect(viewState({ ...LIVE, ...gone, status: status('failed', { error: NO_CAMERA }) })).toEqual({
      kind: 'failed',
      word: 'No camera',
      message: 'No camera found.',
      hint: 'Check the cable.',
    });
    const stalled = status('stalled', { error: { code: 'SENSOR_LOST', message: 'The sensor is silent.', hint: 'Try another cable.' } });
    expect(viewState({ ...LIVE, paintedAt: 80_000, status: stalled })).toMatchObject({
      kind: 'stalled',
      message: 'The sensor is silent.',
      hint: 'Try another cable.',
    });
  });
});

describe('without a stream', () => {
  test('the newest picture is never live', () => {
    expect(kind({ link: { state: 'waiting', problem: undefined } })).toBe('reconnecting');
    expect(kind({ link: { state: 'connecting', retry: true, problem: undefined } })).toBe('reconnecting');
    expect(kind({ link: { state: 'connecting', retry: false, problem: undefined } })).toBe('connecting');
    expect(kind({ link: { state: 'paused' } })).toBe('paused');
  });

  test('the reason of a refusal stays until the next answer', () => {
    for (const link of [
      { state: 'waiting', problem: NO_CAMERA },
      { state: 'connecting', retry: true, problem: NO_CAMERA },
    ] as const) {
      expect(viewState({ ...LIVE, link })).toMatchObject({ kind: 'failed', word: 'No camera', hint: 'Check the cable.' });
    }
  });

  test('a refusal without a code of the camera is a matter of the connection', () => {
    const link = { state: 'waiting', problem: { code: 'HTTP_502', message: 'Bad gateway', hint: '' } } as const;
    expect(viewState({ ...LIVE, link })).toMatchObject({ kind: 'reconnecting', message: 'Bad gateway' });
  });

  test('a failure known from the status counts only while the server answers', () => {
    const link = { state: 'waiting', problem: undefined } as const;
    const failed = status('failed', { error: NO_CAMERA });
    expect(kind({ link, status: failed })).toBe('failed');
    expect(kind({ link, status: failed, statusFailed: true })).toBe('reconnecting');
  });
});
