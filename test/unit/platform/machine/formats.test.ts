import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  parseDhclientLeases,
  parseDhcpMessage,
  parseNetworkdLease,
  parseResolvConf,
  parseRoutes,
} from '../../../../src/platform/machine/net-files.ts';
import { parseDevices, parseTerse } from '../../../../src/platform/machine/network-manager.ts';
import { parseNtpConf } from '../../../../src/platform/machine/ntp-servers.ts';
import { parseProperties } from '../../../../src/platform/machine/tools.ts';
import { PI_FILES } from '../../../support/system-tools/tree.ts';

describe('the routes of the kernel', () => {
  test('give the gateways, the preferred first', () => {
    expect(parseRoutes(String(PI_FILES['/proc/net/route']))).toEqual([
      { interfaceName: 'eth0', gateway: '192.168.1.1' },
      { interfaceName: 'wlan0', gateway: '192.168.1.254' },
    ]);
  });

  test.each([
    ['a route to a network', 'eth0\t0001A8C0\t0101A8C0\t0003\t0\t0\t0\t00FFFFFF'],
    ['half of the world (0.0.0.0/1)', 'tun0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000080'],
    ['a default route without gateway', 'ppp0\t00000000\t00000000\t0001\t0\t0\t0\t00000000'],
    ['a route that is down', 'eth0\t00000000\t0101A8C0\t0002\t0\t0\t0\t00000000'],
    ['half a line', 'eth0\t00000000\t0101'],
  ])('leave out %s', (_, line) => {
    expect(parseRoutes(`Iface\tDestination\n${line}\n`)).toEqual([]);
  });
});

describe('resolv.conf', () => {
  test('gives servers once, and the last search list', () => {
    const text =
      'domain old\n#nameserver 9.9.9.9\nnameserver 192.168.1.1\n nameserver fd00::1\nnameserver 192.168.1.1\nnameserver nonsense\nsearch lan home.arpa lan\n';
    expect(parseResolvConf(text)).toEqual({ servers: ['192.168.1.1', 'fd00::1'], search: ['lan', 'home.arpa'] });
  });

  test('has no domains where systemd-resolved says "."', () => {
    expect(parseResolvConf('search .\n')).toEqual({ servers: [], search: [] });
  });
});

describe('leases', () => {
  test('of systemd-networkd', () => {
    const text = '# This is private data. Do not parse.\nADDRESS=10.0.0.9\nNETMASK=255.255.255.0\nDNS=10.0.0.1 10.0.0.2\nNTP=10.0.0.3\n';
    expect(parseNetworkdLease(text)).toEqual({ address: '10.0.0.9', dns: ['10.0.0.1', '10.0.0.2'], ntp: ['10.0.0.3'] });
    expect(parseNetworkdLease('')).toBeUndefined();
  });

  test('of dhclient: the last one of the interface', () => {
    const one = (name: string, address: string) =>
      `lease {\n  interface "${name}";\n  fixed-address ${address};\n  option domain-name-servers 10.0.0.1,10.0.0.2;\n  renew 4 2026/01/01 10:00:00;\n}\n`;
    const text = one('eth0', '10.0.0.7') + one('eth0', '10.0.0.8') + one('wlan0', '10.0.0.9');
    expect(parseDhclientLeases(text, 'eth0')).toEqual({ address: '10.0.0.8', dns: ['10.0.0.1', '10.0.0.2'], ntp: [] });
    expect(parseDhclientLeases(text, 'eth1')).toBeUndefined();
  });

  const message = (options: number[]) => {
    const bytes = Buffer.alloc(240);
    bytes.set([10, 0, 0, 7], 16);
    bytes.writeUInt32BE(0x63825363, 236);
    return Buffer.concat([bytes, Buffer.from(options)]);
  };

  test('of dhcpcd: the message of the server', () => {
    const options = [53, 1, 5, 0, 0, 6, 8, 10, 0, 0, 1, 10, 0, 0, 2, 42, 4, 10, 0, 0, 3, 255, 6, 4, 9, 9, 9, 9];
    expect(parseDhcpMessage(message(options))).toEqual({ address: '10.0.0.7', dns: ['10.0.0.1', '10.0.0.2'], ntp: ['10.0.0.3'] });
  });

  test('cut anywhere do no harm', () => {
    const whole = message([6, 8, 10, 0, 0, 1, 10, 0, 0, 2, 255]);
    for (let length = 0; length < whole.length; length++) parseDhcpMessage(whole.subarray(0, length));
    expect(parseDhcpMessage(whole.subarray(0, 239))).toBeUndefined();
    expect(parseDhcpMessage(whole.subarray(0, 246))?.dns).toEqual(['10.0.0.1']);
  });
});

describe('the words of nmcli', () => {
  test('have escaped colons and backslashes in tables', () => {
    expect(parseTerse('a\\:b:c\\\\:d\n\nx::y\n:\n')).toEqual([
      ['a:b', 'c\\', 'd'],
      ['x', '', 'y'],
      ['', ''],
    ]);
  });

  test('are read back whatever they are', () => {
    const value = fc.string().map((text) => text.replaceAll('\n', ' '));
    fc.assert(
      fc.property(fc.array(value, { minLength: 2, maxLength: 4 }), (fields) => {
        const line = fields.map((text) => text.replace(/[\\:]/g, '\\$&')).join(':');
        expect(parseTerse(`${line}\n`)).toEqual([fields]);
      }),
    );
  });

  test('tell state and lease of a device', () => {
    const text =
      'GENERAL.DEVICE:eth0\nGENERAL.STATE:100 (connected)\nDHCP4.OPTION[1]:ip_address = 10.0.0.7\nDHCP4.OPTION[2]:domain_name_servers = 10.0.0.1 10.0.0.2\nDHCP4.OPTION[3]:requested_ntp_servers = 1\nGENERAL.DEVICE:wlan0\nGENERAL.STATE:20 (unavailable)\n';
    expect(parseDevices(text)).toEqual([
      { name: 'eth0', state: 100, lease: { address: '10.0.0.7', dns: ['10.0.0.1', '10.0.0.2'], ntp: [] } },
      { name: 'wlan0', state: 20, lease: undefined },
    ]);
    expect(parseDevices('Error: nonsense\n:\n')).toEqual([]);
  });
});

test('properties may have "=" in the value, and other lines are left out', () => {
  expect([...parseProperties('A=b=c\nnoise\nD=\n')]).toEqual([
    ['A', 'b=c'],
    ['D', ''],
  ]);
});

test('chrony and ntpd keep their servers alike', () => {
  expect(parseNtpConf('# server no\npool 2.debian.pool.ntp.org iburst\n server 10.0.0.1\n!server no\nserverless x\n')).toEqual([
    '2.debian.pool.ntp.org',
    '10.0.0.1',
  ]);
});

test('no text of a system throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      for (const parse of [parseRoutes, parseResolvConf, parseNetworkdLease, parseTerse, parseDevices, parseProperties, parseNtpConf])
        parse(text);
      parseDhclientLeases(`lease {${text}}`, 'eth0');
      parseDhcpMessage(Buffer.from(text));
    }),
  );
});
