import { describe, expect, test } from '@jest/globals';
import { Sessions, type StoredSession } from '../../../src/auth/sessions.ts';
import { type User, UserStore } from '../../../src/auth/users.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const ADMIN: User = { name: 'admin', password: 'secret', level: 'Administrator' };
const GUEST: User = { name: 'guest', password: 'guest', level: 'User' };
const WEEK = 7 * 24 * 3_600_000;

function setup() {
  const clock = new FakeClock();
  const users = new UserStore([ADMIN, GUEST]);
  return { clock, users, sessions: new Sessions({ users, clock, log: silentLogger }) };
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

describe('through a restart', () => {
  const MONTH = 30 * 24 * 3_600_000;

  /** A disk, and the process that runs with it. */
  function machine() {
    const { clock } = setup();
    const disk = { sessions: [] as readonly StoredSession[], writes: 0, full: false };
    const store = {
      read: () => disk.sessions,
      write: (sessions: readonly StoredSession[]) => {
        if (disk.full) throw new Error('no space left on device');
        disk.writes++;
        disk.sessions = structuredClone(sessions);
      },
    };
    const warnings: string[] = [];
    const log = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
    const boot = (list: User[] = [ADMIN, GUEST]) => {
      const users = new UserStore(list);
      return { users, sessions: new Sessions({ users, clock, log, store }) };
    };
    return { clock, disk, warnings, boot };
  }

  test('a session goes on', () => {
    const { boot } = machine();
    const before = boot().sessions;
    const [id, guest] = [before.create(ADMIN), before.create(GUEST, { remembered: true })];
    before.close();
    const after = boot().sessions;
    expect([after.find(id), after.find(guest)]).toEqual([ADMIN, GUEST]);
    expect(after.watch(id)()).toBe(true);
    expect([after.cookieAge(id), after.cookieAge(guest)]).toEqual([undefined, MONTH / 1000]);
    after.close();
    expect(boot().sessions.find(id)).toEqual(ADMIN);
  });

  test('nothing on disk lets anybody in, or tells the password', () => {
    const { boot, disk } = machine();
    const { sessions } = boot();
    const id = sessions.create(ADMIN);
    const same = sessions.create(ADMIN);
    sessions.close();
    const text = JSON.stringify(disk.sessions);
    for (const secret of [id, same, Buffer.from(id, 'base64url').toString('base64'), ADMIN.password]) expect(text).not.toContain(secret);
    expect(new Set(disk.sessions.map(({ proof }) => proof)).size).toBe(2);
    for (const { hash, proof } of disk.sessions)
      for (const taken of [hash, proof]) expect(boot().sessions.find(Buffer.from(taken, 'base64').toString('base64url'))).toBeUndefined();
  });

  test.each<[string, User[]]>([
    ['whose password was changed meanwhile', [{ ...ADMIN, password: 'new' }, GUEST]],
    ['whose user is gone', [{ ...ADMIN, name: 'owner' }, GUEST]],
  ])('one %s ends, and others go on', (_, users) => {
    const { boot } = machine();
    const before = boot().sessions;
    const [id, guest] = [before.create(ADMIN), before.create(GUEST)];
    before.close();
    const after = boot(users).sessions;
    expect([after.find(id), after.find(guest)]).toEqual([undefined, GUEST]);
    after.close();
    expect(boot().sessions.find(id)).toBeUndefined();
  });

  test('a change of the password after it ends one that was not used yet', () => {
    const { boot } = machine();
    const before = boot().sessions;
    const id = before.create(GUEST);
    before.close();
    const { users, sessions } = boot();
    users.replace([ADMIN, { ...GUEST, password: 'new' }]);
    expect(sessions.find(id)).toBeUndefined();
    const again = boot();
    again.users.replace([ADMIN]);
    expect(again.sessions.find(id)).toBeUndefined();
  });

  test('it ends after its time, by the wall clock while the machine was off', () => {
    for (const [remembered, lifetime] of [
      [false, WEEK],
      [true, MONTH],
    ] as const) {
      const { boot, clock } = machine();
      const before = boot().sessions;
      const [id, other] = [before.create(ADMIN, { remembered }), before.create(ADMIN, { remembered })];
      before.close();
      clock.setWallForward(lifetime - 1);
      expect(boot().sessions.find(id)).toEqual(ADMIN);
      clock.setWallForward(1);
      expect(boot().sessions.find(other)).toBeUndefined();
    }
  });

  test('used daily it goes on for ever, with a write a day', () => {
    const { boot, clock, disk } = machine();
    let { sessions } = boot();
    const id = sessions.create(ADMIN, { remembered: true });
    sessions.close();
    const { writes } = disk;
    let cookies = 0;
    for (let hour = 1; hour <= 24 * 60; hour++) {
      clock.advance(3_600_000);
      expect(sessions.find(id)).toEqual(ADMIN);
      if (sessions.renew(id) !== undefined) cookies++;
      if (hour % (24 * 7) === 0) {
        sessions.close();
        ({ sessions } = boot());
      }
    }
    expect(disk.writes - writes).toBeLessThanOrEqual(60);
    expect(cookies).toBeGreaterThanOrEqual(50);
  });

  test('many logins are written together; a login that is out again before that is not written', () => {
    const { boot, clock, disk } = machine();
    const { sessions } = boot();
    for (let k = 0; k < 300; k++) sessions.create(ADMIN);
    for (let k = 0; k < 300; k++) sessions.destroy(sessions.create(GUEST));
    expect(disk.writes).toBe(0);
    clock.advance(10_000);
    expect([disk.writes, disk.sessions.length]).toEqual([1, 255]);
    clock.advance(WEEK);
    expect(disk.writes).toBe(1);
  });

  test('a logout and a changed password are written at once: the power may go', () => {
    const { boot, disk } = machine();
    const { users, sessions } = boot();
    const [id, guest] = [sessions.create(ADMIN), sessions.create(GUEST)];
    sessions.close();
    sessions.destroy(id);
    expect([disk.writes, disk.sessions.map(({ name }) => name)]).toEqual([2, ['guest']]);
    users.replace([ADMIN, { ...GUEST, password: 'new' }]);
    users.replace([ADMIN, GUEST]);
    expect([disk.writes, disk.sessions]).toEqual([3, []]);
    expect([boot().sessions.find(id), boot().sessions.find(guest)]).toEqual([undefined, undefined]);
  });

  test('a full disk is said once, ends nobody’s session, and is tried again', () => {
    const { boot, clock, disk, warnings } = machine();
    const { sessions } = boot();
    disk.full = true;
    const id = sessions.create(ADMIN);
    clock.advance(10 * 60_000);
    expect(warnings).toEqual([expect.stringContaining('no space left on device')]);
    expect(sessions.find(id)).toEqual(ADMIN);
    disk.full = false;
    clock.advance(60_000);
    expect(boot().sessions.find(id)).toEqual(ADMIN);
    expect(clock.pending).toBe(0);
  });

  test('no more than 256 are taken from disk', () => {
    const { boot, disk } = machine();
    const { sessions } = boot();
    const id = sessions.create(ADMIN);
    sessions.close();
    disk.sessions = [...Array.from({ length: 1000 }, (_, k) => ({ ...disk.sessions[0]!, hash: String(k) })), ...disk.sessions];
    const after = boot().sessions;
    expect(after.find(id)).toEqual(ADMIN);
    after.create(GUEST);
    after.close();
    expect(disk.sessions).toHaveLength(256);
  });
});
