import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { BufferGarbage } from '../../../src/core/buffer-garbage.ts';

const MEGABYTE = 1024 * 1024;
const original = globalThis.gc;
afterEach(() => {
  globalThis.gc = original;
});

describe('BufferGarbage', () => {
  test('asks for a young collection once in a few megabytes', () => {
    const collect = jest.fn();
    globalThis.gc = collect as unknown as NonNullable<typeof globalThis.gc>;
    const garbage = new BufferGarbage();
    for (let k = 0; k < 64; k++) garbage.count(MEGABYTE / 4);
    expect(collect.mock.calls).toEqual(Array.from({ length: 4 }, () => [{ type: 'minor' }]));
    garbage.count(8 * MEGABYTE);
    expect(collect).toHaveBeenCalledTimes(5);
  });

  test('does nothing where Node has no gc', () => {
    globalThis.gc = undefined;
    expect(() => new BufferGarbage().count(100 * MEGABYTE)).not.toThrow();
  });
});
