import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { parseCreated, passwordDigest, passwordTypeOf } from '../../../../src/protocols/ws-security/username-token.ts';

describe('the digest', () => {
  test('is SHA-1 of nonce, Created and password', () => {
    // The example of the ONVIF Application Programmer's Guide, section "Authentication".
    expect(passwordDigest('LKqI6G/AikKCQrN0zqZFlg==', '2010-09-16T07:50:45Z', 'userpassword')).toBe('tuOSpGlFlIXsozq4HFNeeGeFLEI=');
  });

  test('takes the password as UTF-8', () => {
    const expected = createHash('sha1').update(Buffer.from('nónce2026-01-02T03:04:05Zpässwörd', 'utf8')).digest('base64');
    expect(passwordDigest(Buffer.from('nónce').toString('base64'), '2026-01-02T03:04:05Z', 'pässwörd')).toBe(expected);
  });

  test('takes a nonce that is no Base64 as it is', () => {
    expect(passwordDigest('a-value-of-7', 'c', 'p')).toBe(createHash('sha1').update('a-value-of-7cp').digest('base64'));
  });
});

test.each([
  [undefined, 'PasswordText'],
  ['', 'PasswordText'],
  ['http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText', 'PasswordText'],
  ['http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest', 'PasswordDigest'],
  ['wsse:PasswordDigest', 'PasswordDigest'],
  ['urn:else', 'other'],
])('a password of type %s is %s', (type, expected) => {
  expect(passwordTypeOf(type)).toBe(expected);
});

describe('Created', () => {
  const TIME = Date.UTC(2026, 0, 2, 3, 4, 5);

  test.each([
    ['2026-01-02T03:04:05Z', TIME],
    ['2026-01-02T03:04:05', TIME],
    ['2026-01-02T03:04:05+00:00', TIME],
    ['2026-01-02T03:04:05-00:00', TIME],
    ['2026-01-02T05:34:05+02:30', TIME],
    ['2026-01-01T22:04:05-05:00', TIME],
    ['2026-01-01T22:04:05-0500', TIME],
    ['2026-01-02T03:04:05.042Z', TIME + 42],
    ['2026-01-02T03:04:05.1234567Z', TIME + 123],
    ['2026-01-02T03:04:05.9+00:00', TIME + 900],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['0099-01-01T00:00:00Z', Date.parse('0099-01-01T00:00:00Z')],
    ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1)],
    ['2026-01-02T24:00:00Z', Date.UTC(2026, 0, 3)],
  ])('%s', (text, expected) => {
    expect(parseCreated(text)).toBe(expected);
  });

  test.each([
    '',
    'now',
    '2026-01-02',
    '2026-01-02 03:04:05Z',
    '2026-13-02T03:04:05Z',
    '2026-00-02T03:04:05Z',
    '2025-02-29T03:04:05Z',
    '2026-01-32T03:04:05Z',
    '2026-01-02T25:04:05Z',
    '2026-01-02T03:60:05Z',
    '2026-01-02T03:04:61Z',
    '2026-01-02T03:04:05+15:00',
    '2026-01-02T03:04:05.Z',
    '2026-01-02T03:04:05Zx',
    '-2026-01-02T03:04:05Z',
    '1767323045',
  ])('not %s', (text) => {
    expect(parseCreated(text)).toBeUndefined();
  });
});
