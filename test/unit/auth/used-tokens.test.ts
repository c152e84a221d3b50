import { describe, expect, test } from '@jest/globals';
import { UsedTokens } from '../../../src/auth/used-tokens.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { TokenStage } from '../../support/token-stage.ts';

const WINDOW = TokenStage.WINDOW;
const MINUTE = 60_000;

/** For six minutes one client logs in again and again, whose clock is right. */
async function useForAWhile(stage: TokenStage): Promise<void> {
  for (let minute = 0; minute <= 6; minute++) {
    if (minute > 0) stage.clock.advance(MINUTE);
    expect((await stage.logIn()).now).toBe('taken');
  }
}

describe('the first start', () => {
  test('has nothing to fear: everybody gets in, and nothing is written before', async () => {
    const stage = await TokenStage.start();
    expect(stage.writes).toBe(0);
    for (const offset of [0, -WINDOW, WINDOW]) expect((await stage.logIn(offset)).now).toBe('taken');
  });

  test('and a run without logins leaves nothing', async () => {
    const stage = await TokenStage.start();
    await stage.restart();
    expect([stage.writes, stage.disk]).toEqual([0, undefined]);
  });
});

describe('an orderly restart', () => {
  test.each([0, -300_000, 300_000])(
    'is not noticed by a client whose clock is %d ms ahead; a copied token does not work',
    async (offset) => {
      const stage = await TokenStage.start();
      const before = await stage.logIn(offset);
      await stage.restart();
      expect(await before.again()).toBe('replayed');
      expect((await stage.logIn(offset)).now).toBe('taken');
      expect(stage.lines).toEqual([]);
    },
  );

  test.each([
    ['as it was when the machine was shut down', -5000],
    ['in 1970', -FakeClock.EPOCH],
    ['a year ahead', 365 * 24 * 60 * MINUTE],
  ])('with a clock that is then %s: no copy works before or after it is set right, and no client has to wait', async (_, wrong) => {
    const stage = await TokenStage.start();
    const used = [await stage.logIn(-4000), await stage.logIn(), await stage.logIn(4000)];
    await stage.run.close();
    await stage.powerCut(5000, wrong);
    expect((await stage.logIn()).now).toBe('taken');
    for (const { again } of used) expect(await again()).not.toBe('taken');
    stage.setClock(-wrong);
    expect((await stage.logIn()).now).toBe('taken');
    for (const { again } of used) expect(await again()).toBe('replayed');
  });

  test('again and again: what was used in the first run does not work in the last', async () => {
    const stage = await TokenStage.start();
    const first = await stage.logIn();
    for (let time = 0; time < 5; time++) {
      await stage.restart();
      await stage.logIn();
    }
    expect(await first.again()).toBe('replayed');
  });

  test('leaves hashes, not tokens', async () => {
    const stage = await TokenStage.start();
    await stage.run.take('admin', 'the digest itself', stage.clock.now());
    await stage.run.close();
    expect(JSON.stringify(stage.disk)).not.toContain('the digest');
    expect(stage.disk).toMatchObject({
      orderly: true,
      users: [{ name: 'admin', seen: [[expect.stringMatching(/^[\w-]{22}$/), stage.clock.now()]] }],
    });
  });

  test('nothing is taken after the end, when it could no longer be noted', async () => {
    const stage = await TokenStage.start();
    await stage.logIn();
    await stage.run.close();
    expect((await stage.logIn()).now).toBe('forgotten');
  });

  test('a login that is being noted while the program stops is known to the next run', async () => {
    const stage = await TokenStage.start();
    let goOn = () => {};
    stage.slow = new Promise((resolve) => {
      goOn = resolve;
    });
    const created = stage.clock.now();
    const login = stage.run.take('admin', 'a', created);
    const closed = stage.run.close();
    goOn();
    expect(await login).toBe('taken');
    await closed;
    await stage.start();
    expect(await stage.run.take('admin', 'a', created)).toBe('replayed');
  });

  test('one that never began leaves what the run before had left', async () => {
    const stage = await TokenStage.start();
    const used = await stage.logIn();
    await stage.run.close();
    const left = stage.disk;
    const other = new UsedTokens({
      clock: stage.clock,
      window: WINDOW,
      store: {
        read: () => stage.disk,
        write: async () => {
          throw new Error('not to be written');
        },
      },
      boot: { id: undefined, elapsed: () => 0, isClockSet: () => false },
      log: silentLogger,
    });
    await other.close();
    await other.open();
    expect(stage.disk).toBe(left);
    await stage.start();
    expect(await used.again()).toBe('replayed');
  });
});

