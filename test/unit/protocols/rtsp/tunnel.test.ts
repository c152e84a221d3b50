import { describe, expect, test } from '@jest/globals';
import { HeaderBlock } from '../../../../src/protocols/rtsp/header-block.ts';
import { MAX_TUNNEL_HEAD, recogniseTunnel, TUNNEL_ANSWER, TunnelDecoder } from '../../../../src/protocols/rtsp/tunnel.ts';
import { recording } from '../../../support/rtsp.ts';

const recognise = (text: string) => recogniseTunnel(Buffer.from(text, 'latin1'));
const GET = 'GET /stream.mjpg HTTP/1.0\r\nx-sessioncookie: abc\r\nAccept: application/x-rtsp-tunnelled\r\n\r\n';

describe('recogniseTunnel', () => {
  test.each([
    ['ffmpeg-tunnel-get.http', 'GET', 'a1bbc4f57dde1a1a'],
    ['ffmpeg-tunnel-post.http', 'POST', 'a1bbc4f57dde1a1a'],
    ['gstreamer-tunnel-get.http', 'GET', 'kwjctxoskekwrnsjtgxvkxh'],
    ['gstreamer-tunnel-post.http', 'POST', 'kwjctxoskekwrnsjtgxvkxh'],
  ])('%s', (name, method, cookie) => {
    const bytes = recording(name);
    const bodyStart = bytes.indexOf('\r\n\r\n') + 4;
    for (let length = 0; length < bodyStart; length++) expect(recogniseTunnel(bytes.subarray(0, length))).toBe('need-more');
    for (let length = bodyStart; length <= bytes.length; length++) {
      expect(recogniseTunnel(bytes.subarray(0, length))).toEqual({
        ...{ method, path: '/stream.mjpg', cookie, bodyStart },
        headers: expect.any(HeaderBlock),
      });
    }
  });

  test('whatever the case of the header, with bare line feeds, and with a body that has blank lines', () => {
    expect(recognise('POST /x HTTP/1.1\nX-SessionCookie:  a=b;c \n\n\r\n\r\nT1BU')).toEqual({
      method: 'POST',
      path: '/x',
      cookie: 'a=b;c',
      headers: expect.any(HeaderBlock),
      bodyStart: 43,
    });
  });

  test('with its headers; those of several proxies are one list', () => {
    const found = recognise(
      GET.replace('Accept', 'X-Forwarded-For: 1.1.1.1\r\nHost: cam.example.com\r\nx-forwarded-for: 2.2.2.2\r\nAccept'),
    );
    if (typeof found === 'string') throw new Error(found);
    expect(found.headers.get('host')).toBe('cam.example.com');
    expect(found.headers.get('x-forwarded-for')).toBe('1.1.1.1, 2.2.2.2');
  });

  test.each([
    ['another method', 'HEAD / HTTP/1.1\r\n'],
    ['the first byte', 'O'],
    ['lower case', 'get '],
    ['TLS', '\x16\x03\x01'],
    ['no blank', 'GET/'],
    ['RTSP', 'GET_P'],
    ['a first line that is none', 'GET / RTSP/1.0\r\n'],
    ['HTTP/2', 'GET / HTTP/2.0\r\nx'],
    ['no path', 'GET  HTTP/1.1\r\n'],
    ['no cookie', GET.replace('x-sessioncookie', 'cookie')],
    ['an empty cookie', GET.replace('abc', '')],
    ['a cookie with a blank', GET.replace('abc', 'a c')],
    ['a cookie of bytes', GET.replace('abc', '\xe9')],
    ['too long a cookie', GET.replace('abc', 'x'.repeat(65))],
    ['headers that are none', GET.replace('Accept:', 'Accept')],
  ])('not for %s', (_, text) => {
    expect(recognise(text)).toBe('not-a-tunnel');
  });

  test(`not beyond ${MAX_TUNNEL_HEAD} bytes`, () => {
    const start = GET.slice(0, -2);
    const padded = (length: number) => `${start}X: ${'x'.repeat(length - start.length - 7)}\r\n\r\n`;
    expect(recognise(padded(MAX_TUNNEL_HEAD))).toMatchObject({ cookie: 'abc', bodyStart: MAX_TUNNEL_HEAD });
    expect(recognise(padded(MAX_TUNNEL_HEAD + 1))).toBe('not-a-tunnel');
    expect(recognise(padded(MAX_TUNNEL_HEAD + 10).slice(0, MAX_TUNNEL_HEAD - 1))).toBe('need-more');
    expect(recognise(`GET /${'x'.repeat(MAX_TUNNEL_HEAD)}`)).toBe('not-a-tunnel');
  });

  test('the answer has no length, so that it lasts as long as the connection', () => {
    expect(TUNNEL_ANSWER).toMatch(/^HTTP\/1\.0 200 OK\r\n(?:[\w-]+: [^\r\n]+\r\n)+\r\n$/);
    expect(TUNNEL_ANSWER).toContain('Content-Type: application/x-rtsp-tunnelled\r\n');
    expect(TUNNEL_ANSWER).not.toContain('Content-Length');
  });
});

describe('TunnelDecoder', () => {
  const decode = (...chunks: string[]) => {
    const decoder = new TunnelDecoder();
    return chunks.map((chunk) => decoder.decode(Buffer.from(chunk, 'latin1'))?.toString('latin1'));
  };

  test('gives each byte as soon as it is complete', () => {
    expect(decode('T1BU', 'SU9O', 'Uw==')).toEqual(['OPT', 'ION', 'S']);
    expect(decode('T', '1', 'B', 'U', 'S', 'U', '9', '=', 'T1')).toEqual(['', 'O', 'P', 'T', '', 'I', 'O', '', 'O']);
  });

  test('goes on behind padding, wherever it is', () => {
    expect(decode('T1BUUw==T1BUUw==')).toEqual(['OPTSOPTS']);
    expect(decode('UE8=UE8=', 'Uw=', '=Uw==')).toEqual(['POPO', 'S', 'S']);
  });

  test('passes line ends and blanks over', () => {
    expect(decode('T1\r\nBU\n U\tw = =\r\n')).toEqual(['OPTS']);
  });

  test('every byte', () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    expect(new TunnelDecoder().decode(Buffer.from(bytes.toString('base64')))).toEqual(bytes);
  });

  test.each([['T1B-'], ['T1B_'], ['T1B\0'], ['T1B\xff'], ['T1B*'], ['='], ['T='], ['T1==='], ['T1=U']])(
    '%j is an error, which stays',
    (text) => {
      expect(decode(text, 'T1BU', '')).toEqual([undefined, undefined, undefined]);
    },
  );

  test('the requests of the recordings', () => {
    for (const name of ['ffmpeg-tunnel-post.http', 'gstreamer-tunnel-post.http']) {
      const bytes = recording(name);
      const request = recogniseTunnel(bytes);
      const body = bytes.subarray((request as { bodyStart: number }).bodyStart);
      expect(new TunnelDecoder().decode(body)!.toString()).toMatch(
        /^OPTIONS rtsp:\/\/\S+\/stream\.mjpg RTSP\/1\.0\r\nCSeq: 1\r\n.*\r\n\r\n$/s,
      );
    }
  });
});
