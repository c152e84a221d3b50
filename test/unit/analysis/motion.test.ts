import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { judgeAll } from '../../support/judge.ts';

/** Seconds from the begin of a movement to its telling: what people take for "at once", and what noise may cost. */
const MOST_DELAY = 1;
const MOST_DELAY_IN_NOISE = 1.75;

const PROGRAM = fileURLToPath(new URL('../../../bench/motion-scenes.mjs', import.meta.url));

let judgements: ReturnType<typeof judgeAll>;
// A process of its own: in a test's context arithmetic on pictures takes ten times as long.
beforeAll(async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, '--json'], { maxBuffer: 1e8 });
  judgements = JSON.parse(stdout);
  // 20 s on a machine that does nothing else.
}, 600_000);

describe.each(['pictures', 'both'] as const)('motion by %s, on scenes with noise and rain that fall otherwise each time', (way) => {
  const judged = () => judgements.filter((each) => each.way === way && !each.shownOnly);

  test('tells every movement', () => {
    expect(judged().filter(({ hits, moves }) => hits !== moves)).toEqual([]);
    expect(judged().filter(({ moves }) => moves > 0).length).toBeGreaterThan(10);
  });

  test('gives no false alarm', () => {
    expect(judged().filter(({ falseAlarms }) => falseAlarms > 0)).toEqual([]);
    expect(judged().filter(({ moves }) => moves === 0).length).toBeGreaterThan(10);
  });

  test('is quick', () => {
    const limit = (scene: string) => (/at night|like the wall/.test(scene) ? MOST_DELAY_IN_NOISE : MOST_DELAY);
    expect(judged().filter(({ scene, delay = 0 }) => delay > limit(scene))).toEqual([]);
  });

  test('is over when a car has parked, though it is still there', () => {
    for (const { told } of judged().filter(({ scene }) => scene.includes('parks'))) expect(told).toBeLessThan(11);
  });

  test('needs the mask for a branch in the wind', () => {
    const open = judgements.filter((each) => each.way === way && each.shownOnly);
    expect(open.length).toBeGreaterThan(0);
    for (const { falseAlarms } of open) expect(falseAlarms).toBeGreaterThan(0);
  });
});

describe('motion by the camera alone', () => {
  test('tells every movement, and takes neither a lamp nor the exposure for one', () => {
    const judged = judgements.filter(({ way, shownOnly }) => way === 'camera' && !shownOnly);
    expect(judged.filter(({ hits, moves }) => hits !== moves)).toEqual([]);
    const quiet = judged.filter(({ scene }) => !/rain|noise|bird/.test(scene));
    expect(quiet.filter(({ falseAlarms }) => falseAlarms > 0)).toEqual([]);
  });
});
