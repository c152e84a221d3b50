import { describe, expect, test } from '@jest/globals';
import { AppError } from '../../../../src/core/errors.ts';
import type { SoapObject } from '../../../../src/onvif/service.ts';
import { makeDevice, networkInterface, notManaged } from '../../../support/onvif-device.ts';

const V4 = 'Sender/InvalidArgVal/InvalidIPv4Address';
const V6 = 'Sender/InvalidArgVal/InvalidIPv6Address';

/** A request of each operation that changes the machine. */
const CHANGES: readonly [string, SoapObject][] = [
  ['SetHostname', { Name: 'cam' }],
  ['SetDNS', { FromDHCP: true }],
  ['SetNTP', { FromDHCP: true }],
  ['SetNetworkDefaultGateway', { IPv4Address: '10.0.0.1' }],
  ['SetNetworkInterfaces', { InterfaceToken: 'eth0', NetworkInterface: {} }],
];

describe.each(CHANGES)('%s', (name, request) => {
  test('says how to allow it where the machine is not ours', async () => {
    const { refusal, machine } = makeDevice();
    machine.managed = false;
    machine.failure = notManaged();
    expect(await refusal(name, request)).toEqual({
      fault: 'Receiver/ActionNotSupported',
      reason: 'The network is not managed. Set system.manage: true.',
    });
  });

  test('says what the tool of the system said', async () => {
    const { fault, machine } = makeDevice();
    machine.failure = new AppError('SYSTEM_FAILED', 'nmcli: not authorized');
    expect(await fault(name, request)).toBe('Receiver/Action');
  });
});

describe('the host name', () => {
  test('is told', async () => {
    expect(await makeDevice().call('GetHostname')).toEqual({ HostnameInformation: { FromDHCP: false, Name: 'door-camera' } });
  });

  test.each(['cam', 'Cam-1.local', '3com', 'a'.repeat(63), ' cam '])('may be %j', async (Name) => {
    const { call, machine } = makeDevice();
    expect(await call('SetHostname', { Name })).toEqual({});
    expect(machine.changes).toEqual([['setHostname', Name.trim()]]);
  });

  test.each([
    '',
    '-cam',
    'cam-',
    'a_b',
    'a b',
    'käse',
    'a..b',
    '.a',
    '192.168.1.1',
    '12',
    'a'.repeat(64),
    `${'a'.repeat(40)}.${'b'.repeat(40)}`,
    '--help',
    'a;b',
    'a\nb',
  ])('may not be %j', async (Name) => {
    const { fault, machine } = makeDevice();
    expect(await fault('SetHostname', { Name })).toBe('Sender/InvalidArgVal/InvalidHostname');
    expect(machine.changes).toEqual([]);
  });

  test('does not come from DHCP', async () => {
    const { call, fault } = makeDevice();
    expect(await call('SetHostnameFromDHCP', { FromDHCP: 'false' })).toEqual({ RebootNeeded: false });
    expect(await fault('SetHostnameFromDHCP', { FromDHCP: 'true' })).toBe('Receiver/ActionNotSupported');
    expect(await fault('SetHostnameFromDHCP')).toBe('Sender/InvalidArgs');
  });
});

