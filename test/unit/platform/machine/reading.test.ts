import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../../src/core/clock.ts';
import { LinuxMachine } from '../../../../src/platform/machine/linux-machine.ts';
import type { Run } from '../../../../src/platform/run-program.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import {
  ALL_TOOLS,
  ipv4,
  ipv6,
  LOOPBACK,
  linkFiles,
  makeMachine,
  makeTools,
  PI_ADDRESSES,
  PI_FILES,
  PI_MAC,
  tzif,
} from '../../../support/system-tools/tree.ts';

describe('a Raspberry Pi 4 with NetworkManager and timesyncd', () => {
  const timesync = [
    'LinkNTPServers=192.168.1.1',
    'FallbackNTPServers=0.debian.pool.ntp.org 1.debian.pool.ntp.org',
    'ServerName=192.168.1.1',
    'ServerAddress=192.168.1.1',
  ];
  const pi = (scenario: object = { timesync }) => {
    const tools = makeTools(ALL_TOOLS, scenario);
    const clock = new FakeClock();
    return { machine: makeMachine(PI_FILES, PI_ADDRESSES, { searchPath: tools.dir, clock }), tools, clock };
  };

  test('is what its firmware says', () => {
    const { machine } = pi();
    expect(machine.hardware()).toEqual({
      manufacturer: 'Raspberry Pi',
      model: 'Raspberry Pi 4 Model B Rev 1.4',
      serial: '10000000a1b2c3d4',
      hardwareId: 'c03114',
    });
    expect(machine.hostname()).toBe('picam');
  });

  test('has its interfaces, that without an address too', async () => {
    expect(await pi().machine.interfaces()).toEqual([
      {
        name: 'eth0',
        mac: PI_MAC,
        mtu: 1500,
        up: true,
        ipv4: [{ address: '192.168.1.5', prefixLength: 24 }],
        ipv6: [{ address: 'fd00::5', prefixLength: 64 }],
        linkLocal: undefined,
        dhcp: true,
      },
      { name: 'wlan0', mac: 'dc:a6:32:01:02:04', mtu: 1500, up: false, ipv4: [], ipv6: [], linkLocal: undefined, dhcp: undefined },
    ]);
  });

  test('has its DNS servers from DHCP, and its gateways', async () => {
    const { machine } = pi();
    expect(await machine.dns()).toEqual({ servers: ['192.168.1.1'], search: ['lan'], fromDhcp: true });
    expect(await machine.gateways()).toEqual(['192.168.1.1', '192.168.1.254']);
  });

  test('has the servers that timesyncd asks', async () => {
    expect(await pi().machine.ntpServers()).toEqual({ servers: ['192.168.1.1'], fromDhcp: true });
    const own = pi({ timesync: ['SystemNTPServers=ntp.lan', 'LinkNTPServers=192.168.1.1', 'FallbackNTPServers=x'] });
    expect(await own.machine.ntpServers()).toEqual({ servers: ['ntp.lan', '192.168.1.1'], fromDhcp: false });
    const fallback = pi({ timesync: ['FallbackNTPServers=a b', 'ServerName=a'] });
    expect(await fallback.machine.ntpServers()).toEqual({ servers: ['a', 'b'], fromDhcp: false });
  });

  test('keeps its clock by NTP while it is synchronised and that is on', async () => {
    const time = { timeZone: 'CET-1CEST,M3.5.0,M10.5.0/3', daylightSavings: false };
    expect(await pi().machine.time()).toEqual({ ...time, ntp: true });
    expect(await pi({ ntp: { synchronized: false } }).machine.time()).toEqual({ ...time, ntp: false });
    expect(await pi({ ntp: { on: false } }).machine.time()).toEqual({ ...time, ntp: false });
    expect(await pi({ ntp: { on: false, can: false } }).machine.time()).toEqual({ ...time, ntp: true });
  });

  test('asks its tools once for many requests, and again after a while', async () => {
    const { machine, tools, clock } = pi();
    const ask = () => Promise.all([machine.time(), machine.time(), machine.interfaces(), machine.dns(), machine.ntpServers()]);
    await ask();
    await ask();
    expect(
      tools
        .argv()
        .map(([tool, verb]) => [tool, verb === '-t' ? 'device' : verb])
        .sort(),
    ).toEqual([
      ['nmcli', 'device'],
      ['timedatectl', 'show'],
      ['timedatectl', 'show-timesync'],
    ]);
    clock.advance(4999);
    await machine.time();
    expect(tools.calls()).toHaveLength(3);
    clock.advance(1);
    await machine.time();
    expect(tools.calls()).toHaveLength(4);
  });

  test('sees the daylight saving time of now', async () => {
    const { machine, clock } = pi();
    clock.setWallForward(Date.UTC(2026, 6, 1) - FakeClock.EPOCH);
    expect((await machine.time()).daylightSavings).toBe(true);
  });
});

