import { describe, expect, test } from '@jest/globals';
import { SenderLimiter } from '../../../src/discovery/sender-limiter.ts';
import { ANSWERS } from '../../../src/discovery/ws-discovery.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('SenderLimiter', () => {
  const taken = (limiter: SenderLimiter, sender: string, times: number) =>
    Array.from({ length: times }, () => limiter.take(sender)).filter(Boolean).length;

  test('a sender gets a burst, then a steady rate; others are not affected', () => {
    const clock = new FakeClock();
    const limiter = new SenderLimiter(ANSWERS, clock);
    expect(taken(limiter, 'a', 50)).toBe(20);
    expect(taken(limiter, 'b', 5)).toBe(5);
    clock.advance(1000);
    expect(taken(limiter, 'a', 50)).toBe(4);
    clock.advance(60_000);
    expect(taken(limiter, 'a', 50)).toBe(20);
  });

  test('all senders together have a limit, however many they are', () => {
    const clock = new FakeClock();
    const limiter = new SenderLimiter(ANSWERS, clock);
    const all = () => Array.from({ length: 5000 }, (_, at) => limiter.take(String(at))).filter(Boolean).length;
    expect(all()).toBe(100);
    clock.advance(1000);
    expect(all()).toBe(40);
  });

  test('what costs more uses up more, and nothing is taken for what is refused', () => {
    const limits = { perSender: { burst: 10, rate: 1 }, total: { burst: 15, rate: 1 } };
    const limiter = new SenderLimiter(limits, new FakeClock());
    expect(limiter.take('a', 8)).toBe(true);
    expect(limiter.take('a', 3)).toBe(false);
    expect(limiter.take('a', 2)).toBe(true);
    expect(limiter.take('b', 6)).toBe(false);
    expect(limiter.take('c', 5)).toBe(true);
    expect(limiter.take('d', 1)).toBe(false);
  });
});
