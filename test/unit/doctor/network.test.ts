import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { firewall, parseIptables, parseNft } from '../../../src/doctor/firewall.ts';
import { networkChecks } from '../../../src/doctor/network.ts';
import { Processes } from '../../../src/platform/processes.ts';
import { find, type Made, makeState, makeSurroundings } from '../../support/doctor.ts';
import { ipv4, ipv6, LOOPBACK, linkFiles, PI_MAC } from '../../support/system-tools/tree.ts';

const checksOf = (made: Made, more: Parameters<typeof makeSurroundings>[1] = {}) => networkChecks(makeSurroundings(made, more));
const ETH0 = { addresses: { lo: [LOOPBACK], eth0: [ipv4(PI_MAC, '192.168.1.50/24')] } };
const LOCAL = { bind: '127.0.0.1' };

describe('network', () => {
  test('has an address', async () => {
    expect(await find(checksOf(ETH0), 'network')).toEqual({ level: 'ok', seen: 'eth0 192.168.1.50/24' });
  });

  test.each<[string, Made, string, string]>([
    ['none at all', { files: linkFiles('wlan0', PI_MAC, { flags: '0x1002' }) }, 'error', 'it has wlan0 (off)'],
    ['IPv6 alone', { addresses: { eth0: [ipv6(PI_MAC, 'fd00::5/64')] } }, 'warning', 'fd00::5: IPv6 alone'],
    ['one that nobody gave', { addresses: { eth0: [ipv4(PI_MAC, '169.254.7.7/16')] } }, 'warning', '169.254.7.7'],
    ['one that is not listened on', { ...ETH0, config: LOCAL }, 'warning', 'bind is 127.0.0.1'],
  ])('%s', async (_, made, level, seen) => {
    expect(await find(checksOf(made), 'network')).toMatchObject({ level, seen: expect.stringContaining(seen), fix: expect.any(String) });
  });
});