describe('a crash', () => {
  test.each(['crash', 'powerCut'] as const)('(%s) makes no copy work, whatever the clocks of the clients', async (happens) => {
    const offsets = [-WINDOW, -300_000, -1000, 0, 1000, 300_000, WINDOW];
    for (const downtime of [0, 1000, 300_000, 2 * WINDOW]) {
      const stage = await TokenStage.start();
      const used = [];
      for (const offset of offsets) used.push(await stage.logIn(offset));
      await stage[happens](downtime);
      for (let minute = 0; minute < 2 * WINDOW; minute += MINUTE / 2) {
        for (const { again } of used) expect(await again()).not.toBe('taken');
        stage.clock.advance(MINUTE / 2);
      }
    }
  });

  test('lets a client whose clock is right in at once, and one whose clock is slow when that much time has passed', async () => {
    const stage = await TokenStage.start();
    await useForAWhile(stage);
    await stage.crash();
    stage.clock.advance(1);
    expect((await stage.logIn()).now).toBe('taken');
    expect((await stage.logIn(-300_000)).now).toBe('forgotten');
    expect((await stage.logIn(-300_000)).now).toBe('forgotten');
    expect(stage.lines).toEqual([
      expect.stringMatching(/^An ONVIF login of "admin", created at 2026-01-02T03:05:06.001Z, was refused: .* Set its clock\.$/),
    ]);
    stage.clock.advance(299_999);
    expect((await stage.logIn(-300_000)).now).toBe('forgotten');
    stage.clock.advance(1);
    expect((await stage.logIn(-300_000)).now).toBe('taken');
  });

  test('lets one in whose clock is ahead, and makes the others of that user wait for as long', async () => {
    const stage = await TokenStage.start();
    for (const offset of [0, 100_000]) await stage.logIn(offset);
    await stage.logIn(0, 'guest');
    await stage.crash();
    stage.clock.advance(1);
    expect((await stage.logIn()).now).toBe('forgotten');
    expect((await stage.logIn(0, 'guest')).now).toBe('taken');
    // What is noted is doubled each time: 128 s.
    stage.clock.advance(128_000);
    expect((await stage.logIn()).now).toBe('taken');
  });

  test('after a power cut, without a time server, nobody waits longer than a quarter of an hour on top', async () => {
    const stage = await TokenStage.start();
    await useForAWhile(stage);
    await stage.powerCut(20_000);
    expect((await stage.logIn()).now).toBe('forgotten');
    // Noted with the first login, and not since.
    stage.clock.advance(9 * MINUTE - 20_000 + 1);
    expect((await stage.logIn()).now).toBe('taken');
    expect((await stage.logIn(-300_000)).now).toBe('forgotten');
    stage.clock.advance(300_000);
    expect((await stage.logIn(-300_000)).now).toBe('taken');
  });

  test.each([0, -120_000, 120_000])(
    'after a power cut a client whose clock is right gets in once a time server has set the clock, which was %d ms wrong till then',
    async (wrong) => {
      const stage = await TokenStage.start();
      stage.synchronize();
      await useForAWhile(stage);
      const used = await stage.logIn();
      await stage.powerCut(20_000, wrong);
      expect((await stage.logIn()).now).toBe('forgotten');
      expect(await used.again()).toBe('forgotten');
      stage.clock.advance(3000);
      stage.synchronize();
      expect((await stage.logIn()).now).toBe('taken');
      expect(await used.again()).toBe('forgotten');
      expect((await stage.logIn(-60_000)).now).toBe('forgotten');
      stage.clock.advance(60_000);
      expect((await stage.logIn(-60_000)).now).toBe('taken');
    },
  );

  test('what was used by a clock that no time server had set is not taken for unused when one sets it right', async () => {
    const stage = await TokenStage.start();
    stage.setClock(60_000);
    const used = await stage.logIn();
    await stage.powerCut(1000, -60_000);
    stage.synchronize();
    for (let minute = 0; minute < 10; minute++) {
      expect(await used.again()).toBe('forgotten');
      stage.clock.advance(MINUTE);
    }
  });

  test('lets in at once whose clock is so slow that nothing was used of that time', async () => {
    const stage = await TokenStage.start();
    await stage.logIn();
    await stage.crash();
    expect((await stage.logIn(-300_000)).now).toBe('taken');
  });

  test('after a long power cut nobody waits', async () => {
    const stage = await TokenStage.start();
    await stage.logIn();
    await stage.powerCut(WINDOW + 16 * MINUTE);
    for (const offset of [0, -300_000, -WINDOW, WINDOW]) expect((await stage.logIn(offset)).now).toBe('taken');
  });

  test.each([
    ['an hour slow, as the last one saved', -60 * MINUTE],
    ['a minute slow', -MINUTE],
    ['some seconds slow', -7000],
  ])('a clock that is %s after a power cut lets no copy in, neither before it is set right nor after', async (_, wrong) => {
    const stage = await TokenStage.start();
    const used = [];
    for (let second = 0; second < 120 * 60; second += 30) {
      used.push(await stage.logIn());
      stage.clock.advance(30_000);
    }
    await stage.powerCut(5000, wrong);
    for (let minute = 0; minute < 90; minute++) {
      for (const { again } of used) expect(await again()).not.toBe('taken');
      stage.clock.advance(MINUTE);
    }
    stage.setClock(-wrong);
    for (const { again } of used) expect(await again()).not.toBe('taken');
    expect((await stage.logIn()).now).toBe('taken');
  });

  test('a clock that begins in 1970 each time lets no copy in, and everybody once it is set', async () => {
    const stage = await TokenStage.start();
    stage.setClock(-stage.clock.now());
    const early = await stage.logIn();
    stage.setClock(FakeClock.EPOCH);
    const late = await stage.logIn();
    await stage.powerCut(60_000, -stage.clock.now() - 60_000);
    expect(await early.again()).toBe('forgotten');
    stage.setClock(FakeClock.EPOCH + 16 * MINUTE);
    expect(await late.again()).not.toBe('taken');
    expect((await stage.logIn()).now).toBe('taken');
  });

  test('a clock that begins at the same time with each boot lets no copy in', async () => {
    const stage = await TokenStage.start();
    stage.clock.advance(5 * MINUTE);
    const used = await stage.logIn();
    await stage.powerCut(MINUTE, -6 * MINUTE);
    for (let minute = 0; minute < 10; minute++) {
      expect(await used.again()).toBe('forgotten');
      stage.clock.advance(MINUTE);
    }
    stage.clock.advance(11 * MINUTE);
    expect((await stage.logIn()).now).toBe('taken');
  });

  test('a clock that was years ahead, and is right after the power cut, closes the door to nobody', async () => {
    const stage = await TokenStage.start();
    await stage.logIn();
    const years = 12 * 365 * 24 * 60 * MINUTE;
    stage.setClock(years);
    const used = await stage.logIn();
    await stage.powerCut(16 * MINUTE, -years);
    expect((await stage.logIn()).now).toBe('taken');
    expect(await used.again()).toBe('expired');
  });

  test('a clock that is set back between a crash and the next start lets no copy in', async () => {
    const stage = await TokenStage.start();
    const used = [await stage.logIn()];
    stage.clock.advance(30_000);
    used.push(await stage.logIn());
    stage.setClock(-40_000);
    await stage.crash();
    for (const { again } of used) expect(await again()).toBe('forgotten');
    stage.clock.advance(15_000);
    for (const { again } of used) expect(await again()).toBe('forgotten');
  });

  test('a clock that is set forward and back before a crash, within what is noted, lets no copy in', async () => {
    const stage = await TokenStage.start();
    await stage.logIn();
    stage.setClock(30_000);
    const used = await stage.logIn();
    stage.setClock(-30_000);
    await stage.crash();
    expect(await used.again()).toBe('forgotten');
  });

  test('crashes one after the other let no copy in of any run', async () => {
    const stage = await TokenStage.start();
    const used = [];
    for (const offset of [0, 20_000, -20_000, 0]) {
      used.push(await stage.logIn(offset));
      await stage.crash(100);
    }
    await stage.powerCut(1000);
    await stage.crash(100);
    for (const { again } of used) expect(await again()).toBe('forgotten');
  });

  test('what an orderly stop left is void once the next run has begun', async () => {
    const stage = await TokenStage.start();
    const first = await stage.logIn();
    await stage.restart();
    expect(stage.disk).toMatchObject({ orderly: false });
    await stage.crash();
    expect(await first.again()).toBe('forgotten');
  });
});

