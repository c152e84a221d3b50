import { describe, expect, test } from '@jest/globals';
import { digestResponse, legacyDigestResponse } from '../../../../src/protocols/http-auth/digest.ts';

/** RFC 7616 section 3.9.1. */
const EXAMPLE = {
  username: 'Mufasa',
  realm: 'http-auth@example.org',
  nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
  uri: '/dir/index.html',
  nc: '00000001',
  cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
} as const;
const PASSWORD = 'Circle of Life';

describe('digestResponse', () => {
  test('gives the values of RFC 7616 section 3.9.1', () => {
    expect(digestResponse({ ...EXAMPLE, algorithm: 'MD5' }, 'GET', PASSWORD)).toBe('8ca523f5e9506fed4657c9700eebdbec');
    expect(digestResponse({ ...EXAMPLE, algorithm: 'SHA-256' }, 'GET', PASSWORD)).toBe(
      '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
    );
  });

  test.each([
    ['username', { username: 'mufasa' }],
    ['realm', { realm: 'other' }],
    ['nonce', { nonce: 'other' }],
    ['uri', { uri: '/dir/index.htm' }],
    ['nonce count', { nc: '00000002' }],
    ['cnonce', { cnonce: 'other' }],
  ])('depends on the %s', (_, change) => {
    const original = digestResponse({ ...EXAMPLE, algorithm: 'MD5' }, 'GET', PASSWORD);
    expect(digestResponse({ ...EXAMPLE, algorithm: 'MD5', ...change }, 'GET', PASSWORD)).not.toBe(original);
  });

  test('depends on method and password', () => {
    const original = digestResponse({ ...EXAMPLE, algorithm: 'MD5' }, 'GET', PASSWORD);
    expect(digestResponse({ ...EXAMPLE, algorithm: 'MD5' }, 'POST', PASSWORD)).not.toBe(original);
    expect(digestResponse({ ...EXAMPLE, algorithm: 'MD5' }, 'GET', 'Circle Of Life')).not.toBe(original);
  });

  test('hashes names and passwords as UTF-8, the URI as the bytes of the wire', () => {
    // printf '%s' "…" | md5sum, with the URI's é as the two bytes c3 a9.
    const parameters = {
      ...EXAMPLE,
      algorithm: 'MD5',
      username: 'Jürgen',
      realm: 'r',
      nonce: 'n',
      cnonce: 'c',
      uri: '/caf\xc3\xa9',
    } as const;
    expect(digestResponse(parameters, 'GET', 'pässwörd')).toBe('e6cf239195198e0112adc490518c6f82');
  });
});

test('legacyDigestResponse gives what ffmpeg and GStreamer send', () => {
  const parameters = { username: 'admin', realm: 'onvif-camera', nonce: 'c0ffee', uri: 'rtsp://127.0.0.1:18604/mjpeg/trackID=0' };
  expect(legacyDigestResponse(parameters, 'SETUP', 'pw')).toBe('52f30b1aa3bd5a5dadbd794863e2c5aa');
  expect(legacyDigestResponse({ ...parameters, uri: 'rtsp://127.0.0.1:18601/mjpeg' }, 'DESCRIBE', 'pw')).toBe(
    '64b10c1bb54810fffbfead062c0f5757',
  );
});
