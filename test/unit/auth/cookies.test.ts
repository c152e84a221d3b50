import { describe, expect, test } from '@jest/globals';
import { clearCookie, parseCookies, sessionCookie } from '../../../src/auth/cookies.ts';

describe('parseCookies', () => {
  test.each<[string | undefined, [string, string][]]>([
    [undefined, []],
    ['', []],
    ['a=b', [['a', 'b']]],
    [
      ' a = b ;c=d;',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['a=b=c', [['a', 'b=c']]],
    ['a=', [['a', '']]],
    ['=b; a; ;  =c', []],
    ['a=1; a=2', [['a', '1']]],
    [
      '__proto__=x; constructor=y',
      [
        ['__proto__', 'x'],
        ['constructor', 'y'],
      ],
    ],
    [
      'a=%zz; b="q"',
      [
        ['a', '%zz'],
        ['b', '"q"'],
      ],
    ],
  ])('%j', (header, expected) => {
    expect([...parseCookies(header)]).toEqual(expected);
  });

  test('looks at 64 cookies and 8192 characters', () => {
    const many = Array.from({ length: 65 }, (_, i) => `c${i}=${i}`).join('; ');
    const cookies = parseCookies(many);
    expect(cookies.size).toBe(64);
    expect(cookies.get('c63')).toBe('63');
    expect(parseCookies(`a=${'x'.repeat(8190)}`).size).toBe(1);
    expect(parseCookies(`a=${'x'.repeat(8191)}`).size).toBe(0);
  });
});

test('Set-Cookie values', () => {
  expect(sessionCookie('camera_8080', 'abc')).toBe('camera_8080=abc; HttpOnly; SameSite=Lax; Path=/');
  expect(sessionCookie('camera_8080', 'abc', { maxAge: 604_800 })).toBe('camera_8080=abc; HttpOnly; SameSite=Lax; Path=/; Max-Age=604800');
  expect(clearCookie('camera_8080')).toBe('camera_8080=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0');
});
