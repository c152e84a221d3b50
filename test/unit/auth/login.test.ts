import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { FailureLimiter } from '../../../src/auth/failure-limiter.ts';
import { HttpAuthenticator } from '../../../src/auth/http-authenticator.ts';
import { KnownAddresses } from '../../../src/auth/known-addresses.ts';
import { isUnchecked, Login, type LoginOptions, type LoginOrigin } from '../../../src/auth/login.ts';
import { ReplayCache } from '../../../src/auth/replay-cache.ts';
import { DEFAULT_WINDOW, UsernameTokenAuthenticator } from '../../../src/auth/username-token.ts';
import { UserStore } from '../../../src/auth/users.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { digestResponse } from '../../../src/protocols/http-auth/digest.ts';
import type { UsernameToken } from '../../../src/protocols/ws-security/username-token.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const NAME = 'admin';
const PASSWORD = 'kqpm-7tzr-w4nd';
const ADDRESS = '192.168.1.10';
const URL = '/stream.mjpg';
/** Wrong passwords that cost nothing. */
const FREE = 5;
/** Attempts of one address that may wait. */
const PLACES = 64;

function setUp(change: Partial<LoginOptions> = {}) {
  const clock = new FakeClock();
  const users = new UserStore([{ name: NAME, password: PASSWORD, level: 'Administrator' }]);
  const authenticator = new HttpAuthenticator({ users, clock, realm: 'test' });
  const used = new ReplayCache({ clock, window: DEFAULT_WINDOW * 1000 });
  const lines: string[] = [];
  const options: LoginOptions = {
    ...{ users, authenticator, usernameTokens: new UsernameTokenAuthenticator({ users, clock, used }), clock },
    limiter: new FailureLimiter({ clock, users }),
    known: new KnownAddresses(clock),
    log: { ...silentLogger, warn: (message, fields) => void lines.push(`${message} ${JSON.stringify(fields)}`) },
    ...change,
  };
  const login = new Login(options);
  /** Types a wrong password, each time on a new connection. */
  const guess = (times = 1, origin: Partial<LoginOrigin> = {}, by = login) =>
    Array.from({ length: times }, () => by.byPassword({ name: NAME, password: 'wrong' }, from(origin)));
  return { clock, options, authenticator, known: options.known, login, lines, guess };
}

/** A connection of its own from {@link ADDRESS}. */
const from = (change: Partial<LoginOrigin> = {}): LoginOrigin => ({
  ...{ address: ADDRESS, connection: {}, gone: () => new AbortController().signal, path: URL },
  ...change,
});

const basic = (password: string) => ({
  ...{ method: 'GET', url: URL },
  authorization: `Basic ${Buffer.from(`${NAME}:${password}`).toString('base64')}`,
});

function digest(challenge: string, count: number, password = PASSWORD) {
  const nonce = /nonce="([0-9a-f]+)"/.exec(challenge)![1]!;
  const parameters = {
    algorithm: 'MD5',
    username: NAME,
    realm: 'test',
    nonce,
    uri: URL,
    nc: `${count}`.padStart(8, '0'),
    cnonce: 'f00',
  } as const;
  const { username, realm, uri, nc, cnonce } = parameters;
  const response = digestResponse(parameters, 'GET', password, (text) => Buffer.from(text, 'utf8'));
  const authorization =
    `Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${uri}", algorithm=MD5, qop=auth, ` +
    `nc=${nc}, cnonce="${cnonce}", response="${response}"`;
  return { method: 'GET', url: URL, authorization };
}

function token(clock: FakeClock, { password = PASSWORD, nonce = 'a nonce' } = {}): UsernameToken {
  const created = new Date(clock.now()).toISOString();
  return {
    username: NAME,
    password: createHash('sha1').update(`${nonce}${created}${password}`).digest('base64'),
    passwordType: 'PasswordDigest',
    nonce: Buffer.from(nonce).toString('base64'),
    created,
  };
}

const OK = { ok: true, user: { name: NAME } };

