import { expect, test } from '@jest/globals';
import { baseUrlOf } from '../../src/servers/http/base-url.ts';

const reached = (host: string | undefined, localAddress = '192.168.1.5') =>
  baseUrlOf({ host, localAddress, localPort: 8080, hostname: 'garden-pi' }).baseUrl;

test.each([
  ['192.168.1.5:8080', 'http://192.168.1.5:8080'],
  // Behind a port mapping.
  ['10.0.0.1:80', 'http://10.0.0.1:80'],
  ['10.0.0.1', 'http://10.0.0.1'],
  ['garden-pi:8080', 'http://garden-pi:8080'],
  ['Garden-Pi.local:8080', 'http://Garden-Pi.local:8080'],
  ['[fe80::1]:8080', 'http://[fe80::1]:8080'],
])('Host %s is how the client reached us', (host, expected) => {
  expect(reached(host)).toBe(expected);
});

test.each([
  undefined,
  '',
  'evil.example',
  '239.255.255.250:3702',
  '0.0.0.0:8080',
  '[::]:80',
  '[ff02::1]',
  'a b',
  '"><script>',
  'x@y',
  'garden-pi:port',
  'localhost:8080',
])('Host %j is not: our end of the connection counts', (host) => {
  expect(reached(host)).toBe('http://192.168.1.5:8080');
});

test('IPv6, and IPv4 in IPv6 clothes', () => {
  expect(reached(undefined, 'fd00::5')).toBe('http://[fd00::5]:8080');
  expect(reached(undefined, '::ffff:10.0.0.7')).toBe('http://10.0.0.7:8080');
});