describe('DNS', () => {
  test('is told as it comes', async () => {
    const { call, machine } = makeDevice();
    const servers = [
      { Type: 'IPv4', IPv4Address: '192.168.1.1' },
      { Type: 'IPv6', IPv6Address: '2001:db8::1' },
    ];
    expect(await call('GetDNS')).toEqual({ DNSInformation: { FromDHCP: true, SearchDomain: ['fritz.box'], DNSFromDHCP: servers } });
    machine.dnsInfo = { servers: ['192.168.1.1', 'junk', '2001:db8::1'], search: [], fromDhcp: false };
    expect(await call('GetDNS')).toEqual({ DNSInformation: { FromDHCP: false, DNSManual: servers } });
  });

  test('is changed', async () => {
    const { call, machine } = makeDevice();
    const DNSManual = [
      { Type: 'IPv4', IPv4Address: ' 9.9.9.9 ' },
      { Type: 'IPv6', IPv6Address: '2620:fe::fe' },
    ];
    await call('SetDNS', { FromDHCP: 'false', SearchDomain: ['a.example', 'b'], DNSManual });
    await call('SetDNS', { FromDHCP: true, DNSManual });
    expect(machine.changes).toEqual([
      ['setDns', ['9.9.9.9', '2620:fe::fe'], ['a.example', 'b']],
      ['setDns', [], []],
    ]);
  });

  test.each<[SoapObject, string]>([
    [{ FromDHCP: false, DNSManual: { Type: 'IPv4', IPv4Address: '9.9.9' } }, V4],
    [{ FromDHCP: false, DNSManual: { Type: 'IPv4', IPv4Address: '0.0.0.0' } }, V4],
    [{ FromDHCP: false, DNSManual: { Type: 'IPv4', IPv4Address: '255.255.255.255' } }, V4],
    [{ FromDHCP: false, DNSManual: { Type: 'IPv4', IPv6Address: '::1' } }, V4],
    [{ FromDHCP: false, DNSManual: { Type: 'IPv6', IPv6Address: '9.9.9.9' } }, V6],
    [{ FromDHCP: false, DNSManual: { Type: 'IPv6', IPv6Address: 'fe80::1%eth0; reboot' } }, V6],
    [{ FromDHCP: false }, V4],
    [{ FromDHCP: false, DNSManual: { Type: 'IPX' } }, 'Sender/InvalidArgVal'],
    [{ FromDHCP: true, SearchDomain: '-x' }, 'Sender/InvalidArgVal'],
    [{ FromDHCP: true, SearchDomain: Array(7).fill('a') }, 'Sender/InvalidArgVal'],
    [{ FromDHCP: false, DNSManual: Array(9).fill({ Type: 'IPv4', IPv4Address: '9.9.9.9' }) }, 'Sender/InvalidArgVal'],
    [{ FromDHCP: 'perhaps' }, 'Sender/InvalidArgs'],
    [{}, 'Sender/InvalidArgs'],
  ])('is not changed to %j', async (request, expected) => {
    const { fault, machine } = makeDevice();
    expect(await fault('SetDNS', request)).toBe(expected);
    expect(machine.changes).toEqual([]);
  });
});

describe('NTP', () => {
  test('is told as it comes', async () => {
    const { call, machine } = makeDevice();
    const servers = [
      { Type: 'DNS', DNSname: 'pool.ntp.org' },
      { Type: 'IPv4', IPv4Address: '192.168.1.1' },
    ];
    expect(await call('GetNTP')).toEqual({ NTPInformation: { FromDHCP: false, NTPManual: servers } });
    machine.ntpInfo = { ...machine.ntpInfo, fromDhcp: true };
    expect(await call('GetNTP')).toEqual({ NTPInformation: { FromDHCP: true, NTPFromDHCP: servers } });
  });

  test('is changed', async () => {
    const { call, machine } = makeDevice();
    const NTPManual = [
      { Type: 'DNS', DNSname: 'time.example.org' },
      { Type: 'IPv6', IPv6Address: '2001:db8::1' },
    ];
    await call('SetNTP', { FromDHCP: false, NTPManual });
    await call('SetNTP', { FromDHCP: true });
    expect(machine.changes).toEqual([
      ['setNtpServers', ['time.example.org', '2001:db8::1']],
      ['setNtpServers', []],
    ]);
  });

  test.each<[SoapObject, string]>([
    [{ FromDHCP: false, NTPManual: { Type: 'DNS', DNSname: 'time server' } }, 'Sender/InvalidArgVal/InvalidDnsName'],
    [{ FromDHCP: false, NTPManual: { Type: 'DNS' } }, 'Sender/InvalidArgVal/InvalidDnsName'],
    [{ FromDHCP: false, NTPManual: { Type: 'IPv4', IPv4Address: '1.2.3.4.5' } }, V4],
    [{ FromDHCP: false, NTPManual: { Type: 'IPv6', IPv6Address: ':::' } }, V6],
    [{ FromDHCP: false }, 'Sender/InvalidArgVal/TimeSyncedToNtp'],
    [{ FromDHCP: false, NTPManual: Array(9).fill({ Type: 'DNS', DNSname: 'a' }) }, 'Sender/InvalidArgVal'],
  ])('is not changed to %j', async (request, expected) => {
    const { fault, machine } = makeDevice();
    expect(await fault('SetNTP', request)).toBe(expected);
    expect(machine.changes).toEqual([]);
  });

  test('without a server is refused with a clock that is set by hand, too', async () => {
    const { fault, machine } = makeDevice();
    machine.clockInfo = { ...machine.clockInfo, ntp: false };
    expect(await fault('SetNTP', { FromDHCP: false })).toBe('Sender/InvalidArgVal');
  });
});