describe('right credentials', () => {
  test('of each kind pass, at once and without a word', () => {
    const { login, clock, authenticator, lines } = setUp();
    expect(login.byHeader(basic(PASSWORD), from())).toMatchObject(OK);
    expect(login.byHeader(digest(authenticator.challenges(false)[0]!, 1), from())).toMatchObject(OK);
    expect(login.byPassword({ name: NAME, password: PASSWORD }, from())).toMatchObject(OK);
    expect(login.byToken(token(clock), from())).toMatchObject(OK);
    expect(lines).toEqual([]);
  });

  test('have their address remembered once the server lets them in', () => {
    const { login, known } = setUp();
    expect(login.byHeader(basic(PASSWORD), from())).toMatchObject(OK);
    expect(known.has(ADDRESS)).toBe(false);
    login.note(ADDRESS);
    expect(known.has(ADDRESS)).toBe(true);
  });

  test('wait like wrong ones where somebody guesses, whatever their kind', async () => {
    const { login, clock, guess } = setUp();
    guess(FREE);
    const waiting = [
      login.byHeader(basic(PASSWORD), from()),
      login.byPassword({ name: NAME, password: PASSWORD }, from()),
      login.byToken(token(clock), from()),
    ];
    let done = 0;
    for (const outcome of waiting) {
      expect(outcome).toBeInstanceOf(Promise);
      void Promise.resolve(outcome).then(() => done++);
    }
    await clock.advanceAsync(0);
    expect(done).toBe(0);
    await clock.advanceAsync(10_000);
    expect(await Promise.all(waiting)).toMatchObject([OK, OK, OK]);
  });

  test('do not wait on a nonce, or on a connection, that the same user has logged in with', () => {
    const { login, authenticator, guess } = setUp();
    const [challenge] = authenticator.challenges(false);
    const origin = from();
    expect(login.byHeader(digest(challenge!, 1), from())).toMatchObject(OK);
    expect(login.byHeader(basic(PASSWORD), origin)).toMatchObject(OK);
    guess(FREE);
    expect(login.byHeader(digest(challenge!, 2), from())).toMatchObject(OK);
    expect(login.byHeader(basic(PASSWORD), origin)).toMatchObject(OK);
    expect(login.byHeader(basic(PASSWORD), { ...origin, shared: true })).toBeInstanceOf(Promise);
  });
});

describe('wrong credentials', () => {
  test('are counted together, whatever their kind and whichever server they come to', () => {
    const { login, options, clock } = setUp();
    const other = new Login(options, 'RTSP');
    const outcomes = [
      login.byHeader(basic('wrong'), from()),
      login.byToken(token(clock, { password: 'wrong' }), from()),
      ...Array.from({ length: FREE - 2 }, () => other.byPassword({ name: NAME, password: 'wrong' }, from())),
    ];
    expect(outcomes.map((outcome) => 'reason' in outcome && outcome.reason)).toEqual(Array(FREE).fill('invalid'));
    expect(login.byHeader(basic(PASSWORD), from())).toBeInstanceOf(Promise);
  });

  test('that come together are counted one by one: those after the free ones wait', () => {
    const { guess } = setUp();
    const outcomes = guess(FREE + 3);
    expect(outcomes.map((outcome) => outcome instanceof Promise)).toEqual([...Array(FREE).fill(false), true, true, true]);
  });

  test('are told with the address and what was asked for, one line a second, and how many there were between', () => {
    const { guess, clock, lines } = setUp();
    guess(3);
    clock.advance(1000);
    guess(1, { path: '/onvif' });
    expect(lines).toEqual([
      `wrong user name or password from ${ADDRESS} {"path":"${URL}"}`,
      `wrong user name or password from ${ADDRESS} {"path":"/onvif","suppressed":2}`,
    ]);
  });

  test('are told by each server for itself, with its protocol where there is no path', () => {
    const { guess, options, lines } = setUp();
    const rtsp = new Login(options, 'RTSP');
    const { path: _, ...origin } = from();
    guess();
    void rtsp.byHeader(basic('wrong'), origin);
    expect(lines[1]).toBe(`wrong user name or password from ${ADDRESS} (RTSP) {}`);
  });

  test('that waited are told when they are looked at', async () => {
    const { guess, clock, lines } = setUp();
    guess(FREE);
    for (let i = 0; i < 4; i++) {
      clock.advance(2000);
      guess();
    }
    const [waiting] = guess();
    const before = lines.length;
    await clock.advanceAsync(1900);
    expect(lines).toHaveLength(before);
    await clock.advanceAsync(100);
    expect(await waiting).toEqual({ ok: false, reason: 'invalid' });
    expect(lines).toHaveLength(before + 1);
  });

  test('are no guesses where the password was right', () => {
    const { login, clock, authenticator, lines } = setUp();
    const once = token(clock);
    const origin = from();
    expect(login.byToken(once, origin)).toMatchObject(OK);
    expect(login.byToken(once, origin)).toMatchObject({ ok: false, reason: 'replayed' });
    const [challenge] = authenticator.challenges(false);
    clock.advance(24 * 3_600_000);
    expect(login.byHeader(digest(challenge!, 1), origin)).toMatchObject({ ok: false, reason: 'stale' });
    expect(lines).toEqual([]);
  });
});

