import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { DescriptorReserve, descriptorLimit } from '../../../src/platform/descriptors.ts';
import { connectionBudget } from '../../../src/servers/connection-budget.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

describe('how many connections there may be', () => {
  test('is what a Pi can carry where the system allows enough open files', () => {
    const wanted = { isTight: false, http: 1000, rtsp: 200, sessions: 100 };
    expect(connectionBudget(524_288)).toEqual({ ...wanted, descriptors: 524_288 });
    expect(connectionBudget(Number.POSITIVE_INFINITY)).toMatchObject(wanted);
  });

  test.each([20, 64, 80, 256, 1024, 1663])('fits into %d open files, with some left for the camera', (openFiles) => {
    const { isTight, http, rtsp, sessions } = connectionBudget(new DescriptorReserve(openFiles).forOthers);
    expect(isTight).toBe(true);
    expect(Math.min(http, rtsp, sessions)).toBeGreaterThanOrEqual(1);
    expect(http + rtsp + 4 * sessions).toBeLessThanOrEqual(Math.max(openFiles - 64, Math.floor((openFiles * 5) / 8)));
    if (openFiles >= 256) expect(http + rtsp + 4 * sessions).toBeGreaterThan(0.6 * openFiles);
  });
});

describe('the limit of open files', () => {
  const rootWith = (limits: string) => {
    const root = makeTempDir();
    mkdirSync(join(root, 'proc/self'), { recursive: true });
    writeFileSync(join(root, 'proc/self/limits'), limits);
    return root;
  };
  const line = (soft: string) =>
    `Limit                     Soft Limit           Hard Limit           Units     \nMax processes             95                   96                   processes \nMax open files            ${soft.padEnd(21)}524288               files     \n`;

  test('is read from the kernel', () => {
    expect(descriptorLimit(rootWith(line('1024')))).toBe(1024);
    expect(descriptorLimit('/')).toBeGreaterThan(20);
  });

  test('is none where the kernel says so, or nothing', () => {
    expect(descriptorLimit(rootWith(line('unlimited')))).toBe(Number.POSITIVE_INFINITY);
    expect(descriptorLimit(rootWith(''))).toBe(Number.POSITIVE_INFINITY);
    expect(descriptorLimit('/nowhere')).toBe(Number.POSITIVE_INFINITY);
  });
});
