import { describe, expect, test } from '@jest/globals';
import {
  acceptsSdp,
  formatRange,
  formatRtpInfo,
  formatSession,
  isRtspMethod,
  PUBLIC,
  parseRange,
  parseSession,
  unsupportedOptions,
} from '../../../../src/protocols/rtsp/headers.ts';

describe('Session', () => {
  test.each([
    ['12345678', '12345678', undefined],
    ['12345678;timeout=60', '12345678', 60],
    ['12345678 ; a=b ; Timeout = 30 ', '12345678', 30],
    ['a$b_c.d+e-f%', 'a$b_c.d+e-f%', undefined],
    ['1;timeout=x', '1', undefined],
    ['1;notimeout=5', '1', undefined],
  ])('%j', (header, id, timeout) => {
    expect(parseSession(header)).toEqual({ id, timeout });
  });

  test.each([[''], [';timeout=60'], ['a b'], ['a,b'], ['x'.repeat(129)]])('%j is none of ours', (header) => {
    expect(parseSession(header)).toBeUndefined();
  });

  test('is written with its timeout', () => {
    expect(formatSession('12345678', 60)).toBe('12345678;timeout=60');
  });
});

describe('Range', () => {
  test.each([
    ['npt=now-', { unit: 'npt', start: 'now', end: undefined }],
    ['npt=0.000-', { unit: 'npt', start: 0, end: undefined }],
    ['npt=0-', { unit: 'npt', start: 0, end: undefined }],
    ['NPT = NOW - ', { unit: 'npt', start: 'now', end: undefined }],
    ['npt=1.5-20', { unit: 'npt', start: 1.5, end: 20 }],
    ['npt=-20', { unit: 'npt', start: undefined, end: 20 }],
    ['npt=01:02:03.5-', { unit: 'npt', start: 3723.5, end: undefined }],
    ['npt=0.-;time=19970123T143720Z', { unit: 'npt', start: 0, end: undefined }],
    ['clock=19961108T142300Z-', { unit: 'clock' }],
    ['clock=19961108T142300.25Z-19961108T143520Z', { unit: 'clock' }],
    ['smpte=10:12:33:20-', { unit: 'smpte' }],
    ['smpte-30-drop=0:10:20-0:10:25:01.5', { unit: 'smpte' }],
  ])('%j', (header, range) => {
    expect(parseRange(header)).toEqual(range);
  });

  test.each([
    [''],
    ['npt'],
    ['npt='],
    ['npt=-'],
    ['npt=0'],
    ['npt=0-1-2'],
    ['npt=x-'],
    ['npt=-now'],
    ['npt=1e3-'],
    ['npt=0x1-'],
    ['npt=.5-'],
    ['npt=1:60:00-'],
    ['npt=1234567890-'],
    ['clock=now-'],
    ['clock=19961108T142300Z'],
    ['smpte=10-'],
    ['bytes=0-'],
    ['=0-'],
  ])('%j is malformed', (header) => {
    expect(parseRange(header)).toBeUndefined();
  });

  test('is written with an open end', () => {
    expect(formatRange('now')).toBe('npt=now-');
    expect(formatRange(0)).toBe('npt=0.000-');
  });
});

describe('RTP-Info', () => {
  test('names URL, sequence number and RTP time of each stream', () => {
    expect(formatRtpInfo([{ url: 'rtsp://camera/mjpeg/trackID=0', seq: 65535, rtptime: 4294967295 }])).toBe(
      'url=rtsp://camera/mjpeg/trackID=0;seq=65535;rtptime=4294967295',
    );
  });

  test('wraps the numbers and keeps the streams apart', () => {
    const one = { url: 'rtsp://camera/a,b;c/trackID=0', seq: 65536, rtptime: 4294967296 };
    expect(formatRtpInfo([one, { url: 'x', seq: -1, rtptime: -1 }])).toBe(
      'url=rtsp://camera/a%2Cb%3Bc/trackID=0;seq=0;rtptime=0,url=x;seq=65535;rtptime=4294967295',
    );
  });
});

test('Require and Proxy-Require: no option is supported', () => {
  expect(unsupportedOptions(undefined, undefined)).toEqual([]);
  expect(unsupportedOptions('', ' , ')).toEqual([]);
  expect(unsupportedOptions('onvif-replay', 'a, www.onvif.org/ver20/backchannel')).toEqual([
    'onvif-replay',
    'a',
    'www.onvif.org/ver20/backchannel',
  ]);
  expect(unsupportedOptions('x,'.repeat(1000))).toHaveLength(16);
});

test('Public lists the methods', () => {
  expect(PUBLIC).toBe('OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER, SET_PARAMETER');
  expect(isRtspMethod('PAUSE')).toBe(true);
  expect(isRtspMethod('RECORD')).toBe(false);
  expect(isRtspMethod('pause')).toBe(false);
});

test.each([
  [undefined, true],
  ['', true],
  ['application/sdp', true],
  ['application/rtsl, Application/SDP;level=2', true],
  ['*/*', true],
  ['application/*', true],
  ['application/rtsl', false],
  ['text/plain, application/sdpx', false],
])('Accept %j takes SDP: %j', (accept, taken) => {
  expect(acceptsSdp(accept)).toBe(taken);
});