describe('credentials that are not looked at', () => {
  test('are those for which there is no place, and nothing is said of them', async () => {
    const { login, guess, lines } = setUp();
    const origin = from();
    // Who comes by a connection that failed finds no place where all others have failed less.
    guess(1, origin);
    guess(FREE - 1 + PLACES);
    const right = login.byPassword({ name: NAME, password: PASSWORD }, origin);
    const wrong = login.byPassword({ name: NAME, password: 'wrong' }, origin);
    expect(right).toEqual({ ok: false, reason: 'rejected' });
    expect(wrong).toEqual(right);
    expect(isUnchecked(await right)).toBe(true);
    expect(lines).toHaveLength(1);
  });

  test('are those of somebody who left while he waited', async () => {
    const { login, guess, clock } = setUp();
    guess(FREE);
    const client = new AbortController();
    const outcome = login.byHeader(basic(PASSWORD), from({ gone: () => client.signal }));
    client.abort();
    await clock.advanceAsync(0);
    const result = await outcome;
    expect(result).toEqual({ ok: false, reason: 'aborted' });
    expect(isUnchecked(result)).toBe(true);
  });

  test.each(['invalid', 'stale', 'none', 'expired', 'replayed', 'forgotten'])('are not those that are %s', (reason) => {
    expect(isUnchecked({ ok: false, reason })).toBe(false);
  });

  test('nor those that are right', () => {
    expect(isUnchecked({ ok: true })).toBe(false);
  });
});

test('the end of a connection is asked for only where attempts may have to wait', () => {
  const { login, guess } = setUp();
  let asked = 0;
  const gone = () => {
    asked++;
    return new AbortController().signal;
  };
  expect(login.byHeader(basic('wrong'), from({ gone }))).toMatchObject({ ok: false });
  expect(login.byHeader(basic(PASSWORD), from({ gone }))).toMatchObject(OK);
  expect(asked).toBe(0);
  guess(FREE);
  void login.byHeader(basic(PASSWORD), from({ gone }));
  expect(asked).toBeGreaterThan(0);
});

test('a token passes only when it is noted that it was used', async () => {
  let written = () => {};
  const noted = new Promise<void>((resolve) => {
    written = resolve;
  });
  const user = { name: NAME, password: PASSWORD, level: 'Administrator' } as const;
  const { login, clock } = setUp({ usernameTokens: { authenticate: () => ({ ok: true, user, noted }) } });
  const outcome = login.byToken(token(clock), from());
  let passed = false;
  void Promise.resolve(outcome).then(() => {
    passed = true;
  });
  await clock.advanceAsync(0);
  expect(passed).toBe(false);
  written();
  expect(await outcome).toMatchObject(OK);
});