describe('GetNetworkInterfaces', () => {
  test('tells what the system has', async () => {
    const { call, machine } = makeDevice();
    machine.nics = [
      networkInterface({ ipv6: [{ address: '2001:db8::5', prefixLength: 64 }] }),
      networkInterface({ name: 'wlan0', mac: 'AA:bb:CC:00:11:22', up: false, dhcp: undefined, ipv4: [] }),
    ];
    expect(await call('GetNetworkInterfaces')).toEqual({
      NetworkInterfaces: [
        {
          attributes: { token: 'eth0' },
          Enabled: true,
          Info: { Name: 'eth0', HwAddress: 'b8:27:eb:12:34:56', MTU: 1500 },
          IPv4: { Enabled: true, Config: { FromDHCP: { Address: '192.168.1.5', PrefixLength: 24 }, DHCP: true } },
          IPv6: {
            Enabled: true,
            Config: { AcceptRouterAdvert: true, DHCP: 'Auto', FromRA: [{ Address: '2001:db8::5', PrefixLength: 64 }] },
          },
        },
        {
          attributes: { token: 'wlan0' },
          Enabled: false,
          Info: { Name: 'wlan0', HwAddress: 'b8:27:eb:12:34:56', MTU: 1500 },
          IPv4: { Enabled: false, Config: { DHCP: false } },
        },
      ],
    });
  });

  test('has the MAC address of the scopes on all of them, as some recorders take the first enabled one, others the last', async () => {
    const { call, machine } = makeDevice();
    const [eth0, wlan0] = [networkInterface(), networkInterface({ name: 'wlan0', mac: 'aa:bb:cc:00:11:22' })];
    const macs = async () => {
      const { NetworkInterfaces } = (await call('GetNetworkInterfaces')) as { NetworkInterfaces: { Info: { HwAddress: string } }[] };
      return NetworkInterfaces.map(({ Info }) => Info.HwAddress);
    };
    for (const nics of [[eth0], [eth0, wlan0], [{ ...eth0, up: false }, wlan0], [wlan0, eth0], [wlan0]]) {
      machine.nics = nics;
      expect(new Set(await macs())).toEqual(new Set([eth0.mac]));
    }
    machine.nics = [wlan0];
    machine.knownMac = undefined;
    expect(await macs()).toEqual([wlan0.mac]);
  });

  test('tells addresses that were given by hand, and the link-local one', async () => {
    const { call, machine } = makeDevice();
    const ipv4 = [1, 2].map((n) => ({ address: `10.0.0.${n}`, prefixLength: 8 }));
    machine.nics = [networkInterface({ ipv4, dhcp: false, linkLocal: { address: '169.254.1.2', prefixLength: 16 } })];
    const Manual = ipv4.map(({ address, prefixLength }) => ({ Address: address, PrefixLength: prefixLength }));
    expect(await call('GetNetworkInterfaces')).toMatchObject({
      NetworkInterfaces: [{ IPv4: { Config: { Manual, LinkLocal: { Address: '169.254.1.2', PrefixLength: 16 }, DHCP: false } } }],
    });
  });
});

