import { describe, expect, test } from '@jest/globals';
import { Sessions } from '../../src/auth/sessions.ts';
import { type User, UserStore } from '../../src/auth/users.ts';
import { FakeClock } from '../support/fake-clock.ts';

const ADMIN: User = { name: 'admin', password: 'secret', level: 'Administrator' };
const GUEST: User = { name: 'guest', password: 'guest', level: 'User' };
const WEEK = 7 * 24 * 3_600_000;

function setup() {
  const clock = new FakeClock();
  const users = new UserStore([ADMIN, GUEST]);
  return { clock, users, sessions: new Sessions({ users, clock }) };
}

describe('Sessions', () => {
  test('an id of 32 random bytes leads to its user', () => {
    const { sessions } = setup();
    const a = sessions.create(ADMIN);
    const b = sessions.create(GUEST);
    expect(a).toMatch(/^[\w-]{43}$/);
    expect(Buffer.from(a, 'base64url')).toHaveLength(32);
    expect(sessions.find(a)).toEqual(ADMIN);
    expect(sessions.find(b)).toEqual(GUEST);
  });

  test('anything else leads nowhere', () => {
    const { sessions } = setup();
    const id = sessions.create(ADMIN);
    for (const other of ['', id.slice(1), `${id}x`, `${id}=`, id.toLowerCase(), 'A'.repeat(43), '__proto__', 'x'.repeat(100_000)]) {
      expect(sessions.find(other)).toBeUndefined();
      sessions.destroy(other);
    }
    expect(sessions.find(id)).toEqual(ADMIN);
  });

  test('ends when destroyed', () => {
    const { sessions } = setup();
    const id = sessions.create(ADMIN);
    const other = sessions.create(ADMIN);
    sessions.destroy(id);
    expect(sessions.find(id)).toBeUndefined();
    expect(sessions.find(other)).toEqual(ADMIN);
  });

  test('ends after seven days without use', () => {
    const { sessions, clock } = setup();
    const id = sessions.create(ADMIN);
    clock.advance(WEEK - 1);
    expect(sessions.find(id)).toEqual(ADMIN);
    clock.advance(WEEK - 1);
    expect(sessions.find(id)).toEqual(ADMIN);
    clock.advance(WEEK);
    expect(sessions.find(id)).toBeUndefined();
    expect(sessions.find(id)).toBeUndefined();
  });

  test('setting the wall clock ends nothing', () => {
    const { sessions, clock } = setup();
    const id = sessions.create(ADMIN);
    clock.setWallForward(10 * WEEK);
    expect(sessions.find(id)).toEqual(ADMIN);
  });

  test('ends when the password changes, even if it changes back', () => {
    const { sessions, users } = setup();
    const id = sessions.create(ADMIN);
    const guest = sessions.create(GUEST);
    users.replace([{ ...ADMIN, password: 'new' }, GUEST]);
    users.replace([ADMIN, GUEST]);
    expect(sessions.find(id)).toBeUndefined();
    expect(sessions.find(guest)).toEqual(GUEST);
  });

  test('ends when the user vanishes', () => {
    const { sessions, users } = setup();
    const id = sessions.create(GUEST);
    users.replace([ADMIN]);
    expect(sessions.find(id)).toBeUndefined();
    users.replace([ADMIN, { ...GUEST, password: 'another person' }]);
    expect(sessions.find(id)).toBeUndefined();
  });

  test('a session made for a user of yesterday is none', () => {
    const { sessions, users } = setup();
    users.replace([{ ...ADMIN, password: 'new' }]);
    expect(sessions.find(sessions.create(ADMIN))).toBeUndefined();
  });

  test('a new level holds at once', () => {
    const { sessions, users } = setup();
    const id = sessions.create(GUEST);
    users.replace([ADMIN, { ...GUEST, level: 'Operator' }]);
    expect(sessions.find(id)?.level).toBe('Operator');
  });

  test('one that is watched is not used by it, and is told to run until it does not', () => {
    const { sessions, clock, users } = setup();
    const [idle, out, outdated] = [sessions.create(ADMIN), sessions.create(ADMIN), sessions.create(GUEST)];
    const [idles, isIn, isCurrent] = [sessions.watch(idle), sessions.watch(out), sessions.watch(outdated)];
    expect([idles(), isIn(), isCurrent()]).toEqual([true, true, true]);
    sessions.destroy(out);
    expect([idles(), isIn(), isCurrent()]).toEqual([true, false, true]);
    users.replace([ADMIN, { ...GUEST, password: 'new' }]);
    expect([idles(), isIn(), isCurrent()]).toEqual([true, false, false]);
    clock.advance(WEEK - 1);
    expect(idles()).toBe(true);
    clock.advance(1);
    expect(idles()).toBe(false);
    expect(sessions.watch('another')()).toBe(false);
  });

  test('tells at once when one is destroyed or has to make room', () => {
    const { sessions } = setup();
    let told = 0;
    sessions.onEnd(() => told++);
    const ids = Array.from({ length: 256 }, () => sessions.create(ADMIN));
    expect(told).toBe(0);
    sessions.create(ADMIN);
    expect(told).toBe(1);
    sessions.destroy(ids[0]!);
    expect(told).toBe(1);
    sessions.destroy(ids[1]!);
    expect(told).toBe(2);
  });

  test('of more than 256 the least recently used goes', () => {
    const { sessions } = setup();
    const ids = Array.from({ length: 256 }, () => sessions.create(ADMIN));
    expect(sessions.find(ids[0]!)).toEqual(ADMIN);
    const last = sessions.create(GUEST);
    expect(sessions.find(ids[1]!)).toBeUndefined();
    expect(sessions.find(ids[0]!)).toEqual(ADMIN);
    expect(sessions.find(ids[2]!)).toEqual(ADMIN);
    expect(sessions.find(last)).toEqual(GUEST);
  });
});