describe('the disk', () => {
  test('is written once in a quarter of an hour while clients come all the time', async () => {
    const stage = await TokenStage.start();
    for (let second = 0; second < 3600; second += 2) {
      for (const offset of [0, -3000, 200]) expect((await stage.logIn(offset)).now).toBe('taken');
      stage.clock.advance(2000);
    }
    expect(stage.writes).toBeLessThanOrEqual(6);
  });

  test('has noted a time before a login of that time is accepted', async () => {
    const stage = await TokenStage.start();
    await stage.logIn(0, 'guest');
    let goOn = () => {};
    stage.slow = new Promise((resolve) => {
      goOn = resolve;
    });
    const before = stage.disk;
    let accepted = 0;
    const logins = [stage.logIn(0), stage.logIn(1)].map((login) => login.then(() => accepted++));
    await new Promise((resolve) => setImmediate(resolve));
    expect([accepted, stage.disk]).toEqual([0, before]);
    goOn();
    await Promise.all(logins);
    expect(stage.disk).toMatchObject({ users: [{ name: 'guest' }, { name: 'admin' }] });
  });

  test('that takes nothing keeps nobody out, and is told of', async () => {
    const stage = await TokenStage.start();
    stage.broken = true;
    const login = await stage.logIn();
    expect([login.now, await login.again()]).toEqual(['taken', 'replayed']);
    expect(stage.lines).toEqual([expect.stringMatching(/^The disk is full\. After a power cut .* Give a directory/)]);
    await stage.run.close();
  });

  test('whose content is damaged lets no copy in; the next run knows again', async () => {
    const stage = await TokenStage.start();
    const used = [await stage.logIn(), await stage.logIn(300_000)];
    stage.disk = 'damaged';
    await stage.crash();
    expect(stage.lines).toEqual([expect.stringContaining('damaged')]);
    expect((await stage.logIn(0, 'somebody else')).now).toBe('forgotten');
    for (const { again } of used) expect(await again()).toBe('forgotten');
    stage.clock.advance(WINDOW + 1);
    expect((await stage.logIn()).now).toBe('taken');
    await stage.crash();
    for (const { again } of used) expect(await again()).not.toBe('taken');
  });
});