describe('SetNetworkInterfaces', () => {
  const set = (NetworkInterface: SoapObject, InterfaceToken = 'eth0') => ({ InterfaceToken, NetworkInterface });
  const manual = (Address: unknown, PrefixLength: unknown) => set({ IPv4: { Manual: { Address, PrefixLength }, DHCP: false } });

  test.each<[string, SoapObject, object]>([
    ['DHCP', set({ IPv4: { Enabled: true, DHCP: 'true' } }), { dhcp: true }],
    ['DHCP with the old address', set({ IPv4: { Manual: { Address: '10.0.0.2', PrefixLength: 8 }, DHCP: true } }), { dhcp: true }],
    ['an address', manual('10.0.0.2', '8'), { dhcp: false, manual: { address: '10.0.0.2', prefixLength: 8 } }],
    [
      'an address alone',
      set({ IPv4: { Manual: [{ Address: '10.0.0.2', PrefixLength: 8 }] } }),
      { dhcp: false, manual: { address: '10.0.0.2', prefixLength: 8 } },
    ],
    ['MTU and on', set({ Enabled: true, MTU: '1400' }), { enabled: true, mtu: 1400 }],
    ['the present address for good', set({ IPv4: { DHCP: false } }), { dhcp: false }],
    ['a network of two', manual('10.0.0.0', 31), { dhcp: false, manual: { address: '10.0.0.0', prefixLength: 31 } }],
    ['off', set({ Enabled: 'false' }), { enabled: false }],
  ])('takes %s', async (_, request, expected) => {
    const { call, machine } = makeDevice();
    expect(await call('SetNetworkInterfaces', request)).toEqual({ RebootNeeded: true });
    const nothing = { enabled: undefined, mtu: undefined, dhcp: undefined, manual: undefined };
    expect(machine.changes).toEqual([['setInterface', 'eth0', { ...nothing, ...expected }]]);
  });

  test.each<[string, SoapObject, string]>([
    ['an unknown interface', set({}, 'eth9'), 'Sender/InvalidArgVal/InvalidNetworkInterface'],
    ['an option for an interface', set({}, '--help'), 'Sender/InvalidArgVal/InvalidNetworkInterface'],
    ['no interface', { NetworkInterface: {} }, 'Sender/InvalidArgs'],
    ['a tiny MTU', set({ MTU: 575 }), 'Sender/InvalidArgVal/InvalidMtuValue'],
    ['a huge MTU', set({ MTU: 9001 }), 'Sender/InvalidArgVal/InvalidMtuValue'],
    ['a speed', set({ Link: { AutoNegotiation: false, Speed: 100, Duplex: 'Full' } }), 'Sender/InvalidArgVal/InvalidInterfaceSpeed'],
    ['IPv6', set({ IPv6: { Enabled: true } }), 'Receiver/ActionNotSupported'],
    ['Wi-Fi', set({ Extension: { Dot11: {} } }), 'Receiver/ActionNotSupported/InvalidDot11'],
    ['IPv4 off', set({ IPv4: { Enabled: false } }), 'Receiver/ActionNotSupported'],
    ['half an address', manual('10.0.0', 8), V4],
    ['the address of everybody', manual('255.255.255.255', 8), V4],
    ['a group address', manual('239.255.255.250', 24), V4],
    ['a loopback address', manual('127.0.0.1', 8), V4],
    ['no prefix', manual('10.0.0.2', undefined), V4],
    ['a long prefix', manual('10.0.0.2', 33), V4],
    ['an address for a shell', manual('10.0.0.2; reboot', 8), V4],
    ['the address of the network', manual('192.168.1.0', 24), V4],
    ['its broadcast address', manual('192.168.1.255', 24), V4],
    ['two addresses', set({ IPv4: { Manual: [1, 2].map((n) => ({ Address: `10.0.0.${n}`, PrefixLength: 8 })) } }), V4],
  ])('refuses %s', async (_, request, expected) => {
    const { fault, machine } = makeDevice();
    expect(await fault('SetNetworkInterfaces', request)).toBe(expected);
    expect(machine.changes).toEqual([]);
  });
});

describe('the default gateway', () => {
  test('is told and changed', async () => {
    const { call, machine } = makeDevice();
    expect(await call('GetNetworkDefaultGateway')).toEqual({ NetworkGateway: { IPv4Address: ['192.168.1.1'] } });
    await call('SetNetworkDefaultGateway', { IPv4Address: '192.168.1.254' });
    expect(machine.changes).toEqual([['setGateway', '192.168.1.254']]);
  });

  test.each<[SoapObject, string]>([
    [{ IPv4Address: '10.1.1' }, 'Sender/InvalidArgVal/InvalidGatewayAddress'],
    [{ IPv4Address: '0.0.0.0' }, 'Sender/InvalidArgVal/InvalidGatewayAddress'],
    [{ IPv4Address: ['10.0.0.1', '10.0.0.2'] }, 'Sender/InvalidArgVal/InvalidGatewayAddress'],
    [{}, 'Sender/InvalidArgVal/InvalidGatewayAddress'],
    [{ IPv6Address: 'gateway' }, V6],
    [{ IPv6Address: 'fe80::1' }, 'Receiver/ActionNotSupported'],
  ])('is not changed to %j', async (request, expected) => {
    const { fault, machine } = makeDevice();
    expect(await fault('SetNetworkDefaultGateway', request)).toBe(expected);
    expect(machine.changes).toEqual([]);
  });
});

