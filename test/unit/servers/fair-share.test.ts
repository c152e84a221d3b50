import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FairShare } from '../../../src/servers/fair-share.ts';

describe('who has to go', () => {
  test('is the oldest of the address that holds the most', () => {
    const shares = new FairShare<string>();
    shares.add('b', 'b1');
    for (const thing of ['a1', 'a2', 'a3']) shares.add('a', thing);
    expect(shares.oldestOfLargest()).toBe('a1');
    shares.delete('a', 'a1');
    expect(shares.oldestOfLargest()).toBe('a2');
    expect(shares.oldestOf('b')).toBe('b1');
    expect(shares.oldestOf('c')).toBeUndefined();
  });

  test('is nobody of an address that is not asked', () => {
    const shares = new FairShare<string>();
    for (const thing of ['a1', 'a2']) shares.add('a', thing);
    shares.add('b', 'b1');
    expect(shares.oldestOfLargest((address) => address !== 'a')).toBe('b1');
    expect(shares.oldestOfLargest(() => false)).toBeUndefined();
  });

  test('is none that is kept, though it counts', () => {
    const kept = new Set(['a1', 'a2', 'b1']);
    const shares = new FairShare<string>((thing) => kept.has(thing));
    for (const thing of ['a1', 'a2', 'a3']) shares.add('a', thing);
    shares.add('b', 'b1');
    expect(shares.oldestOfLargest()).toBe('a3');
    shares.delete('a', 'a3');
    expect(shares.oldestOfLargest()).toBeUndefined();
    expect([shares.size, shares.countOf('a'), shares.looseCountOf('a')]).toEqual([3, 2, 0]);
  });
});

test('the counts are those of a plain list, whatever is done', () => {
  const step = fc.record({ address: fc.constantFrom('a', 'b', 'c'), remove: fc.boolean(), which: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const shares = new FairShare<number>();
      const list: { address: string; thing: number }[] = [];
      for (const [thing, { address, remove, which }] of steps.entries()) {
        if (!remove) {
          list.push({ address, thing });
          shares.add(address, thing);
        } else if (list.length > 0) {
          const [gone] = list.splice(which % list.length, 1);
          shares.delete(gone!.address, gone!.thing);
        }
        const of = (name: string) => list.filter((one) => one.address === name);
        expect(shares.size).toBe(list.length);
        for (const name of ['a', 'b', 'c']) {
          expect(shares.countOf(name)).toBe(of(name).length);
          expect(shares.oldestOf(name)).toBe(of(name)[0]?.thing);
        }
        const largest = shares.oldestOfLargest();
        const most = Math.max(...['a', 'b', 'c'].map((name) => of(name).length));
        const owner = list.find((one) => one.thing === largest)?.address;
        expect(owner === undefined ? 0 : of(owner).length).toBe(most);
      }
    }),
  );
});
