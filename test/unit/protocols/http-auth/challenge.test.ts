import { describe, expect, test } from '@jest/globals';
import { formatChallenges, formatRtspChallenges, isPlainRealm } from '../../../../src/protocols/http-auth/challenge.ts';

describe('formatChallenges', () => {
  test('SHA-256, then MD5, then Basic, with the realm first', () => {
    expect(formatChallenges('onvif-camera', 'c0ffee', false)).toEqual([
      'Digest realm="onvif-camera", nonce="c0ffee", qop="auth", algorithm=SHA-256',
      'Digest realm="onvif-camera", nonce="c0ffee", qop="auth", algorithm=MD5',
      'Basic realm="onvif-camera"',
    ]);
  });

  test('says stale in the Digest challenges only', () => {
    const [sha256, md5, basic] = formatChallenges('r', 'c0ffee', true);
    expect(sha256).toMatch(/, algorithm=SHA-256, stale=true$/);
    expect(md5).toMatch(/, algorithm=MD5, stale=true$/);
    expect(basic).not.toContain('stale');
  });

  test('a client that joins the headers and splits at commas gets parameters that fit together', () => {
    const joined = formatChallenges('onvif-camera', 'c0ffee', false).join(', ');
    const parameters = new Map(joined.split(/,\s*/).map((part) => part.split('=', 2) as [string, string]));
    expect(parameters.get('Digest realm')).toBe('"onvif-camera"');
    expect(parameters.get('nonce')).toBe('"c0ffee"');
    expect(parameters.get('qop')).toBe('"auth"');
    expect(parameters.get('algorithm')).toBe('MD5');
  });

  test('joined they name nothing that a Digest challenge does not', () => {
    const joined = formatChallenges('onvif-camera', 'c0ffee', true).join(', ');
    const names = new Set([...joined.matchAll(/(\w+)=/g)].map(([, name]) => name));
    expect(names).toEqual(new Set(['realm', 'nonce', 'qop', 'algorithm', 'stale']));
  });
});

test('a plain realm is printable ASCII without what clients stumble over', () => {
  expect(isPlainRealm('onvif-camera: log in')).toBe(true);
  for (const realm of ['', 'a"b', 'a,b', 'a\\b', 'Küche', 'a\r\nb', 'a\tb']) expect(isPlainRealm(realm)).toBe(false);
});

describe('formatRtspChallenges', () => {
  test('one Digest challenge without qop and algorithm, and Basic where it is allowed', () => {
    expect(formatRtspChallenges('onvif-camera', 'c0ffee', false, false)).toEqual(['Digest realm="onvif-camera", nonce="c0ffee"']);
    expect(formatRtspChallenges('onvif-camera', 'c0ffee', false, true)).toEqual([
      'Digest realm="onvif-camera", nonce="c0ffee"',
      'Basic realm="onvif-camera"',
    ]);
  });

  test('stale stands where live555 looks for it', () => {
    const [digest] = formatRtspChallenges('onvif-camera', 'c0ffee', true, false);
    expect(/^Digest realm="([^"]+)", nonce="([^"]+)", stale=([a-zA-Z]+)/.exec(digest!)?.slice(1)).toEqual([
      'onvif-camera',
      'c0ffee',
      'true',
    ]);
  });
});
