import { describe, expect, test } from '@jest/globals';
import type { InterfaceSetting } from '../../../../src/platform/machine.ts';
import { device, ETH, FIND, modify, NOTHING, pi, WLAN } from '../../../support/system-tools/pi.ts';
import { ALL_TOOLS, makeMachine, makeTools } from '../../../support/system-tools/tree.ts';

describe('the DNS servers', () => {
  test('are those of the connection that leads out', async () => {
    const { machine, argv } = pi();
    await machine.setDns(['9.9.9.9', 'fd00::1', '1.1.1.1'], ['lan', 'home.arpa']);
    const properties = [
      'ipv4.dns',
      '9.9.9.9,1.1.1.1',
      'ipv4.ignore-auto-dns',
      'yes',
      'ipv4.dns-search',
      'lan,home.arpa',
      'ipv6.dns',
      'fd00::1',
    ];
    expect(argv()).toEqual([FIND, modify(ETH, ...properties, 'ipv6.ignore-auto-dns', 'yes'), device('reapply', 'eth0')]);
  });

  test('come from DHCP again', async () => {
    const { machine, argv } = pi();
    await machine.setDns([], []);
    const properties = ['ipv4.dns', '', 'ipv4.ignore-auto-dns', 'no', 'ipv4.dns-search', '', 'ipv6.dns', ''];
    expect(argv()[1]).toEqual(modify(ETH, ...properties, 'ipv6.ignore-auto-dns', 'no'));
  });

  test.each<[string[], string[]]>([
    [['9.9.9'], []],
    [['-9.9.9.9'], []],
    [['9.9.9.9,8.8.8.8'], []],
    [['fe80::1%eth0'], []],
    [Array(9).fill('9.9.9.9'), []],
    [['9.9.9.9'], ['-lan']],
    [['9.9.9.9'], ['lan,x']],
    [['9.9.9.9'], ['']],
  ])('cannot be %j with the domains %j', async (servers, search) => {
    const { machine, argv } = pi();
    await expect(machine.setDns(servers, search)).rejects.toMatchObject({ code: 'SYSTEM_FAILED' });
    expect(argv()).toEqual([]);
  });

  test('need an interface', async () => {
    const tools = makeTools(ALL_TOOLS);
    await expect(makeMachine({}, {}, { searchPath: tools.dir }).setDns(['9.9.9.9'], [])).rejects.toThrow('No network interface');
  });
});

describe('the gateway', () => {
  test('is that of the connection that leads out', async () => {
    const { machine, argv, later } = pi();
    await machine.setGateway('192.168.1.254');
    expect(argv()).toEqual([FIND, modify(ETH, 'ipv4.gateway', '192.168.1.254')]);
    await later();
    expect(argv()[2]).toEqual(device('reapply', 'eth0'));
  });

  test.each(['', '-1', '0.0.0.0', '127.0.0.1', '224.0.0.1', '255.255.255.255', 'fd00::1', '1.2.3', '192.168.1.1\n', '192.168.1.1/24'])(
    'cannot be %j',
    async (address) => {
      const { machine, argv } = pi();
      await expect(machine.setGateway(address)).rejects.toMatchObject({ code: 'SYSTEM_FAILED' });
      expect(argv()).toEqual([]);
    },
  );
});

