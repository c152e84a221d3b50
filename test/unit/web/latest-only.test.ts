import { expect, test } from '@jest/globals';
import { LatestOnly } from '../../../src/web/page/latest-only.ts';

test('runs one at a time, and only the newest of those that waited', async () => {
  const started: number[] = [];
  const finish: (() => void)[] = [];
  const latest = new LatestOnly<number>((item) => {
    started.push(item);
    return new Promise<void>((resolve) => finish.push(resolve));
  });
  const next = async () => {
    finish.shift()?.();
    await new Promise(setImmediate);
  };

  for (const item of [1, 2, 3, 4]) latest.offer(item);
  expect(started).toEqual([1]);
  await next();
  expect(started).toEqual([1, 4]);
  await next();
  expect(started).toEqual([1, 4]);
  latest.offer(5);
  expect(started).toEqual([1, 4, 5]);
});
