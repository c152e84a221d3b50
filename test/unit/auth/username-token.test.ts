import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { ReplayCache } from '../../../src/auth/replay-cache.ts';
import { DEFAULT_WINDOW, UsernameTokenAuthenticator } from '../../../src/auth/username-token.ts';
import { UserStore } from '../../../src/auth/users.ts';
import type { UsernameToken } from '../../../src/protocols/ws-security/username-token.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function setUp({ window }: { window?: number } = {}) {
  const clock = new FakeClock();
  const users = new UserStore([
    { name: 'admin', password: 'pässwörd', level: 'Administrator' },
    { name: 'twin', password: 'pässwörd', level: 'User' },
    { name: 'Käthe', password: 'pässwörd', level: 'User' },
  ]);
  const used = new ReplayCache({ clock, window: (window ?? DEFAULT_WINDOW) * 1000 });
  const authenticator = new UsernameTokenAuthenticator({ users, clock, used, ...(window === undefined ? {} : { window }) });
  /** "ok admin", "invalid", … */
  const check = (token: UsernameToken): string => {
    const result = authenticator.authenticate(token);
    if (result instanceof Promise) throw new Error('it waits for a disk that there is not');
    return result.ok ? `ok ${result.user.name}` : result.reason;
  };
  /** `offset`: seconds of Created from now. */
  const created = (offset = 0) => new Date(clock.now() + offset * 1000).toISOString();
  return { clock, check, created };
}

function digest(
  created: string,
  { username = 'admin', password = 'pässwörd', nonce = 'a nonce', encoding = 'utf8' as BufferEncoding } = {},
): UsernameToken {
  return {
    username,
    password: createHash('sha1').update(nonce).update(created).update(Buffer.from(password, encoding)).digest('base64'),
    passwordType: 'PasswordDigest',
    nonce: Buffer.from(nonce).toString('base64'),
    created,
  };
}

describe('a digest', () => {
  test('passes once', () => {
    const { check, created } = setUp();
    const token = digest(created());
    expect([check(token), check(token)]).toEqual(['ok admin', 'replayed']);
  });

  test('passes with the nonce of another token and another time', () => {
    const { check, created } = setUp();
    expect(check(digest(created()))).toBe('ok admin');
    expect(check(digest(created(0.001)))).toBe('ok admin');
    expect(check(digest(created(), { nonce: 'b nonce' }))).toBe('ok admin');
  });

  test('passes once, too, where the client makes Latin-1 of the password, or has accents apart from their letters', () => {
    const { check, created } = setUp();
    const latin1 = digest(created(), { encoding: 'latin1' });
    expect([check(latin1), check(latin1)]).toEqual(['ok admin', 'replayed']);
    const apart = digest(created(), { password: 'pa\u0308sswo\u0308rd' });
    expect([check(apart), check(apart)]).toEqual(['ok admin', 'replayed']);
    expect(check(digest(created(), { password: 'passwörd', encoding: 'latin1' }))).toBe('invalid');
  });

  test('passes once, however the name of its user is written', () => {
    const { check, created } = setUp();
    const token = digest(created(), { username: 'Käthe' });
    // The sign of the kelvin is the letter K to Unicode.
    const names = ['Ka\u0308the', '\u212a\u00e4the'];
    expect([token, ...names.map((username) => ({ ...token, username }))].map(check)).toEqual(['ok Käthe', 'replayed', 'replayed']);
  });

  test('is one of two users with one password for both of them', () => {
    const { check, created } = setUp();
    expect(check(digest(created()))).toBe('ok admin');
    expect(check(digest(created(), { username: 'twin' }))).toBe('ok twin');
  });

  test('needs nonce and Created', () => {
    const { check, created } = setUp();
    const token = digest(created());
    expect(check({ ...token, nonce: undefined })).toBe('invalid');
    expect(check({ ...token, nonce: '' })).toBe('invalid');
    expect(check({ ...token, created: undefined })).toBe('invalid');
    expect(check({ ...token, created: '' })).toBe('invalid');
  });

  test('of a wrong password, an unknown user or a wrong length is invalid, at any time', () => {
    const { check, created } = setUp();
    expect(check(digest(created(), { password: 'other' }))).toBe('invalid');
    expect(check(digest(created(-99999), { password: 'other' }))).toBe('invalid');
    expect(check(digest(created(), { username: 'nobody' }))).toBe('invalid');
    expect(check({ ...digest(created()), password: '' })).toBe('invalid');
    expect(check(digest('yesterday'))).toBe('invalid');
  });

  test('may be minutes off in both directions, and not more', () => {
    const { check, created } = setUp();
    expect(DEFAULT_WINDOW).toBeGreaterThanOrEqual(300);
    expect(check(digest(created(-DEFAULT_WINDOW)))).toBe('ok admin');
    expect(check(digest(created(DEFAULT_WINDOW)))).toBe('ok admin');
    expect(check(digest(created(-DEFAULT_WINDOW - 1)))).toBe('expired');
    expect(check(digest(created(DEFAULT_WINDOW + 1)))).toBe('expired');
    expect(check(digest('2001-01-01T00:00:00Z'))).toBe('expired');
  });

  test('has the window it is given', () => {
    const { check, created } = setUp({ window: 30 });
    expect(check(digest(created(-31)))).toBe('expired');
    expect(check(digest(created(29)))).toBe('ok admin');
  });

  test('cannot be used again as long as its time is accepted, also when created ahead of time', () => {
    const { clock, check, created } = setUp();
    const token = digest(created(500));
    expect(check(token)).toBe('ok admin');
    clock.advance(1090_000);
    expect(check(token)).toBe('replayed');
    clock.advance(11_000);
    expect(check(token)).toBe('expired');
  });

  test('follows the wall clock when that is set', () => {
    const { clock, check, created } = setUp();
    const before = created();
    clock.setWallForward(365 * 86_400_000);
    expect(check(digest(before))).toBe('expired');
    expect(check(digest(created()))).toBe('ok admin');
  });
});

describe('a text', () => {
  const text = (username: string, password: string): UsernameToken => ({
    username,
    password,
    passwordType: 'PasswordText',
    nonce: undefined,
    created: undefined,
  });

  test('passes with the right password', () => {
    const { check } = setUp();
    expect(check(text('admin', 'pässwörd'))).toBe('ok admin');
    expect(check(text('admin', 'pässwörd '))).toBe('invalid');
    expect(check(text('nobody', 'pässwörd'))).toBe('invalid');
    expect(check(text('', ''))).toBe('invalid');
  });

  test('of another kind does not', () => {
    expect(setUp().check({ ...text('admin', 'pässwörd'), passwordType: 'other' })).toBe('invalid');
  });
});