describe('a PC with systemd-networkd, resolved and chrony, without systemd tools in the path', () => {
  const mac = '00:11:22:33:44:55';
  const files = {
    '/proc/cpuinfo': 'processor\t: 0\nmodel\t\t: 17\nmodel name\t: AMD EPYC\n',
    '/etc/hostname': 'pc\n',
    '/etc/resolv.conf': 'nameserver 127.0.0.53\nsearch .\n',
    '/run/systemd/resolve/resolv.conf': 'nameserver 10.0.0.1\nnameserver fd00::1\nsearch home.arpa\n',
    '/run/systemd/netif/leases/2': 'ADDRESS=10.0.0.9\nDNS=10.0.0.1\n',
    '/run/systemd/netif/links/3': 'ADMIN_STATE=configured\n',
    '/run/systemd/timesync/other': '',
    '/etc/chrony/chrony.conf': 'pool 2.debian.pool.ntp.org iburst\n',
    '/etc/chrony/sources.d/local.sources': 'server ntp.lan\n',
    '/etc/chrony/sources.d/README': 'server no\n',
    '/etc/localtime': tzif('EST5EDT,M3.2.0,M11.1.0'),
    ...linkFiles('enp2s0', mac, { ifindex: '2', 'device/uevent': '' }),
    ...linkFiles('enp10s0', '00:11:22:33:44:56', { ifindex: '3', 'device/uevent': '', mtu: '9000' }),
    ...linkFiles('docker0', '02:42:00:00:00:01', { ifindex: '4', operstate: 'down', carrier: '0' }),
    ...linkFiles('br-0a', '02:42:00:00:00:02', { ifindex: '5' }),
    ...linkFiles('tun0', '', { type: '65534' }),
    ...linkFiles('sit0', '00:00:00:00', { type: '776' }),
    ...linkFiles('mon0', '00:11:22:33:44:57', { type: '803' }),
    ...linkFiles('enp9s0', '00:11:22:33:44:58', { 'device/uevent': '', flags: '0x1002' }),
  };
  const addresses = {
    lo: [LOOPBACK],
    docker0: [ipv4('02:42:00:00:00:01', '172.17.0.1/16')],
    enp2s0: [ipv4(mac, '10.0.0.9/8'), ipv6(mac, '2001:db8::9/64'), ipv6(mac, 'fe80::9/64', 2)],
    'enp2s0:1': [ipv4(mac, '169.254.7.7/16')],
    enp10s0: [ipv4('00:11:22:33:44:56', '10.1.0.9/16')],
  };
  const pc = (more: object = {}, options: Parameters<typeof makeMachine>[2] = {}) => makeMachine({ ...files, ...more }, addresses, options);

  test('goes by its first network adapter', () => {
    expect(pc().hardware()).toEqual({
      manufacturer: 'onvif-camera',
      model: 'Linux aarch64',
      serial: '001122334455',
      hardwareId: 'aarch64',
    });
    expect(pc().hostname()).toBe('from-uname');
  });

  test('has its adapters in the order of their numbers, and no bridges', async () => {
    const interfaces = await pc().interfaces();
    expect(interfaces.map(({ name, up, dhcp, mtu }) => [name, up, dhcp, mtu])).toEqual([
      ['enp2s0', true, true, 1500],
      ['enp9s0', false, undefined, 1500],
      ['enp10s0', true, false, 9000],
    ]);
    expect(interfaces[0]).toMatchObject({
      ipv4: [{ address: '10.0.0.9', prefixLength: 8 }],
      ipv6: [{ address: '2001:db8::9', prefixLength: 64 }],
      linkLocal: { address: '169.254.7.7', prefixLength: 16 },
    });
  });

  test('has the servers that resolved asks, not its stub', async () => {
    expect(await pc().dns()).toEqual({ servers: ['10.0.0.1', 'fd00::1'], search: ['home.arpa'], fromDhcp: true });
    const own = pc({ '/run/systemd/resolve/resolv.conf': 'nameserver 10.0.0.1\nnameserver 9.9.9.9\n' });
    expect((await own.dns()).fromDhcp).toBe(false);
  });

  test('has the servers of chrony, or those of its DHCP', async () => {
    expect(await pc().ntpServers()).toEqual({ servers: ['2.debian.pool.ntp.org', 'ntp.lan'], fromDhcp: false });
    const dhcp = pc({
      '/etc/chrony/chrony.conf': '',
      '/etc/chrony/sources.d/local.sources': '',
      '/run/chrony-dhcp/1.sources': 'server 10.0.0.1 iburst\n',
    });
    expect(await dhcp.ntpServers()).toEqual({ servers: ['10.0.0.1'], fromDhcp: true });
  });

  test('is synchronised by the file of timesyncd, or by chrony', async () => {
    expect((await pc().time()).ntp).toBe(false);
    expect((await pc({ '/run/systemd/timesync/synchronized': '' }).time()).ntp).toBe(true);
    const asked: string[][] = [];
    const run =
      (status: string): Run =>
      (command, args) => {
        asked.push([command, ...args]);
        return Promise.resolve({ code: 0, stdout: `Reference ID    : C0A80101\nLeap status     : ${status}\n`, stderr: '' });
      };
    const { dir } = makeTools(['chronyc']);
    expect((await pc({}, { searchPath: dir, run: run('Normal') }).time()).ntp).toBe(true);
    expect((await pc({}, { searchPath: dir, run: run('Not synchronised') }).time()).ntp).toBe(false);
    expect(asked).toEqual(Array(2).fill([`${dir}/chronyc`, '-n', 'tracking']));
  });

  test('lives on a lease of dhclient or dhcpcd while it has that address', async () => {
    const leases = (address: string) => ({
      '/var/lib/dhcp/dhclient.leases': `lease {\n  interface "enp10s0";\n  fixed-address ${address};\n}\n`,
      '/run/systemd/netif/links/3': '',
    });
    const dhcpOf = async (more: object) => (await pc(more).interfaces()).find(({ name }) => name === 'enp10s0')?.dhcp;
    expect(await dhcpOf(leases('10.1.0.9'))).toBe(true);
    expect(await dhcpOf(leases('10.1.0.8'))).toBeUndefined();
    const message = Buffer.alloc(241, 255);
    message.set([10, 1, 0, 9], 16);
    message.writeUInt32BE(0x63825363, 236);
    expect(await dhcpOf({ '/run/systemd/netif/links/3': '', '/var/lib/dhcpcd/enp10s0-Home.lease': message })).toBe(true);
    expect(await dhcpOf({ '/run/systemd/netif/links/3': '', '/var/lib/dhcpcd/enp1s0.lease': message })).toBeUndefined();
  });
});

