import { describe, expect, test } from '@jest/globals';
import { contentBase, controlOf, parseRequestUrl, trackUrl } from '../../../../src/protocols/rtsp/url.ts';

describe('parseRequestUrl', () => {
  test.each<[string, string, number | undefined]>([
    ['rtsp://camera:8554/mjpeg', '/mjpeg', undefined],
    ['rtsp://camera:8554/mjpeg/', '/mjpeg', undefined],
    ['rtsp://user:pa%40ss@192.168.1.20:8554/mjpeg/trackID=0?query', '/mjpeg', 0],
    ['rtsp://user:p@ss@camera/h264', '/h264', undefined],
    ['rtsp://[fe80::1%25eth0]:8554/h264/trackID=12', '/h264', 12],
    ['RTSP://CAMERA/mjpeg/TRACKID=1/', '/mjpeg', 1],
    ['rtsp://camera/mjpeg/?channel=1/trackID=0', '/mjpeg', 0],
    ['rtsp://camera/mjpeg?channel=1/trackID=0', '/mjpeg', 0],
    ['rtsp://camera/mjpeg?u=/trackID=0&x', '/mjpeg', undefined],
    ['rtsp://camera/mjpeg//trackID=0', '/mjpeg', 0],
    ['rtsp://camera/a/b', '/a/b', undefined],
    ['rtsp://camera//mjpeg', '/mjpeg', undefined],
    ['rtsp://camera/%6Djpeg', '/mjpeg', undefined],
    ['rtsp://camera/Mjpeg', '/Mjpeg', undefined],
    ['rtsp://camera/caf%C3%A9', '/café', undefined],
    ['rtsp://camera/caf\xc3\xa9', '/café', undefined],
    ['rtsp://camera/mjpeg#x', '/mjpeg', undefined],
    ['rtsp://camera', '/', undefined],
    ['rtsp://camera?x', '/', undefined],
    ['rtsp://camera/trackID=0', '/', 0],
    ['rtsp://camera/mjpeg/trackID=1234', '/mjpeg/trackID=1234', undefined],
    ['rtsp://camera/mjpeg/xtrackID=1', '/mjpeg/xtrackID=1', undefined],
    ['rtspu://camera/mjpeg', '/mjpeg', undefined],
    ['http://camera:8080/stream.mjpg', '/stream.mjpg', undefined],
    ['https://camera/stream.mjpg/trackID=0', '/stream.mjpg', 0],
    ['/mjpeg/trackID=0', '/mjpeg', 0],
    ['/', '/', undefined],
    ['*', '*', undefined],
  ])('%s', (url, path, track) => {
    expect(parseRequestUrl(url)).toEqual({ path, track });
  });

  test.each([
    [''],
    ['mjpeg'],
    ['ftp://camera/mjpeg'],
    ['rtsp:/camera'],
    ['**'],
    ['/%'],
    ['/%zz'],
    ['/%C3'],
    ['/a%00b'],
    ['/a%0d%0ab'],
    ['/\xff'],
  ])('%j is none', (url) => {
    expect(parseRequestUrl(url)).toBeUndefined();
  });
});

describe('contentBase', () => {
  test.each([
    ['rtsp://camera:8554/mjpeg', 'rtsp://camera:8554/mjpeg/'],
    ['rtsp://user:pa%40ss@camera:8554/mjpeg/', 'rtsp://camera:8554/mjpeg/'],
    ['rtsp://user:p@ss@camera/mjpeg?x=1', 'rtsp://camera/mjpeg/'],
    ['RTSP://[fe80::1]:8554//h264/trackID=0', 'rtsp://[fe80::1]:8554/h264/'],
    ['http://camera:8080/stream.mjpg', 'http://camera:8080/stream.mjpg/'],
    ['rtsp://camera', 'rtsp://camera/'],
  ])('%s', (url, base) => {
    expect(contentBase(url)).toBe(base);
  });

  test.each([['*'], ['/mjpeg'], ['ftp://camera/mjpeg'], ['rtsp:///mjpeg'], ['rtsp://user@/mjpeg'], ['']])('%j names no server', (url) => {
    expect(contentBase(url)).toBeUndefined();
  });
});

/** How clients make the URL of SETUP out of what DESCRIBE answered. */
const RESOLVERS: Readonly<Record<string, (base: string, control: string) => string>> = {
  'ffmpeg, live555 and GStreamer, which append with a slash where none is': (base, control) =>
    `${base}${base.endsWith('/') ? '' : '/'}${control}`,
  'a client that resolves by RFC 3986': (base, control) => new URL(control, base).href,
  'a client that appends a slash in any case': (base, control) => `${base}/${control}`,
  'a client that drops the slash of the base and appends': (base, control) => `${base.replace(/\/$/, '')}/${control}`,
};

describe.each(Object.entries(RESOLVERS))('%s', (_, resolve) => {
  test('comes to the track, from our Content-Base', () => {
    const base = contentBase('rtsp://camera:8554/mjpeg?x=1')!;
    expect(parseRequestUrl(resolve(base, controlOf(3)))).toEqual({ path: '/mjpeg', track: 3 });
  });
});

test('clients that ignore Content-Base come to the track too', () => {
  for (const url of ['rtsp://camera/mjpeg', 'rtsp://camera/mjpeg/', 'rtsp://camera/mjpeg?x=1']) {
    expect(parseRequestUrl(trackUrl(url, 0))).toEqual({ path: '/mjpeg', track: 0 });
  }
});

test('trackUrl is what a client that appends asks for', () => {
  expect(trackUrl('rtsp://camera/mjpeg/', 0)).toBe('rtsp://camera/mjpeg/trackID=0');
  expect(trackUrl('rtsp://camera/mjpeg', 1)).toBe('rtsp://camera/mjpeg/trackID=1');
});
