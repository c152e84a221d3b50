import { describe, expect, test } from '@jest/globals';
import { isNear, type LocalAddress, nearest } from '../../../src/discovery/addresses.ts';

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
