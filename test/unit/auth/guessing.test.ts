import { describe, expect, test } from '@jest/globals';
import { type Attempt, FailureLimiter } from '../../../src/auth/failure-limiter.ts';
import { HttpAuthenticator } from '../../../src/auth/http-authenticator.ts';
import { UserStore } from '../../../src/auth/users.ts';
import { digestResponse } from '../../../src/protocols/http-auth/digest.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** Who gets through while somebody guesses, and at what rate he can. */

const ADMIN = { name: 'admin', password: 'the right one', level: 'Administrator' } as const;
const GUEST = { name: 'guest', password: 'another one', level: 'User' } as const;
const PROXY = '192.168.1.2';

type Outcome = 'in' | 'wrong' | 'rejected' | 'aborted';

class House {
  readonly clock = new FakeClock();
  readonly users = new UserStore([ADMIN, GUEST]);
  readonly limiter = new FailureLimiter({ clock: this.clock, users: this.users });
  /** Passwords that were looked at, and when. */
  readonly looked: { readonly name: string; readonly password: string; readonly at: number }[] = [];
  readonly #began = this.clock.monotonic();

  /** Milliseconds since the beginning. */
  get time(): number {
    return this.clock.monotonic() - this.#began;
  }

  /** One attempt from {@link PROXY} on a connection of its own, with a change here and there. */
  async logIn(password: string, change: Partial<Attempt> = {}): Promise<Outcome> {
    const attempt = { address: PROXY, name: 'admin', connection: {}, ...change };
    const result = await this.limiter.attempt(attempt, () => {
      this.looked.push({ name: attempt.name, password, at: this.time });
      const user = this.users.verifyPassword(attempt.name, password);
      return user ? ({ ok: true, user } as const) : ({ ok: false, reason: 'invalid' } as const);
    });
    if (result.ok) return 'in';
    return result.reason === 'invalid' ? 'wrong' : result.reason;
  }

  /** Goes on guessing until the clock has passed `until`: the next guess when the last one is answered. */
  async guess(until: number, change: () => Partial<Attempt> = () => ({})): Promise<void> {
    for (let k = 0; this.time < until; k++) {
      if (this.looked.length > 20_000) throw new Error('nothing slows the guesser down');
      const outcome = await this.logIn(`guess ${k}`, change());
      // Who is turned away at once tries again soon.
      if (outcome === 'rejected') await new Promise<void>((resolve) => void this.clock.after(50, resolve));
    }
  }

  /** Lets a client in some time after the guessing began. Gives how long it took, milliseconds. */
  async newcomer(after: number, change: Partial<Attempt> = {}): Promise<number> {
    await new Promise<void>((resolve) => void this.clock.after(after, resolve));
    const began = this.time;
    expect(await this.logIn(change.name === 'guest' ? GUEST.password : ADMIN.password, change)).toBe('in');
    return this.time - began;
  }
}

const MINUTE = 60_000;

