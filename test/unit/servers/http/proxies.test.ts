import { describe, expect, test } from '@jest/globals';
import { isShared, Proxies } from '../../../../src/servers/http/proxies.ts';

const arrival = (remoteAddress: string | undefined, headers: Record<string, string> = {}) => ({ socket: { remoteAddress }, headers });
const CLAIMS = { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'cam.example.com', host: 'pi:8080' };

describe('headers of a proxy', () => {
  const proxies = new Proxies(['127.0.0.1', '10.0.0.0/8', 'fd00::/8']);

  test.each(['127.0.0.1', '::ffff:127.0.0.1', '10.1.2.3', 'fd12::1'])('that is trusted (%s) count', (peer) => {
    expect(proxies.clientOf(arrival(peer, CLAIMS))).toEqual({
      address: '203.0.113.7',
      forwarded: true,
      scheme: 'https',
      host: 'cam.example.com',
      hostForwarded: true,
    });
  });

  test.each(['127.0.0.2', '192.168.1.5', '::1', 'fe80::1%eth0', '', undefined])('of anybody else (%s) are ignored', (peer) => {
    expect(proxies.clientOf(arrival(peer, CLAIMS))).toEqual({
      address: (peer ?? '').split('%')[0],
      forwarded: false,
      scheme: 'http',
      host: 'pi:8080',
      hostForwarded: false,
    });
  });

  test('are ignored where no proxy is trusted', () => {
    expect(new Proxies().clientOf(arrival('127.0.0.1', CLAIMS))).toMatchObject({ address: '127.0.0.1', forwarded: false, host: 'pi:8080' });
  });
});

describe('the client', () => {
  const proxies = new Proxies(['127.0.0.1', '10.0.0.0/8']);
  test.each([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:4711', '203.0.113.7'],
    ['2001:db8::7', '2001:db8::7'],
    ['[2001:db8::7]:4711', '2001:db8::7'],
    ['"[2001:db8::7]"', '2001:db8::7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    // Of several, the first from the right who is no trusted proxy: the rest is hearsay.
    ['1.1.1.1, 203.0.113.7', '203.0.113.7'],
    ['127.0.0.1, 203.0.113.7', '203.0.113.7'],
    ['1.1.1.1, 203.0.113.7, 10.0.0.9', '203.0.113.7'],
    ['203.0.113.7,10.0.0.9,10.0.0.8', '203.0.113.7'],
    // Everybody is trusted: the one who is farthest away.
    ['10.0.0.9, 10.0.0.8', '10.0.0.9'],
    // Nonsense ends the chain: then it is the proxy that handed it on.
    ['', '127.0.0.1'],
    ['unknown', '127.0.0.1'],
    ['_hidden', '127.0.0.1'],
    ['203.0.113.7, unknown', '127.0.0.1'],
    ['unknown, 10.0.0.9', '10.0.0.9'],
    ['999.1.1.1', '127.0.0.1'],
    ['203.0.113.7,', '127.0.0.1'],
    [`${'1.1.1.1,'.repeat(2000)} 203.0.113.7`, '203.0.113.7'],
    [`203.0.113.7${', 10.0.0.1'.repeat(2000)}`, '10.0.0.1'],
  ])('by %.40j is %s', (header, address) => {
    expect(proxies.clientAddress(arrival('127.0.0.1', { 'x-forwarded-for': header }))).toBe(address);
  });

  test('without the header is the proxy, or one on its machine', () => {
    expect(proxies.clientAddress(arrival('127.0.0.1'))).toBe('127.0.0.1');
    expect(proxies.clientOf(arrival('127.0.0.1', { host: 'pi:8080' }))).toMatchObject({
      address: '127.0.0.1',
      forwarded: false,
      host: 'pi:8080',
    });
    expect(proxies.clientOf(arrival('127.0.0.1', { 'x-forwarded-proto': 'https' }))).toMatchObject({ forwarded: true, scheme: 'https' });
  });
});

describe('scheme and name', () => {
  const proxies = new Proxies(['127.0.0.1', '10.0.0.0/8']);
  const through = (headers: Record<string, string>) => proxies.clientOf(arrival('127.0.0.1', { host: 'pi:8080', ...headers }));

  test.each([
    ['https', 'https'],
    ['HTTPS', 'https'],
    ['http', 'http'],
    ['', 'http'],
    ['ftp', 'http'],
    ['https://', 'http'],
    // What the client sent, and behind it what the proxy added.
    ['https, http', 'http'],
  ])('X-Forwarded-Proto %j is %s', (header, scheme) => {
    expect(through({ 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': header }).scheme).toBe(scheme);
  });

  test('of two proxies, each of which added its own, are those of the one that met the client', () => {
    const headers = {
      'x-forwarded-for': '203.0.113.7, 10.0.0.9',
      'x-forwarded-proto': 'http, https, http',
      'x-forwarded-host': 'made.up, cam.example.com, inside:80',
    };
    expect(through(headers)).toMatchObject({ address: '203.0.113.7', scheme: 'https', host: 'cam.example.com' });
  });

  test.each(['', 'a b', '"><script>', 'x@y', 'x:99999', '[nothing]', 'x/y', 'a'.repeat(300)])('%.20j is no host: Host counts', (header) => {
    expect(through({ 'x-forwarded-host': header })).toMatchObject({ host: 'pi:8080', hostForwarded: false });
  });
});

test('a connection is shared where a proxy says so, trusted or not', () => {
  expect(isShared({ host: 'x', cookie: 'y' })).toBe(false);
  for (const name of ['x-forwarded-for', 'x-real-ip', 'forwarded', 'via']) expect(isShared({ [name]: '' })).toBe(true);
});

test('what is no network is refused', () => {
  expect(() => new Proxies(['proxy.example'])).toThrow(RangeError);
});