describe('zero configuration', () => {
  test('is told, of all interfaces', async () => {
    const { call, machine } = makeDevice();
    expect(await call('GetZeroConfiguration')).toEqual({ ZeroConfiguration: { InterfaceToken: 'eth0', Enabled: false } });
    machine.nics = [networkInterface(), networkInterface({ name: 'wlan0', linkLocal: { address: '169.254.1.2', prefixLength: 16 } })];
    expect(await call('GetZeroConfiguration')).toEqual({
      ZeroConfiguration: {
        InterfaceToken: 'wlan0',
        Enabled: true,
        Addresses: '169.254.1.2',
        Extension: { Additional: [{ InterfaceToken: 'eth0', Enabled: false }] },
      },
    });
  });

  test('needs an interface', async () => {
    const { fault, machine } = makeDevice();
    machine.nics = [];
    expect(await fault('GetZeroConfiguration')).toBe('Receiver/Action');
  });

  test('stays as it is', async () => {
    const { call, fault } = makeDevice();
    expect(await call('SetZeroConfiguration', { InterfaceToken: 'eth0', Enabled: false })).toEqual({});
    expect(await fault('SetZeroConfiguration', { InterfaceToken: 'eth0', Enabled: true })).toBe('Receiver/ActionNotSupported');
    expect(await fault('SetZeroConfiguration', { InterfaceToken: 'eth0' })).toBe('Sender/InvalidArgs');
    expect(await fault('SetZeroConfiguration', { InterfaceToken: 'eth9', Enabled: true })).toBe(
      'Sender/InvalidArgVal/InvalidNetworkInterface',
    );
  });
});

describe('the protocols', () => {
  const http = (Port: unknown, change: SoapObject = {}) => ({ Name: 'HTTP', Enabled: true, Port, ...change });
  const rtsp = (Port: unknown) => ({ Name: 'RTSP', Enabled: true, Port });

  test('are those that are served', async () => {
    expect(await makeDevice().call('GetNetworkProtocols')).toEqual({ NetworkProtocols: [http(8080)] });
    expect(await makeDevice({ ports: { http: 80, rtsp: 8554 } }).call('GetNetworkProtocols')).toEqual({
      NetworkProtocols: [http(80), rtsp(8554)],
    });
  });

  test('change their ports by a restart', async () => {
    const { call, noted } = makeDevice({ ports: { http: 80, rtsp: 8554 } });
    expect(await call('SetNetworkProtocols', { NetworkProtocols: http('8080') })).toEqual({});
    expect([noted.ports, noted.restarts]).toEqual([{ http: 8080, rtsp: 8554 }, 1]);
    await call('SetNetworkProtocols', { NetworkProtocols: [rtsp(554), http([81])] });
    expect([noted.ports, noted.restarts]).toEqual([{ http: 81, rtsp: 554 }, 2]);
  });

  test('are left alone where nothing changes', async () => {
    const { call, noted } = makeDevice();
    await call('SetNetworkProtocols', { NetworkProtocols: http(8080) });
    expect(noted.restarts).toBe(0);
  });

  test.each<[string, unknown, string]>([
    ['HTTPS', { Name: 'HTTPS', Enabled: false, Port: 443 }, 'Sender/InvalidArgVal/ServiceNotSupported'],
    ['RTSP', rtsp(554), 'Sender/InvalidArgVal/ServiceNotSupported'],
    ['an unknown one', { Name: 'FTP', Enabled: true, Port: 21 }, 'Sender/InvalidArgVal/ServiceNotSupported'],
    ['HTTP off', http(81, { Enabled: 'false' }), 'Sender/OperationProhibited'],
    ['port 0', http(0), 'Sender/InvalidArgVal'],
    ['port 65536', http(65_536), 'Sender/InvalidArgVal'],
    ['two ports', http([80, 81]), 'Sender/InvalidArgVal'],
    ['no port', { Name: 'HTTP', Enabled: true }, 'Sender/InvalidArgVal'],
    ['nothing', undefined, 'Sender/InvalidArgs'],
  ])('refuse %s', async (_, NetworkProtocols, expected) => {
    const { fault, noted } = makeDevice();
    expect(await fault('SetNetworkProtocols', { NetworkProtocols })).toBe(expected);
    expect([noted.ports, noted.restarts]).toEqual([{ http: 8080, rtsp: undefined }, 0]);
  });

  test('do not share a port, with each other or with another program', async () => {
    const device = makeDevice({ ports: { http: 80, rtsp: 554 } });
    expect(await device.fault('SetNetworkProtocols', { NetworkProtocols: http(554) })).toBe('Sender/InvalidArgVal/PortAlreadyInUse');
    device.failing.setPorts = new AppError('PORT_TAKEN', 'Port 81 is taken.');
    expect(await device.fault('SetNetworkProtocols', { NetworkProtocols: http(81) })).toBe('Sender/InvalidArgVal/PortAlreadyInUse');
    device.failing.setPorts = new AppError('PORT_FIXED', 'http.port is set in the file.');
    expect(await device.fault('SetNetworkProtocols', { NetworkProtocols: http(81) })).toBe('Receiver/Action');
    expect(device.noted.restarts).toBe(0);
  });
});