describe('while somebody guesses behind the same address', () => {
  test.each([
    ['24 at a time, each guess on a new connection', 24, () => () => ({})],
    ['63 at a time, each guess on a new connection', 63, () => () => ({})],
    [
      '24 at a time, on connections that stay',
      24,
      () => {
        const connection = {};
        return () => ({ connection });
      },
    ],
    [
      'on more connections than there are places',
      100,
      () => {
        const connection = {};
        return () => ({ connection });
      },
    ],
  ])('%s, a newcomer gets through within three turns', async (_how, threads, origin) => {
    const house = new House();
    for (let k = 0; k < threads; k++) void house.guess(2 * MINUTE, origin());
    const waits = [20_100, 45_000, 70_700].map((after) => house.newcomer(after));
    await house.clock.advanceAsync(3 * MINUTE);
    for (const wait of await Promise.all(waits)) expect(wait).toBeLessThanOrEqual(6000);
  });

  test('one user that is guessed at, another gets his turn first', async () => {
    const house = new House();
    for (let k = 0; k < 100; k++) void house.guess(MINUTE);
    const wait = house.newcomer(20_000, { name: 'guest' });
    await house.clock.advanceAsync(2 * MINUTE);
    expect(await wait).toBeLessThanOrEqual(4000);
  });

  test('who logged in on his connection goes on at once, on his own user alone', async () => {
    const house = new House();
    const connection = {};
    expect(await house.logIn(ADMIN.password, { connection })).toBe('in');
    for (let k = 0; k < 30; k++) void house.guess(MINUTE);
    await house.clock.advanceAsync(30_000);
    for (let k = 0; k < 20; k++) expect(await house.logIn(ADMIN.password, { connection })).toBe('in');
    const before = house.looked.length;
    const other = house.logIn('guess', { connection, name: 'guest' });
    await Promise.resolve();
    expect(house.looked).toHaveLength(before);
    await house.clock.advanceAsync(MINUTE);
    expect(await other).toBe('wrong');
  });

  test('an account of his own buys a guesser nothing: neither its connection nor its successes', async () => {
    const house = new House();
    const connection = {};
    expect(await house.logIn(GUEST.password, { name: 'guest', connection })).toBe('in');
    const attack = async () => {
      for (let k = 0; house.time < 10 * MINUTE; k++) {
        await house.logIn(GUEST.password, { name: 'guest', connection });
        await house.logIn(`guess ${k}`, { connection });
        await house.logIn(GUEST.password, { name: 'guest' });
      }
    };
    const done = attack();
    await house.clock.advanceAsync(11 * MINUTE);
    await done;
    const guesses = house.looked.filter(({ name }) => name === 'admin').length;
    expect(guesses).toBeGreaterThan(50);
    // Five at the start, those that double the distance, and one in two seconds.
    expect(guesses).toBeLessThanOrEqual(5 + 4 + 300);
  });

  test('one wrong password ends what a connection was good for', async () => {
    const house = new House();
    const connection = {};
    await house.logIn(ADMIN.password, { connection });
    for (let k = 0; k < 40; k++) void house.guess(MINUTE);
    await house.clock.advanceAsync(30_000);
    expect(await house.logIn('guess', { connection })).toBe('wrong');
    const before = house.looked.length;
    void house.logIn(ADMIN.password, { connection });
    await Promise.resolve();
    expect(house.looked).toHaveLength(before);
  });

  test('a connection that a proxy shares among its clients is good for nobody', async () => {
    const house = new House();
    const connection = {};
    await house.logIn(ADMIN.password, { connection, shared: true });
    for (let k = 0; k < 5; k++) await house.logIn('guess');
    const before = house.looked.length;
    void house.logIn('guess', { connection, shared: true });
    // Nor may he take away from it by saying so what another one has.
    void house.logIn('guess', { connection });
    await Promise.resolve();
    expect(house.looked).toHaveLength(before);
  });

  test('nor is one that a client logged in on, once another marks what he sends on it as a proxy does', async () => {
    const house = new House();
    const connection = {};
    await house.logIn(ADMIN.password, { connection });
    for (let k = 0; k < 5; k++) await house.logIn('guess');
    const before = house.looked.length;
    void house.logIn('guess', { connection, shared: true });
    await Promise.resolve();
    expect(house.looked).toHaveLength(before);
  });

  test('a password that was changed lets nobody go on', async () => {
    const house = new House();
    const connection = {};
    await house.logIn(ADMIN.password, { connection });
    house.users.replace([{ ...ADMIN, password: 'a new one' }, GUEST]);
    for (let k = 0; k < 5; k++) await house.logIn('guess');
    const before = house.looked.length;
    void house.logIn('guess', { connection });
    await Promise.resolve();
    expect(house.looked).toHaveLength(before);
  });
});

describe('the rate of guesses', () => {
  test('is no greater for the right password: it waits like the wrong ones', async () => {
    const house = new House();
    for (let k = 0; k < 9; k++) {
      const guess = house.logIn('guess');
      await house.clock.advanceAsync(2000);
      await guess;
    }
    await house.clock.advanceAsync(2000);
    const began = house.time;
    const right = [1, 17, 66];
    const outcomes = Array.from({ length: 67 }, (_, k) => house.logIn(right.includes(k) ? ADMIN.password : 'guess'));
    await house.clock.advanceAsync(0);
    // The first went at once. Of the others, 64 wait and two have been turned away, right or wrong: none was looked at.
    expect(house.looked.filter(({ at }) => at >= began)).toHaveLength(1);
    expect(await Promise.all([outcomes[1], outcomes[2]])).toEqual(['rejected', 'rejected']);
    await house.clock.advanceAsync(4 * MINUTE);
    expect((await Promise.all(outcomes)).filter((outcome) => outcome === 'in')).toHaveLength(2);
  });

  test('of one address is one in two seconds, over however many connections', async () => {
    const house = new House();
    for (let k = 0; k < 50; k++) void house.guess(10 * MINUTE);
    await house.clock.advanceAsync(11 * MINUTE);
    const guesses = house.looked.filter(({ at }) => at <= 10 * MINUTE).length;
    expect(guesses).toBeGreaterThan(250);
    expect(guesses).toBeLessThanOrEqual(5 + 4 + 300);
  });

  test('of one address at many users is the same', async () => {
    const house = new House();
    let user = 0;
    for (let k = 0; k < 50; k++) void house.guess(5 * MINUTE, () => ({ name: `user ${user++}` }));
    await house.clock.advanceAsync(6 * MINUTE);
    expect(house.looked.filter(({ at }) => at <= 5 * MINUTE).length).toBeLessThanOrEqual(5 + 4 + 150);
  });

  test('of all networks in a /48 is one in a second, at many users too', async () => {
    const house = new House();
    let next = 0;
    const origin = () => ({ address: `2001:db8:7:${(next % 0xffff).toString(16)}::1`, name: `user ${next++}` });
    for (let k = 0; k < 60; k++) void house.guess(5 * MINUTE, origin);
    await house.clock.advanceAsync(6 * MINUTE);
    const guesses = house.looked.filter(({ at }) => at <= 5 * MINUTE).length;
    expect(guesses).toBeGreaterThan(200);
    expect(guesses).toBeLessThanOrEqual(20 + 3 + 300);
  });

  test('at one user from everywhere is one in a second, and one who logs in from his own address does not notice', async () => {
    const house = new House();
    const home = '192.168.1.40';
    expect(await house.logIn(ADMIN.password, { address: home })).toBe('in');
    let next = 0;
    const origin = () => ({ address: `10.${next >> 16}.${(next >> 8) & 255}.${next++ & 255}` });
    for (let k = 0; k < 100; k++) void house.guess(5 * MINUTE, origin);
    const visits = Array.from({ length: 9 }, (_, k) => house.newcomer(20_000 + 20_000 * k, { address: home }));
    const elsewhere = house.newcomer(MINUTE, { address: '192.168.1.41' });
    await house.clock.advanceAsync(6 * MINUTE);
    const guesses = house.looked.filter(({ at, password }) => at <= 5 * MINUTE && password !== ADMIN.password).length;
    expect(guesses).toBeGreaterThan(200);
    expect(guesses).toBeLessThanOrEqual(30 + 3 + 300);
    expect(await Promise.all(visits)).toEqual(visits.map(() => 0));
    expect(await elsewhere).toBeLessThanOrEqual(4000);
  });

  test('from an address where the user once logged in is that of an address still', async () => {
    const house = new House();
    await house.logIn(ADMIN.password);
    for (let k = 0; k < 50; k++) void house.guess(5 * MINUTE);
    await house.clock.advanceAsync(6 * MINUTE);
    expect(house.looked.filter(({ at }) => at <= 5 * MINUTE).length).toBeLessThanOrEqual(1 + 5 + 4 + 150);
  });
});

