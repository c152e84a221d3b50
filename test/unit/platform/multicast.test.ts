import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { groupOf, isMulticastGroup } from '../../../src/platform/multicast.ts';

test.each(['224.1.0.0', '224.1.2.4', '224.5.0.0', '232.0.0.1', '239.0.0.1', '239.192.0.1', '239.255.254.255'])(
  'a stream may be sent to %s',
  (address) => {
    expect(isMulticastGroup(address)).toBe(true);
  },
);

test.each([
  '',
  '223.255.255.255',
  '224.0.0.1',
  '224.0.0.251',
  '224.0.0.255',
  // NTP, SLP, PTP, SIP; KNX.
  '224.0.1.1',
  '224.0.1.22',
  '224.0.1.129',
  '224.0.1.132',
  '224.0.1.75',
  '224.0.23.12',
  // SAP, global and in three scopes.
  '224.2.127.254',
  '224.3.0.1',
  '224.4.255.255',
  '233.252.0.1',
  '239.195.255.255',
  '239.255.255.255',
  '239.255.255.254',
  // SSDP and WS-Discovery; SLP.
  '239.255.255.250',
  '239.255.255.253',
  '239.255.255.0',
  '240.0.0.1',
  '255.255.255.255',
  '0.0.0.0',
  '239.1',
  '239.1.2.3.4',
  '239.1.2.3 ',
  'ff02::1',
  'ff15::1',
  '::ffff:239.1.2.3',
])('a stream may not be sent to %j', (address) => {
  expect(isMulticastGroup(address)).toBe(false);
});

test("a camera's own group is the same for ever, in the local scope and outside its assigned last /24", async () => {
  expect(groupOf('9a8b7c6d-1234-4abc-8def-0123456789ab')).toBe('239.255.154.140');
  await fc.assert(
    fc.asyncProperty(fc.uuid(), async (uuid) => {
      const group = groupOf(uuid);
      expect(isMulticastGroup(group)).toBe(true);
      expect(group).toMatch(/^239\.255\.(?!255\.)\d+\.(?!0$|255$)\d+$/);
    }),
  );
});
