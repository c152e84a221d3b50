import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ReplayCache } from '../../../src/auth/replay-cache.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const HOUR = 3_600_000;

function setUp({ window = 600_000, capacity }: { window?: number; capacity?: number } = {}) {
  const clock = new FakeClock();
  const cache = new ReplayCache({ clock, window, ...(capacity === undefined ? {} : { capacity }) });
  /** A token of `user` whose Created is `offset` milliseconds from now. */
  const take = (token: string, { user = 'admin', offset = 0 } = {}) => {
    const created = clock.now() + offset;
    return { now: cache.take(user, token, created), again: (as = user) => cache.take(as, token, created) };
  };
  return { clock, cache, take };
}

describe('the replay cache', () => {
  test('takes a token once, and a token of another user as another', () => {
    const { take } = setUp();
    const { now, again } = take('a');
    expect([now, again(), again('guest'), again('guest')]).toEqual(['taken', 'replayed', 'taken', 'replayed']);
  });

  test('forgets what is too old to be accepted', () => {
    const { clock, cache, take } = setUp({ window: 60_000 });
    for (let index = 0; index < 10_000; index++) {
      clock.advance(100);
      expect(take(`${index}`).now).toBe('taken');
    }
    // For two windows, as a token may be created one ahead.
    expect(cache.size).toBeGreaterThanOrEqual(1200);
    expect(cache.size).toBeLessThan(1250);
  });

  test('remembers a token that was created ahead of time for as long as it is accepted', () => {
    const { clock, take } = setUp();
    const { again } = take('a', { offset: 600_000 });
    clock.advance(1_199_000);
    take('b');
    expect(again()).toBe('replayed');
  });

  test('a clock that is set forward and back makes nothing acceptable again', () => {
    const { clock, take } = setUp();
    const { again } = take('a');
    for (const leap of [HOUR, -HOUR, -365 * 24 * HOUR, 365 * 24 * HOUR]) {
      clock.setWallForward(leap);
      clock.advance(60_000);
      take(`after ${leap}`);
      expect(again()).toBe('replayed');
    }
  });

  test('a clock that is set back after all was forgotten makes nothing acceptable again, and what was not used it does', () => {
    const { clock, cache, take } = setUp();
    const early = clock.now() - 2 * HOUR;
    const { again } = take('a');
    clock.advance(3 * HOUR);
    take('b');
    expect(cache.size).toBe(1);
    clock.setWallForward(-3 * HOUR);
    expect(again()).toBe('forgotten');
    expect(cache.take('admin', 'a new one', early)).toBe('taken');
    expect(again('guest')).toBe('taken');
  });

  test('a clock that was an hour ahead for a quarter of one closes the door to nobody when that time really comes', () => {
    const { clock, take } = setUp();
    clock.setWallForward(HOUR);
    const used = Array.from({ length: 15 }, (_, minute) => {
      clock.advance(60_000);
      return take(`ahead ${minute}`);
    });
    clock.setWallForward(-HOUR);
    for (let minute = 0; minute < 65; minute++) {
      expect(take(`right ${minute}`).now).toBe('taken');
      clock.advance(60_000);
    }
    for (const { again } of used) expect(again()).not.toBe('taken');
  });

  test('no token is taken twice, however time passes, clocks are set and users crowd', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 400_000 }) }),
      fc.record({ kind: fc.constant('set' as const), ms: fc.integer({ min: -2 * HOUR, max: 2 * HOUR }) }),
      fc.record({ kind: fc.constant('use' as const), user: fc.constantFrom('a', 'b'), offset: fc.integer({ min: -60_000, max: 60_000 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { clock, cache } = setUp({ window: 60_000, capacity: 5 });
        const used: (() => string)[] = [];
        for (const [at, each] of steps.entries()) {
          if (each.kind === 'advance') clock.advance(each.ms);
          else if (each.kind === 'set') clock.setWallForward(each.ms);
          else {
            const created = clock.now() + each.offset;
            const take = () => cache.take(each.user, `${at}`, created);
            if (take() === 'taken') used.push(take);
          }
          expect(cache.size).toBeLessThanOrEqual(5);
          for (const take of used) expect(take()).not.toBe('taken');
        }
      }),
    );
  });
});

describe('a full replay cache', () => {
  test('drops the oldest, and then accepts nothing of that time', () => {
    const { clock, cache } = setUp({ capacity: 100 });
    const start = Math.ceil(clock.now() / 1000) * 1000;
    for (let index = 0; index < 101; index++) expect(cache.take('admin', `${index}`, start + index * 1000)).toBe('taken');
    expect(cache.size).toBe(100);
    expect(cache.take('admin', '0', start)).toBe('forgotten');
    expect(cache.take('admin', 'new', start + 999)).toBe('forgotten');
    expect(cache.take('admin', '1', start + 1000)).toBe('replayed');
    expect(cache.take('admin', 'new', start + 50_000)).toBe('taken');
  });

  test('one user cannot push out what another used, nor close the door to him', () => {
    const { cache, take } = setUp({ capacity: 100 });
    const admins = Array.from({ length: 40 }, (_, index) => take(`${index}`, { offset: -index * 1000 }));
    for (let index = 0; index < 1000; index++) take(`flood ${index}`, { user: 'guest', offset: index - 1000 });
    expect(cache.size).toBe(100);
    expect(admins.map(({ again }) => again())).toEqual(new Array(40).fill('replayed'));
    for (let index = 0; index < 20; index++) expect(take(`new ${index}`, { offset: -index * 1000 }).now).toBe('taken');
  });

  test('users without end take no room without end', () => {
    const { cache, take } = setUp();
    for (let index = 0; index < 1000; index++) take('a', { user: `user ${index}` });
    expect(cache.size).toBeLessThanOrEqual(256);
  });
});

describe('after a restart', () => {
  test('all is as it was, the forgotten included', () => {
    const before = setUp({ capacity: 3 });
    const used = ['a', 'b', 'c', 'd', 'e'].map((token, at) => before.take(token, { offset: at * 5000 }));
    const { clock } = before;
    const after = new ReplayCache({ clock, window: 600_000 });
    for (const user of before.cache.list()) after.restore(user);
    expect(after.list()).toEqual(before.cache.list());
    const asked = ['a', 'b', 'c', 'd', 'e'].map((token, at) => after.take('admin', token, clock.now() + at * 5000));
    expect(asked).toEqual(used.map(({ again }) => again()));
    expect(asked).toEqual(['forgotten', 'forgotten', 'replayed', 'replayed', 'replayed']);
  });

  test('what was seen before is remembered for two windows more, as nobody knows how long the restart took', () => {
    const { clock, cache } = setUp({ window: 60_000 });
    const created = clock.now() + 59_000;
    cache.restore({ name: 'admin', seen: [], forgotten: [] });
    expect(cache.take('admin', 'a', created)).toBe('taken');
    const after = new ReplayCache({ clock, window: 60_000 });
    for (const user of cache.list()) after.restore(user);
    clock.advance(119_000);
    after.take('admin', 'b', clock.now());
    expect(after.take('admin', 'a', created)).toBe('replayed');
  });
});