describe('a nonce of Digest', () => {
  const REALM = 'test';
  function setup() {
    const house = new House();
    const authenticator = new HttpAuthenticator({ users: house.users, clock: house.clock, realm: REALM });
    const nonceOf = () => /nonce="([0-9a-f]+)"/.exec(authenticator.challenges(false)[0]!)![1]!;
    let count = 0;
    const ask = (nonce: string, name: string, password: string) => {
      const nc = (++count).toString(16).padStart(8, '0');
      const parameters = { algorithm: 'MD5', username: name, realm: REALM, nonce, uri: '/', nc, cnonce: 'c' } as const;
      const response = digestResponse(parameters, 'GET', password);
      const authorization = `Digest username="${name}", realm="${REALM}", nonce="${nonce}", uri="/", qop=auth, nc=${nc}, cnonce="c", response="${response}"`;
      const result = house.limiter.attempt({ ...authenticator.claim({ authorization }), address: PROXY, connection: {} }, () =>
        authenticator.authenticate({ method: 'GET', url: '/', authorization }),
      );
      return result instanceof Promise ? 'waits' : result.ok ? 'in' : result.reason;
    };
    return { house, nonceOf, ask };
  }

  test('that a user logged in with lets him pass at once, on any connection; nobody else, and with no other nonce', async () => {
    const { house, nonceOf, ask } = setup();
    const nonce = nonceOf();
    const stranger = nonceOf();
    expect(ask(nonce, 'admin', ADMIN.password)).toBe('in');
    for (let k = 0; k < 5; k++) expect(ask(stranger, 'admin', 'guess')).toBe('invalid');
    for (let k = 0; k < 10; k++) expect(ask(nonce, 'admin', ADMIN.password)).toBe('in');
    expect(ask(nonce, 'guest', 'guess')).toBe('waits');
    expect(ask(stranger, 'admin', 'guess')).toBe('waits');
    expect(ask('0'.repeat(60), 'admin', 'guess')).toBe('waits');
    await house.clock.advanceAsync(MINUTE);
  });

  test('proves nothing any more after one wrong response', async () => {
    const { house, nonceOf, ask } = setup();
    const nonce = nonceOf();
    expect(ask(nonce, 'admin', ADMIN.password)).toBe('in');
    for (let k = 0; k < 5; k++) ask(nonceOf(), 'admin', 'guess');
    expect(ask(nonce, 'admin', 'guess')).toBe('invalid');
    expect(ask(nonce, 'admin', ADMIN.password)).toBe('waits');
    await house.clock.advanceAsync(MINUTE);
  });

  test('proves nothing when it has expired', async () => {
    const { house, nonceOf, ask } = setup();
    const nonce = nonceOf();
    expect(ask(nonce, 'admin', ADMIN.password)).toBe('in');
    await house.clock.advanceAsync(5 * MINUTE);
    for (let k = 0; k < 5; k++) ask(nonceOf(), 'admin', 'guess');
    expect(ask(nonce, 'admin', ADMIN.password)).toBe('waits');
    await house.clock.advanceAsync(MINUTE);
  });
});
