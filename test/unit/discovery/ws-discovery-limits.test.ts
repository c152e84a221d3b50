import { describe, expect, test } from '@jest/globals';
import { AppError } from '../../../src/core/errors.ts';
import { isNear, type LocalAddress, nearest } from '../../../src/discovery/addresses.ts';
import { MetadataVersions, nextMetadata } from '../../../src/discovery/metadata-version.ts';
import { RecentMessages } from '../../../src/discovery/recent-messages.ts';
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

describe('addresses', () => {
  const at = (address: string, prefixLength: number): LocalAddress => ({ address, prefixLength, interfaceName: 'x' });
  const own = [at('192.168.1.5', 24), at('10.1.0.5', 16), at('203.0.113.5', 28)];

  test.each([
    ['192.168.1.77', '192.168.1.5'],
    ['10.1.200.1', '10.1.0.5'],
    ['192.168.7.7', '192.168.1.5'],
    ['203.0.113.14', '203.0.113.5'],
    ['172.16.0.1', '192.168.1.5'],
  ])('%s reaches us by %s', (peer, expected) => {
    expect(nearest(peer, own)?.address).toBe(expected);
  });

  test('the network counts more than how alike addresses are', () => {
    expect(nearest('10.1.1.1', [at('10.1.1.2', 32), at('10.1.200.1', 16)])?.address).toBe('10.1.200.1');
    expect(nearest('10.1.1.1', [])).toBeUndefined();
  });

  test.each([
    ['192.168.200.1', true],
    ['172.31.255.255', true],
    ['172.32.0.0', false],
    ['203.0.113.14', true],
    ['203.0.113.16', false],
    ['8.8.8.8', false],
    ['127.0.0.1', true],
  ])('%s is near: %s', (peer, expected) => {
    expect(isNear(peer, own)).toBe(expected);
  });
});

test('the metadata version rises with every change of the description, and only then', () => {
  const first = nextMetadata(undefined, ['a', 'b']);
  expect(first.version).toBe(1);
  expect(nextMetadata(first, ['a', 'b'])).toBe(first);
  const second = nextMetadata(first, ['a b']);
  expect(second.version).toBe(2);
  expect(nextMetadata(second, ['a', 'b']).version).toBe(3);
});

describe('MetadataVersions', () => {
  test('what was stored goes on, and what changes is stored', () => {
    const kept: unknown[] = [];
    const stored = nextMetadata(undefined, ['a']);
    const versions = new MetadataVersions({ stored, store: (metadata) => kept.push(metadata), clock: new FakeClock(), log: { warn() {} } });
    expect([versions.next(['a']), versions.next(['b']), versions.next(['b'])]).toEqual([1, 2, 2]);
    expect(kept).toEqual([nextMetadata(stored, ['b'])]);
  });

  test('a disk that takes nothing: the version rises all the same, and it is said once', () => {
    const lines: string[] = [];
    let tries = 0;
    const store = () => {
      tries++;
      throw new AppError('DATA_DIR', 'The state cannot be written to /x: ENOSPC.');
    };
    const versions = new MetadataVersions({ stored: undefined, store, clock: new FakeClock(), log: { warn: (line) => lines.push(line) } });
    expect([versions.next(['a']), versions.next(['a']), versions.next(['b']), versions.next(['b'])]).toEqual([1, 1, 2, 2]);
    expect(tries).toBe(2);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('ENOSPC. Give a directory that this user can write with --data-dir. The camera is announced all the same');
  });
});
