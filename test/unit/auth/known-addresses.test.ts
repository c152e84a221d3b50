import { beforeEach, expect, test } from '@jest/globals';
import { KnownAddresses } from '../../../src/auth/known-addresses.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const HOUR = 3_600_000;

let clock: FakeClock;
let known: KnownAddresses;
beforeEach(() => {
  clock = new FakeClock();
  known = new KnownAddresses(clock);
});

test('an address is known from its login on, for a day and a half after the last one', () => {
  expect(known.has('192.168.1.7')).toBe(false);
  known.add('192.168.1.7');
  expect(known.has('192.168.1.7')).toBe(true);
  expect(known.has('192.168.1.8')).toBe(false);
  clock.advance(30 * HOUR);
  known.add('192.168.1.7');
  clock.advance(35 * HOUR);
  expect(known.has('192.168.1.7')).toBe(true);
  clock.advance(HOUR);
  expect(known.has('192.168.1.7')).toBe(false);
});

test('an IPv4 address is the same in its mapped form, and an IPv6 network is one address', () => {
  known.add('::ffff:192.168.1.7');
  expect(known.has('192.168.1.7')).toBe(true);
  known.add('2001:db8:1:2::1');
  expect(known.has('2001:db8:1:2:ffff::9')).toBe(true);
  expect(known.has('2001:db8:1:2')).toBe(true);
  expect(known.has('2001:db8:1:3::1')).toBe(false);
});

test('of more than 256 addresses the one whose login is the oldest is forgotten', () => {
  const address = (k: number) => `10.0.${k >> 8}.${k & 255}`;
  for (let k = 0; k < 256; k++) known.add(address(k));
  clock.advance(2 * 60_000);
  known.add(address(0));
  known.add(address(256));
  expect(known.has(address(0))).toBe(true);
  expect(known.has(address(1))).toBe(false);
  expect(known.has(address(2))).toBe(true);
  expect(known.has(address(256))).toBe(true);
});
