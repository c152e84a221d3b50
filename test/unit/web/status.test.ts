import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { problemOf } from '../../../src/web/page/http.ts';
import { parseStatus } from '../../../src/web/page/status.ts';

const FULL = {
  name: 'Pi Camera',
  version: '0.1.0',
  camera: 'failed',
  error: { code: 'NO_CAMERA', message: 'No camera found.', hint: 'Check the cable.' },
  notices: [{ code: 'ANNOTATE_MISSING', message: 'No time stamp.', hint: '' }],
  source: 'rpicam-vid, camera 0 (imx219)',
  width: 1280,
  height: 720,
  fps: 14.9,
  viewers: 2,
  motion: true,
  night: false,
  user: 'admin',
  urls: [{ id: 'stream', label: 'MJPEG stream', url: 'http://192.168.1.5:8080/stream.mjpg' }],
};

describe('parseStatus', () => {
  test('takes what the server tells', () => {
    expect(parseStatus({ ...FULL, motion: { moving: true, by: 'pictures' } })).toEqual(FULL);
  });

  test('no error and no login are undefined', () => {
    expect(parseStatus({ ...FULL, error: null, user: null })).toMatchObject({ error: undefined, user: undefined });
  });

  test('what is missing or strange counts as unknown', () => {
    expect(parseStatus({ camera: 'live', width: -1, fps: '15', notices: 'x', urls: [null, { url: 5 }, { url: 'u' }], error: {} })).toEqual({
      name: '',
      version: '',
      camera: 'live',
      error: undefined,
      notices: [],
      source: '',
      width: 0,
      height: 0,
      fps: 0,
      viewers: 0,
      motion: undefined,
      night: false,
      user: undefined,
      urls: [{ id: '', label: '', url: 'u' }],
    });
  });

  test('anything else is no status, and never throws', () => {
    for (const value of [null, [], 'live', {}, { camera: 'on fire' }]) expect(parseStatus(value)).toBeUndefined();
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (urls, error) => {
        expect(parseStatus({ camera: 'idle', urls, error })?.camera).toBe('idle');
      }),
    );
  });
});

describe('problemOf', () => {
  const answer = (body: string, type: string) => new Response(body, { status: 503, headers: { 'Content-Type': type } });
  const problem = { code: 'NO_CAMERA', message: 'No camera found.', hint: 'Check the cable.' };

  test.each([
    ['JSON with an error', answer(JSON.stringify({ error: problem }), 'application/json; charset=utf-8'), problem],
    ['JSON that is the error', answer(JSON.stringify(problem), 'application/json'), problem],
    ['text', answer(' No camera.\n', 'text/plain'), { code: 'HTTP_503', message: 'No camera.', hint: '' }],
    ['broken JSON', answer('{', 'application/json'), { code: 'HTTP_503', message: 'The camera answered with error 503.', hint: '' }],
    ['HTML', answer('<h1>Bad gateway</h1>', 'text/html'), { code: 'HTTP_503', message: 'The camera answered with error 503.', hint: '' }],
  ])('finds the reason in %s', async (_, response, expected) => {
    expect(await problemOf(response)).toEqual(expected);
  });
});