describe('an interface', () => {
  const IPV4 = (method: string, address: string, gateway: string) => [
    ...['ipv4.method', method, 'ipv4.addresses', address, 'ipv4.gateway', gateway],
  ];

  test.each<[string, Partial<InterfaceSetting>, string[]]>([
    ['DHCP', { dhcp: true }, IPV4('auto', '', '')],
    ['DHCP rather than an address', { dhcp: true, manual: { address: '10.0.0.9', prefixLength: 8 } }, IPV4('auto', '', '')],
    [
      'another address, its gateway kept',
      { dhcp: false, manual: { address: '192.168.1.9', prefixLength: 24 } },
      IPV4('manual', '192.168.1.9/24', '192.168.1.1'),
    ],
    ['an address of another network', { manual: { address: '10.0.0.9', prefixLength: 8 } }, IPV4('manual', '10.0.0.9/8', '')],
    ['the address of its gateway', { manual: { address: '192.168.1.1', prefixLength: 24 } }, IPV4('manual', '192.168.1.1/24', '')],
    ['the address that DHCP gave', { dhcp: false }, IPV4('manual', '192.168.1.5/24', '192.168.1.1')],
    ['another packet size', { mtu: 1400 }, ['802-3-ethernet.mtu', '1400']],
    [
      'everything',
      { enabled: true, mtu: 9000, dhcp: true },
      ['connection.autoconnect', 'yes', '802-3-ethernet.mtu', '9000', ...IPV4('auto', '', '')],
    ],
  ])('gets %s, after the answer has left', async (_, setting, properties) => {
    const { machine, argv, later } = pi();
    expect(await machine.setInterface('eth0', { ...NOTHING, ...setting })).toBe(false);
    expect(argv()).toEqual([FIND, modify(ETH, ...properties)]);
    await later();
    expect(argv()[2]).toEqual(device('reapply', 'eth0'));
  });

  test('of Wi-Fi has a packet size too', async () => {
    const { machine, argv } = pi({ wifi: true });
    await machine.setInterface('wlan0', { ...NOTHING, mtu: 1400 });
    expect(argv()[1]).toEqual(modify(WLAN, '802-11-wireless.mtu', '1400'));
  });

  test('is switched off, and stays so', async () => {
    const { machine, argv, later } = pi();
    await machine.setInterface('eth0', { ...NOTHING, enabled: false });
    expect(argv()).toEqual([FIND, modify(ETH, 'connection.autoconnect', 'no')]);
    await later();
    expect(argv()[2]).toEqual(device('disconnect', 'eth0'));
  });

  test('is switched on', async () => {
    const { machine, argv } = pi();
    // The stand-in connects nothing: what follows has no connection to change.
    await expect(machine.setInterface('wlan0', { ...NOTHING, enabled: true })).rejects.toThrow('no active connection on wlan0');
    expect(argv()).toEqual([FIND, device('connect', 'wlan0'), FIND]);
  });

  test('is left alone when nothing is asked', async () => {
    const { machine, argv, clock } = pi();
    await machine.setInterface('eth0', NOTHING);
    expect([argv(), clock.pending]).toEqual([[FIND], 0]);
  });

  test('that cannot take a setting over at once is told of in the log', async () => {
    const { machine, later, warnings } = pi({ refuse: { 'nmcli device reapply': 'Error: no' } });
    await machine.setInterface('eth0', { ...NOTHING, dhcp: true });
    await later();
    expect(warnings).toEqual([{ device: 'eth0', reason: 'nmcli: Error: no' }]);
  });

  test.each<[string, Partial<InterfaceSetting>]>([
    ['eth9', { dhcp: true }],
    ['--help', { dhcp: true }],
    ['lo', { mtu: 1400 }],
    ['', { mtu: 1400 }],
    ['eth0', { mtu: 575 }],
    ['eth0', { mtu: 9001 }],
    ['eth0', { mtu: 1400.5 }],
    ['eth0', { mtu: Number.NaN }],
    ['eth0', { manual: { address: '192.168.1.0', prefixLength: 24 } }],
    ['eth0', { manual: { address: '192.168.1.255', prefixLength: 24 } }],
    ['eth0', { manual: { address: '192.168.1.5', prefixLength: 33 } }],
    ['eth0', { manual: { address: '192.168.1.5', prefixLength: 0 } }],
    ['eth0', { manual: { address: '-192.168.1.5', prefixLength: 24 } }],
    ['eth0', { manual: { address: 'fd00::1', prefixLength: 64 } }],
    ['wlan0', { dhcp: false }],
  ])('%s does not take %j', async (name, setting) => {
    const { machine, argv } = pi();
    await expect(machine.setInterface(name, { ...NOTHING, ...setting })).rejects.toMatchObject({ code: 'SYSTEM_FAILED' });
    expect(argv()).toEqual([]);
  });
});
