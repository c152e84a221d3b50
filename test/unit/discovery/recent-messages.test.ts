import { describe, expect, test } from '@jest/globals';
import { RecentMessages } from '../../../src/discovery/recent-messages.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('RecentMessages', () => {
  test('knows a repetition for a while, not for ever', () => {
    const clock = new FakeClock();
    const recent = new RecentMessages(clock);
    expect([recent.add('a'), recent.add('b'), recent.add('a')]).toEqual([true, true, false]);
    clock.advance(4999);
    expect(recent.add('a')).toBe(false);
    clock.advance(1);
    expect(recent.add('a')).toBe(true);
  });

  test('remembers the latest only', () => {
    const recent = new RecentMessages(new FakeClock());
    for (let at = 0; at <= 512; at++) recent.add(String(at));
    expect(recent.add('1')).toBe(false);
    expect(recent.add('0')).toBe(true);
  });
});
