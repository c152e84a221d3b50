import { expect, test } from '@jest/globals';
import { systemClock } from '../../../src/core/clock.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { Mdns } from '../../../src/discovery/mdns.ts';

const make = (name: string, serial = '10000000abcdef') =>
  new Mdns({
    name,
    serial,
    uuid: '9a8b7c6d-1234-4abc-8def-0123456789ab',
    model: 'm',
    httpPort: 80,
    onvifPath: '/',
    clock: systemClock,
    log: silentLogger,
  });

test.each([
  ['Pi Camera', 'Pi Camera 9a8b7c'],
  ['a.b\n', 'a b 9a8b7c'],
  ['  ', 'Camera 9a8b7c'],
  ['x'.repeat(100), `${'x'.repeat(56)} 9a8b7c`],
  ['é'.repeat(100), `${'é'.repeat(28)} 9a8b7c`],
  ['📷'.repeat(100), `${'📷'.repeat(14)} 9a8b7c`],
])('the name %j becomes a DNS label', (name, expected) => {
  expect(make(name).instanceName).toBe(expected);
  expect(Buffer.byteLength(expected)).toBeLessThanOrEqual(63);
});

test.each([
  ['10000000ABCDEF', 'onvif-10000000abcdef.local'],
  ['b8:27:eb', 'onvif-b827eb.local'],
  ['', 'onvif-9a8b7c6d-1234-4abc-8def-0123456789ab.local'],
  ['x'.repeat(100), `onvif-${'x'.repeat(57)}.local`],
])('the serial number %j becomes a host name', (serial, expected) => {
  expect(make('a', serial).hostname).toBe(expected);
});