describe('port-http and port-rtsp', () => {
  const opened: Server[] = [];
  afterEach(() => {
    for (const server of opened.splice(0)) server.close();
  });
  async function occupy(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1');
    opened.push(server);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  test('a port that another program has is told as the start tells it', async () => {
    const port = await occupy();
    const check = find(checksOf({ config: { ...LOCAL, http: { port } }, explicit: ['http.port'] }), 'port-http');
    await expect(check).rejects.toMatchObject({
      code: 'PORT_TAKEN',
      message: expect.stringContaining(`Port ${port} on 127.0.0.1 is taken by`),
    });
  });

  test('a free one is well, and freed again', async () => {
    const port = await occupy();
    opened.splice(0)[0]!.close();
    const checks = checksOf({ config: { ...LOCAL, rtsp: { port } }, explicit: ['rtsp.port'] });
    for (let times = 0; times < 2; times++) expect(await find(checks, 'port-rtsp')).toEqual({ level: 'ok', seen: `${port} is free` });
  });

  test('what a recorder has set counts where the owner has set nothing', async () => {
    const port = await occupy();
    const state = makeState({ device: { httpPort: port } });
    await expect(find(checksOf({ config: LOCAL }, { state }), 'port-http')).rejects.toMatchObject({ code: 'PORT_TAKEN' });
    const free = { config: { ...LOCAL, http: { port: 0 } }, explicit: ['http.port'] };
    expect(await find(checksOf(free, { state }), 'port-http')).toMatchObject({ level: 'ok', seen: expect.stringMatching(/^0: /) });
  });

  test('RTSP that is off needs none', async () => {
    expect(await find(checksOf({ config: { rtsp: { enabled: false } } }), 'port-rtsp')).toMatchObject({ level: 'skipped' });
  });

  describe('of a running server', () => {
    const server = { pid: 700, url: 'http://127.0.0.1:8080', rtspPort: 8554, token: 'x' };
    const listening = (pid: number): Made => ({
      files: {
        '/proc/net/tcp':
          '  sl  local_address\n   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 900 1 0\n',
        [`/proc/${pid}/fd/3`]: '->socket:[900]',
        [`/proc/${pid}/comm`]: 'nginx\n',
        '/etc/passwd': 'pi:x:1000:1000::/:/bin/sh\n',
      },
    });
    test('is well, unless it is taken by somebody else', async () => {
      expect(await find(checksOf(listening(700), { server }), 'port-http')).toEqual({
        level: 'ok',
        seen: '8080, of the running server (process 700)',
      });
      expect(await find(checksOf(listening(800), { server }), 'port-http')).toMatchObject({
        level: 'error',
        seen: '8080 is taken by nginx (process 800 of the user pi)',
      });
      // As far as one can see.
      expect(await find(checksOf({}, { server }), 'port-rtsp')).toEqual({ level: 'ok', seen: '8554, of the running server (process 700)' });
    });
  });

  test('the family of a process is what it has started, however deep', () => {
    const status = (parent: number) => `PPid:\t${parent}\n`;
    const { tree } = makeSurroundings({
      files: {
        '/proc/1/status': status(0),
        '/proc/700/status': status(1),
        '/proc/701/status': status(700),
        '/proc/650/status': status(701),
        '/proc/9/status': status(1),
      },
    });
    expect([...new Processes(tree.root).family(700)].sort()).toEqual([650, 700, 701]);
  });
});

const UFW_NFT = `table ip filter {
	chain ufw-user-input {
		tcp dport 22 counter packets 3 bytes 180 accept
		tcp dport 8080 counter packets 0 bytes 0 accept
		udp dport 3702 counter packets 0 bytes 0 accept
	}
	chain ufw-before-input {
		iifname "lo" counter packets 10 bytes 800 accept
		ct state related,established counter packets 5 bytes 400 accept
	}
	chain INPUT {
		type filter hook input priority filter; policy drop;
		counter packets 20 bytes 2000 jump ufw-before-input
		counter packets 20 bytes 2000 jump ufw-user-input
	}
}`;
const PLAIN_NFT = `table inet filter {
	chain input {
		type filter hook input priority filter; policy accept;
		ct state { established, related } accept
		iif "lo" accept
		tcp dport { 22, 8000-8100 } accept
		udp dport 5353 accept
		counter packets 7 bytes 420 drop
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
	}
}`;
const OPEN_NFT = `table inet filter {
	chain input {
		type filter hook input priority filter; policy accept;
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
	}
}`;
const NEEDED = [
  { protocol: 'tcp', port: 8080 },
  { protocol: 'tcp', port: 8554 },
  { protocol: 'udp', port: 3702 },
  { protocol: 'udp', port: 5353 },
] as const;

describe('firewall', () => {
  // By the shell itself: there is no other program in the search path.
  const print = (text: string) => `printf '%s\\n' '${text}'`;
  const look = (tools: Made['tools'], more: Parameters<typeof makeSurroundings>[1] = {}, files: Made['files'] = {}) =>
    firewall(makeSurroundings({ tools: tools!, files }, more), NEEDED);

  test('none is well', async () => {
    expect(await look({})).toEqual({ level: 'ok', seen: 'none' });
    expect(await look({ nft: print(''), iptables: print('-P INPUT ACCEPT\n-P FORWARD DROP') })).toEqual({ level: 'ok', seen: 'none' });
    expect(await look({ nft: print(OPEN_NFT) })).toEqual({ level: 'ok', seen: 'none' });
  });

  test('ufw is told what to let in', async () => {
    expect(await look({ nft: print(UFW_NFT) })).toEqual({
      level: 'warning',
      seen: 'ufw seems to keep out TCP 8554, UDP 5353',
      fix: '`sudo ufw allow 8554/tcp && sudo ufw allow 5353/udp`',
    });
  });

  test('a chain that ends with drop is as closed as a policy; ranges and sets are read', async () => {
    expect(await look({ nft: print(PLAIN_NFT) })).toEqual({
      level: 'warning',
      seen: 'nftables seems to keep out TCP 8554, UDP 3702',
      fix: '`sudo nft insert rule inet filter input tcp dport 8554 accept && sudo nft insert rule inet filter input udp dport 3702 accept`, and the same in /etc/nftables.conf',
    });
  });

  test('firewalld is told in its own words', async () => {
    const text = `table inet firewalld {\n\tchain filter_INPUT {\n\t\ttype filter hook input priority filter + 10; policy accept;\n\t\tct state { established, related } accept\n\t\treject with icmpx admin-prohibited\n\t}\n}`;
    expect(await look({ nft: print(text) })).toMatchObject({
      level: 'warning',
      fix: expect.stringContaining('firewall-cmd --permanent --add-port=8080/tcp --add-port=8554/tcp --add-port=3702/udp'),
    });
  });

  test('iptables without nft', async () => {
    const rules =
      '-P INPUT DROP\n-A INPUT -i lo -j ACCEPT\n-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT\n-A INPUT -p tcp -m multiport --dports 22,8080:8600 -j ACCEPT\n-A INPUT -p udp -m udp --dport 3702 -j ACCEPT';
    expect(await look({ iptables: print(rules) })).toEqual({
      level: 'warning',
      seen: 'iptables seems to keep out UDP 5353',
      fix: '`sudo iptables -I INPUT -p udp --dport 5353 -j ACCEPT`, kept by `sudo netfilter-persistent save`',
    });
  });

  test('a whole network that is let in is enough', async () => {
    expect(await look({ iptables: print('-P INPUT DROP\n-A INPUT -s 192.168.0.0/16 -j ACCEPT') })).toMatchObject({ level: 'ok' });
    const nft = PLAIN_NFT.replace('iif "lo" accept', 'ip saddr 192.168.0.0/16 accept');
    expect(await look({ nft: print(nft) })).toMatchObject({ level: 'ok', seen: expect.stringContaining('lets in all') });
  });

  test('one port that is thrown away where all else is open', async () => {
    expect(parseNft(OPEN_NFT.replace('policy accept;\n', 'policy accept;\n\t\ttcp dport 8554 drop\n'))?.closed).toBe(false);
    const text = OPEN_NFT.replace('policy accept;\n', 'policy accept;\n\t\ttcp dport 8554 drop\n');
    expect(await look({ nft: print(text) })).toMatchObject({ level: 'warning', seen: 'nftables seems to keep out TCP 8554' });
    expect(parseIptables('-P INPUT ACCEPT')).toBeUndefined();
  });

  test('what is kept from containers is not kept from the camera', async () => {
    const nft = print(
      'table ip filter {\n\tchain FORWARD {\n\t\ttype filter hook forward priority filter; policy drop;\n\t\ttcp dport 8080 drop\n\t}\n}',
    );
    expect(await look({ nft })).toEqual({ level: 'ok', seen: 'none' });
  });

  test('that only root may read is said to be so', async () => {
    const refused = { nft: 'echo "Operation not permitted" >&2; exit 1' };
    expect(await look(refused)).toEqual({ level: 'skipped', seen: 'only root may read the rules: `sudo onvif-camera doctor`' });
    expect(await look(refused, {}, { '/etc/ufw/ufw.conf': 'ENABLED=yes\n' })).toMatchObject({ seen: expect.stringContaining('ufw is on') });
  });
});

describe('wifi-power-saving', () => {
  const wifi = { ...linkFiles('wlan0', PI_MAC), '/sys/class/net/wlan0/wireless/status': '' };
  test.each<[string, Made, string]>([
    ['on', { files: wifi, tools: { iw: '[ "$2" = wlan0 ] && echo "Power save: on"' } }, 'warning'],
    ['off', { files: wifi, tools: { iw: 'echo "Power save: off"' } }, 'ok'],
    ['not to be had without iw', { files: wifi }, 'skipped'],
    ['not there', { files: linkFiles('eth0', PI_MAC) }, 'skipped'],
  ])('%s', async (_, made, level) => {
    const found = await find(checksOf(made), 'wifi-power-saving');
    expect(found).toMatchObject({ level });
    if (level === 'warning') expect(found.fix).toContain('sudo iw dev wlan0 set power_save off');
  });
});

describe('wifi-signal', () => {
  const head = 'Inter-| sta-|   Quality        |\n face | tus | link level noise |\n';
  test.each([
    [-52, 'ok'],
    [-74, 'warning'],
    [-86, 'error'],
  ])('%d dBm is %s', async (level, expected) => {
    const files = { '/proc/net/wireless': `${head} wlan0: 0000   58.  ${level}.  -256        0      0      0      0      1        0\n` };
    expect(await find(checksOf({ files }), 'wifi-signal')).toMatchObject({
      level: expected,
      seen: expect.stringContaining(`wlan0: ${level} dBm`),
    });
  });

  test('is skipped without Wi-Fi', async () => {
    expect(await find(checksOf({ files: { '/proc/net/wireless': head } }), 'wifi-signal')).toMatchObject({ level: 'skipped' });
  });
});
