import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TokenStage } from '../support/token-stage.ts';

const HOUR = 3_600_000;
const OFFSET = fc.oneof(fc.constant(0), fc.integer({ min: -TokenStage.WINDOW, max: TokenStage.WINDOW }));

/** Shorter ones are told apart by no clock; no program is started in less time. */
const LEAST = 200;

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('logIn' as const), offset: OFFSET, user: fc.constantFrom('admin', 'guest') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: HOUR }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('setClock' as const), ms: fc.integer({ min: LEAST, max: 2 * HOUR }), back: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('synchronize' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('restart' as const, 'crash' as const), ms: fc.integer({ min: LEAST, max: HOUR }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('powerCut' as const),
      ms: fc.integer({ min: LEAST, max: HOUR }),
      wrong: fc.integer({ min: -2 * HOUR, max: 2 * HOUR }),
    }),
  },
);

test('no token is accepted twice, whatever happens to the program, the machine and its clock', async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 30 }), async (steps) => {
      const stage = await TokenStage.start();
      const used: Awaited<ReturnType<TokenStage['logIn']>>[] = [];
      for (const each of steps) {
        if (each.kind === 'logIn') {
          const login = await stage.logIn(each.offset, each.user);
          if (login.now === 'taken') used.push(login);
        } else if (each.kind === 'advance') stage.clock.advance(each.ms);
        else if (each.kind === 'setClock') stage.setClock(each.back ? -each.ms : each.ms);
        else if (each.kind === 'synchronize') stage.synchronize();
        else if (each.kind === 'powerCut') await stage.powerCut(each.ms, each.wrong);
        else await stage[each.kind](each.ms);
        for (const { again } of used) expect(await again()).not.toBe('taken');
      }
      accepted += used.length;
    }),
    { numRuns: 3000 },
  );
  // Whoever lets nobody in passes all of that, too.
  expect(accepted).toBeGreaterThan(10_000);
}, 60_000);