describe('a machine that tells nothing', () => {
  test('is empty, and nothing throws', async () => {
    const machine = makeMachine({});
    expect(machine.hardware()).toEqual({ manufacturer: 'onvif-camera', model: 'Linux aarch64', serial: 'unknown', hardwareId: 'aarch64' });
    expect(machine.hostname()).toBe('from-uname');
    expect(await machine.interfaces()).toEqual([]);
    expect(await machine.dns()).toEqual({ servers: [], search: [], fromDhcp: false });
    expect(await machine.gateways()).toEqual([]);
    expect(await machine.ntpServers()).toEqual({ servers: [], fromDhcp: false });
    expect(await machine.time()).toMatchObject({ ntp: false, daylightSavings: false, timeZone: expect.stringMatching(/\d$/) });
  });

  test('has the addresses that the system tells without its files', async () => {
    const machine = makeMachine({}, { en0: [ipv4('00:11:22:33:44:55', '10.0.0.9/24')], lo0: [LOOPBACK] });
    expect(await machine.interfaces()).toMatchObject([{ name: 'en0', up: true, mtu: 1500, dhcp: undefined }]);
  });

  test('may forbid the question for its addresses', async () => {
    const networkInterfaces = () => {
      throw new Error('uv_interface_addresses returned Unknown system error 97');
    };
    const os = { networkInterfaces, hostname: () => 'x', machine: () => 'aarch64', type: () => 'Linux' };
    const machine = makeMachine(PI_FILES, {}, { os });
    expect(await machine.interfaces()).toMatchObject([{ name: 'eth0', ipv4: [] }, { name: 'wlan0' }]);
  });

  test('has folders where files are expected', async () => {
    const machine = makeMachine({
      '/etc/resolv.conf/x': '',
      '/etc/localtime/x': '',
      '/proc/net/route/x': '',
      '/proc/cpuinfo/x': '',
      '/sys/class/net': '',
    });
    machine.hardware();
    expect(await Promise.all([machine.dns(), machine.gateways(), machine.interfaces(), machine.time()])).toHaveLength(4);
  });

  test('NetworkManager may be installed without running', async () => {
    const tools = makeTools(ALL_TOOLS, { networkManager: false });
    const machine = makeMachine(PI_FILES, PI_ADDRESSES, { searchPath: tools.dir });
    expect((await machine.interfaces())[0]).toMatchObject({ name: 'eth0', up: true, dhcp: undefined });
  });
});

test('this machine can be read', async () => {
  const machine = new LinuxMachine({ managed: false, root: '/', searchPath: process.env.PATH ?? '', clock: systemClock });
  expect(machine.hardware().serial).not.toBe('');
  expect(machine.hostname()).not.toBe('');
  expect((await machine.time()).timeZone).not.toBe('');
  await Promise.all([machine.interfaces(), machine.dns(), machine.gateways(), machine.ntpServers()]);
});
