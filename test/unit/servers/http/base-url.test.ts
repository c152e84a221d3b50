import { expect, test } from '@jest/globals';
import { formatOrigin } from '../../../../src/core/origin.ts';
import { baseOf } from '../../../../src/servers/http/base-url.ts';

const DIRECT = { hostForwarded: false, forwarded: false, scheme: 'http', localScheme: 'http' } as const;
const NAMES = { hostname: 'garden-pi', domains: ['example.net'], allowed: ['cam.example.com'] };
const ownAddress = () => '192.168.1.5';
const reached = (host: string | undefined, localAddress = '192.168.1.5') =>
  formatOrigin(baseOf({ ...DIRECT, host, localAddress, localPort: 8080, names: NAMES, ownAddress }).origin);

test.each([
  ['192.168.1.5:8080', 'http://192.168.1.5:8080'],
  // Behind a port mapping.
  ['10.0.0.1:80', 'http://10.0.0.1:80'],
  ['10.0.0.1', 'http://10.0.0.1'],
  ['garden-pi:8080', 'http://garden-pi:8080'],
  ['Garden-Pi.local:8080', 'http://Garden-Pi.local:8080'],
  ['[fe80::1]:8080', 'http://[fe80::1]:8080'],
  ['garden-pi.example.net', 'http://garden-pi.example.net'],
  ['cam.example.com:81', 'http://cam.example.com:81'],
])('Host %s is how the client reached us', (host, expected) => {
  expect(reached(host)).toBe(expected);
});

test.each([
  undefined,
  '',
  'evil.example',
  'garden-pi.evil.example',
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

test('by way of a trusted proxy: its scheme and name, and for RTSP an address of ours', () => {
  const forwarded = { forwarded: true, scheme: 'https', localScheme: 'http', localPort: 8080, names: NAMES, ownAddress } as const;
  const origin = { scheme: 'https', host: 'door.example.org', port: undefined };
  const base = { origin, address: origin, host: '192.168.1.5' };
  const host = 'door.example.org';
  // The proxy on this machine, and one elsewhere.
  expect(baseOf({ ...forwarded, host, hostForwarded: true, localAddress: '127.0.0.1' })).toEqual(base);
  expect(baseOf({ ...forwarded, host, hostForwarded: true, localAddress: '::ffff:192.168.1.5' })).toEqual(base);
  const named = baseOf({ ...forwarded, host: 'cam.example.com', hostForwarded: false, localAddress: '127.0.0.1' });
  expect(formatOrigin(named.origin)).toBe('https://cam.example.com');
  // A proxy that does not say what its client asked for.
  expect(baseOf({ ...forwarded, host, hostForwarded: false, localAddress: '127.0.0.1' })).toEqual({
    origin: { scheme: 'http', host: '192.168.1.5', port: 8080 },
    address: { scheme: 'http', host: '192.168.1.5', port: 8080 },
    host: '192.168.1.5',
  });
  // A machine without a network.
  expect(baseOf({ ...forwarded, host, hostForwarded: true, localAddress: '::1', ownAddress: () => undefined }).host).toBe('[::1]');
});

test('on a connection that is encrypted: https, also where the proxy before it is not known by a name of ours', () => {
  const end = { scheme: 'https', localScheme: 'https', localAddress: '192.168.1.5', localPort: 8443, names: NAMES, ownAddress } as const;
  const direct = { ...end, hostForwarded: false, forwarded: false };
  expect(formatOrigin(baseOf({ ...direct, host: 'garden-pi:8443' }).origin)).toBe('https://garden-pi:8443');
  expect(formatOrigin(baseOf({ ...direct, host: 'evil.example' }).origin)).toBe('https://192.168.1.5:8443');
  const forwarded = { ...end, scheme: 'http', hostForwarded: false, forwarded: true } as const;
  expect(formatOrigin(baseOf({ ...forwarded, host: 'evil.example' }).origin)).toBe('https://192.168.1.5:8443');
});

test('in place of a name of ours the address stands, where no proxy is between', () => {
  const end = { localAddress: '192.168.1.5', localPort: 8080, localScheme: 'http', scheme: 'http', names: NAMES, ownAddress } as const;
  const direct = { ...end, forwarded: false, hostForwarded: false };
  expect(formatOrigin(baseOf({ ...direct, host: 'garden-pi:8080' }).address)).toBe('http://192.168.1.5:8080');
  expect(formatOrigin(baseOf({ ...direct, host: '10.0.0.9:80' }).address)).toBe('http://10.0.0.9:80');
  const forwarded = { ...end, forwarded: true, hostForwarded: true, scheme: 'https' } as const;
  expect(formatOrigin(baseOf({ ...forwarded, host: 'door.example.org' }).address)).toBe('https://door.example.org');
});
