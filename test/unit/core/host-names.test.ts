import { describe, expect, test } from '@jest/globals';
import { isHostPattern, isOwnHost, parseHost } from '../../../src/core/host-names.ts';
import { isNetwork, Networks } from '../../../src/core/networks.ts';

const OWN = {
  hostname: 'picam',
  domains: ['example.net', 'Corp.Example.'],
  allowed: ['cam.example.com', '*.garden.example.org', 'münchen.example'],
};

describe('this machine may be', () => {
  test.each([
    ['an address', ['192.168.1.5', '0.0.0.0', '203.0.113.9', '[fd00::5]', '[::1]']],
    ['itself', ['localhost', 'LOCALHOST', 'localhost.', 'app.localhost']],
    ['its name', ['picam', 'PiCam', 'picam.']],
    ['a name without a dot', ['camera', 'garten-kamera', 'a_b']],
    [
      'a name in a domain of the home',
      ['picam.local', 'onvif-10000000abcdef.local', 'x.lan', 'x.home', 'x.home.arpa', 'x.internal', 'a.b.localdomain'],
    ],
    ['its name behind a FRITZ!Box', ['picam.fritz.box', 'PICAM.Fritz.Box.']],
    ['its name in a domain that is searched', ['picam.example.net', 'picam.corp.example']],
    [
      'what the owner allows',
      ['cam.example.com', 'CAM.example.com', 'a.garden.example.org', 'a.b.garden.example.org', 'xn--mnchen-3ya.example'],
    ],
  ])('%s', (_what, names) => {
    for (const name of names) expect([name, isOwnHost(name, OWN)]).toEqual([name, true]);
  });
});

describe('this machine cannot be', () => {
  test.each([
    ['a name of somebody else', ['evil.example', 'example.com', 'www.example.net', 'example.net', 'garden.example.org']],
    ['its own name elsewhere', ['picam.evil.example', 'picam.example.net.evil.example', 'picam.com', 'picam.local.evil.example']],
    [
      'a name that ends alike',
      ['evillocal.example', 'notfritz.box', 'picam.notfritz.box', 'other.fritz.box', 'xcam.example.com', 'xgarden.example.org'],
    ],
    ['an address in disguise', ['0x7f.1', '127.1', '2130706433.evil.example', '192.168.1.5.nip.io', '192-168-1-5.sslip.io']],
    ['nonsense', ['', '.', 'a..b', '-', '.local', 'a b', '*', '*.local', 'x@local', `${'a'.repeat(64)}.local`, `${'a.'.repeat(130)}local`]],
  ])('%s', (_what, names) => {
    for (const name of names) expect([name, isOwnHost(name, OWN)]).toEqual([name, false]);
  });

  test('anybody in its domain, where its name has one', () => {
    const own = { hostname: 'picam.home.example', domains: [], allowed: [] };
    expect(isOwnHost('picam.home.example', own)).toBe(true);
    expect(isOwnHost('other.home.example', own)).toBe(false);
  });

  test('anything by a name that is empty or nonsense', () => {
    for (const hostname of ['', '.', ' ']) expect(isOwnHost('.fritz.box', { hostname, domains: [''], allowed: [''] })).toBe(false);
    expect(isOwnHost('evil.example', { hostname: '', domains: ['', '.'], allowed: [] })).toBe(false);
  });
});

test.each([
  ['picam:8080', { name: 'picam', port: 8080 }],
  ['picam', { name: 'picam', port: undefined }],
  ['[fd00::5]:80', { name: '[fd00::5]', port: 80 }],
  ['192.168.1.5:8080', { name: '192.168.1.5', port: 8080 }],
  ['', undefined],
  ['picam:', undefined],
  ['picam:99999', undefined],
  ['pi cam', undefined],
  ['[picam]', undefined],
  ['fd00::5', undefined],
  ['user@picam', undefined],
  ['picam/x', undefined],
  ['"<>', undefined],
  ['127.1', undefined],
  ['0x7f.0.0.1', undefined],
  ['1.2.3.999', undefined],
  ['a.1', undefined],
])('the Host header %j', (header, parts) => {
  expect(parseHost(header)).toEqual(parts);
});

test.each(['cam.example.com', '*.example.com', 'cam', 'Cam.Example.com.', 'münchen.example'])('%s may be allowed', (text) => {
  expect(isHostPattern(text)).toBe(true);
});
test.each(['', '*', '*.', 'http://cam.example.com', 'cam.example.com:8080', '192.168.1.5', 'a.*.b', 'x/y', '*.*.x'])(
  '%j may not',
  (text) => {
    expect(isHostPattern(text)).toBe(false);
  },
);

describe('networks', () => {
  test.each(['127.0.0.1', '10.0.0.0/8', '0.0.0.0/0', '::1', 'fd00::/8', '10.1.2.3/32'])('%s is one', (text) => {
    expect(isNetwork(text)).toBe(true);
  });
  test.each(['', '10.0.0.0/33', '::/129', '10.0.0/8', 'proxy', '10.0.0.0/', '10.0.0.0/-1', 'fe80::1%eth0', '10.0.0.0/8/8', ' 10.0.0.1'])(
    '%j is none',
    (text) => {
      expect(isNetwork(text)).toBe(false);
    },
  );

  test('have the addresses that are in them, whatever form they come in', () => {
    const networks = new Networks(['10.0.0.0/8', 'fd00::/8', '192.168.1.7']);
    for (const address of ['10.255.0.1', '::ffff:10.0.0.1', 'fd12::1', '192.168.1.7']) expect(networks.has(address)).toBe(true);
    for (const address of ['11.0.0.1', 'fe80::1%eth0', '192.168.1.8', '', 'x', '::ffff:11.0.0.1'])
      expect(networks.has(address)).toBe(false);
  });
});
