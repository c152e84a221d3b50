import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { run } from '../../src/cli/run.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Logger } from '../../src/core/log.ts';
import { WsDiscovery, type WsDiscoveryOptions } from '../../src/discovery/ws-discovery.ts';
import { buildHello, buildMatches } from '../../src/protocols/ws-discovery/builders.ts';
import type { Message } from '../../src/protocols/ws-discovery/message.ts';
import { DISCOVERY, ONVIF_TYPES } from '../../src/protocols/ws-discovery/names.ts';
import { Neighbour } from '../support/network/neighbour.ts';
import { inOwnNetwork } from '../support/network/own-network.ts';
import { type Heard, Station } from '../support/network/station.ts';
import { OpenFiles } from '../support/open-files.ts';
import { REQUESTS } from '../support/ws-discovery.ts';

const UUID = '9a8b7c6d-1234-4abc-8def-0123456789ab';
const SCOPES = ['onvif://www.onvif.org/Profile/Streaming', 'onvif://www.onvif.org/name/Pi_Camera', 'onvif://www.onvif.org/hardware/RPi4'];
const ROOT = join(import.meta.dirname, '../..');

inOwnNetwork(import.meta.filename, [OpenFiles.PROGRAM], () => {
  const started: WsDiscovery[] = [];
  const lines: string[] = [];
  const keep = (message: string) => void lines.push(message);
  const log: Logger = { debug: keep, info: keep, warn: keep, error: keep };
  let neighbour: Neighbour;
  let station: Station;
  let discoverable: boolean;
  let version: number;

  async function startDiscovery(options: Partial<WsDiscoveryOptions> = {}): Promise<WsDiscovery> {
    const discovery = new WsDiscovery({
      uuid: UUID,
      types: ONVIF_TYPES,
      scopes: () => SCOPES,
      xaddr: (host) => `http://${host}:8080/onvif/device_service`,
      discoverable: () => discoverable,
      metadataVersion: () => version,
      clock: systemClock,
      log,
      ...options,
    });
    started.push(discovery);
    await discovery.start();
    return discovery;
  }

  const is =
    (kind: Message['kind'], uuid = UUID) =>
    ({ message }: Heard) =>
      message?.kind === kind &&
      ('endpoint' in message ? [message.endpoint] : 'endpoints' in message ? message.endpoints : []).some(
        ({ address }) => address === `urn:uuid:${uuid}`,
      );
  const answers =
    (id: string) =>
    ({ message, text }: Heard) =>
      (message !== undefined && 'relatesTo' in message && message.relatesTo === id) || text.includes(`<a:RelatesTo>${id}<`);
  let count = 0;
  const newId = () => `urn:uuid:test-${++count}`;
  async function until(condition: () => boolean): Promise<void> {
    for (const end = performance.now() + 8000; !condition(); ) {
      if (performance.now() > end) throw new Error('it did not come to that');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  /** Asks something that is answered always, and waits for the answer: what was asked before it has had its time. */
  async function settle(to?: string): Promise<void> {
    const id = newId();
    station.send(REQUESTS.bare(id), to);
    await station.hears(answers(id));
  }

  beforeAll(async () => {
    neighbour = await Neighbour.start();
    neighbour.connect('eth0', '10.99.0');
    neighbour.prefer('eth0');
  });
  afterAll(() => neighbour.stop());

  beforeEach(async () => {
    discoverable = true;
    version = 1;
    lines.length = 0;
    station = await Station.start(neighbour, '10.99.0.2');
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((each) => each.stop()));
    await station.stop();
  });

  describe('a camera on the network', () => {
    test('says Hello and Bye', async () => {
      const discovery = await startDiscovery();
      const hello = await station.hears(is('Hello'));
      expect(hello).toMatchObject({ via: 'group', from: '10.99.0.1', port: 3702 });
      expect(hello.message).toMatchObject({
        endpoint: { scopes: SCOPES, xaddrs: ['http://10.99.0.1:8080/onvif/device_service'], metadataVersion: 1 },
        sequence: { messageNumber: 1 },
      });
      await discovery.stop();
      const bye = await station.hears(is('Bye'));
      expect(bye.message).toMatchObject({ sequence: { messageNumber: 2 } });
    });

    test('says Hello again, with what is new, when something changed; its instance rises at the next start', async () => {
      const discovery = await startDiscovery();
      const first = await station.hears(is('Hello'));
      version = 2;
      discovery.changed();
      const second = await station.hears((heard) => is('Hello')(heard) && heard !== first);
      expect(second.message).toMatchObject({ endpoint: { metadataVersion: 2 } });
      await discovery.stop();
      await discovery.start();
      const third = await station.hears((heard) => is('Hello')(heard) && heard !== first && heard !== second);
      const instance = ({ message }: Heard) => (message?.kind === 'Hello' ? message.sequence!.instanceId : 0);
      expect(instance(second)).toBe(instance(first));
      expect(instance(third)).toBeGreaterThan(instance(first));
    });

    test.each([
      ['by default namespaces, for anything', (id: string) => REQUESTS.bare(id)],
      ['with empty Types and Scopes', (id: string) => REQUESTS.probe({ id })],
      ['for its type', (id: string) => REQUESTS.probe({ id, types: 'net:NetworkVideoTransmitter' })],
      ['for a scope', (id: string) => REQUESTS.probe({ id, scopes: 'onvif://www.onvif.org/Profile' })],
      ['in SOAP 1.1 with an undeclared prefix', (id: string) => REQUESTS.soap11(id)],
    ])('answers a Probe %s, soon and to the sender alone', async (_, request) => {
      await startDiscovery();
      const id = newId();
      const asked = performance.now();
      station.send(request(id));
      const answer = await station.hears(answers(id));
      expect(answer.at - asked).toBeLessThan(400);
      expect(answer).toMatchObject({ via: 'own', from: '10.99.0.1', port: 3702 });
      expect(answer.message).toMatchObject({
        kind: 'ProbeMatches',
        endpoints: [{ scopes: SCOPES, xaddrs: ['http://10.99.0.1:8080/onvif/device_service'] }],
      });
    });

    test('answers a unicast Probe and a Resolve', async () => {
      await startDiscovery();
      await settle('10.99.0.1');
      for (const to of ['239.255.255.250', '10.99.0.1']) {
        const id = newId();
        station.send(REQUESTS.resolve(`urn:uuid:${UUID}`, id), to);
        expect((await station.hears(answers(id))).message).toMatchObject({ kind: 'ResolveMatches' });
      }
    });

    test('answers no Probe for another, no Resolve of another, and each MessageID once', async () => {
      const discovery = await startDiscovery();
      const id = newId();
      station.send(REQUESTS.probe({ id: `${id}-type`, types: 'net:NetworkVideoDisplay' }));
      station.send(REQUESTS.probe({ id: `${id}-scope`, scopes: 'onvif://www.onvif.org/hardware/RPi' }));
      station.send(REQUESTS.resolve('urn:uuid:another', `${id}-resolve`));
      station.send(REQUESTS.bare(id), undefined, 3);
      await station.hears(answers(id));
      await settle('10.99.0.1');
      await settle();
      expect(station.heard.filter(({ text }) => text.includes(id))).toHaveLength(1);
      expect(discovery.counters.repeated).toBe(2);
    });

    test('an unknown matching rule: silence for all, a fault for one', async () => {
      await startDiscovery();
      const [multicast, unicast] = [newId(), newId()];
      station.send(REQUESTS.probe({ id: multicast, matchBy: 'urn:strange' }));
      station.send(REQUESTS.probe({ id: unicast, matchBy: 'urn:strange' }), '10.99.0.1');
      expect((await station.hears(answers(unicast))).text).toContain('d:MatchingRuleNotSupported');
      await settle();
      expect(station.heard.some(answers(multicast))).toBe(false);
    });

    test('is silent while it is not discoverable', async () => {
      discoverable = false;
      const discovery = await startDiscovery();
      discovery.changed();
      station.send(REQUESTS.bare(newId()));
      station.send(REQUESTS.bare(newId()), '10.99.0.1');
      station.send(REQUESTS.resolve(`urn:uuid:${UUID}`, newId()));
      await until(() => discovery.counters.received >= 3);
      // Longer than any delay before a Hello or an answer.
      await new Promise((resolve) => setTimeout(resolve, 700));
      await discovery.stop();
      // Another, that is discoverable, is heard, so this one would have been.
      discoverable = true;
      await startDiscovery({ uuid: 'another' });
      await station.hears(is('Hello', 'another'));
      expect(station.heard.filter(({ text }) => text.includes(UUID))).toEqual([]);
    });

    test('two on one host both answer', async () => {
      await Promise.all([
        startDiscovery(),
        startDiscovery({ uuid: 'second', xaddr: (host) => `http://${host}:8081/onvif/device_service` }),
      ]);
      const id = newId();
      station.send(REQUESTS.bare(id));
      await station.hears((heard) => answers(id)(heard) && is('ProbeMatches')(heard));
      await station.hears((heard) => answers(id)(heard) && is('ProbeMatches', 'second')(heard));
    });
  });

  describe('interfaces', () => {
    test('one that comes later is used, with its own address; one that is made anew as well', async () => {
      const discovery = await startDiscovery();
      await station.hears(is('Hello'));
      let second: Station;
      for (const network of ['10.99.1', '10.99.1', '10.99.2']) {
        neighbour.connect('wlan0', network);
        second = await Station.start(neighbour, `${network}.2`);
        const hello = await second.hears(is('Hello'));
        expect(hello).toMatchObject({
          from: `${network}.1`,
          message: { endpoint: { xaddrs: [`http://${network}.1:8080/onvif/device_service`] } },
        });
        const id = newId();
        second.send(REQUESTS.bare(id));
        expect(await second.hears(answers(id))).toMatchObject({
          from: `${network}.1`,
          message: { endpoints: [{ xaddrs: [`http://${network}.1:8080/onvif/device_service`] }] },
        });
        await settle();
        await second.stop();
        neighbour.disconnect('wlan0');
        const asked = discovery.counters.answered;
        await settle();
        expect(discovery.counters.answered).toBeGreaterThan(asked);
      }
    }, 60_000);

    test('without any network it starts, and is found when there is one', async () => {
      await station.stop();
      neighbour.disconnect('eth0');
      await startDiscovery();
      neighbour.connect('eth0', '10.99.0');
      neighbour.prefer('eth0');
      station = await Station.start(neighbour, '10.99.0.2');
      await station.hears(is('Hello'));
      await settle();
    });

    test('a port that another program keeps is told of once, and used when it is free', async () => {
      const other = createSocket('udp4').bind(3702);
      await once(other, 'listening');
      await startDiscovery();
      expect(lines.filter((line) => line.includes('3702 for itself'))).toHaveLength(1);
      other.close();
      await station.hears(is('Hello'));
      expect(lines.filter((line) => line.includes('3702 for itself'))).toHaveLength(1);
      expect(lines.join()).toContain('free again');
    });

    test('where no file can be opened any more it goes on, says so once, and is found when it can be', async () => {
      const files = new OpenFiles();
      await startDiscovery();
      await settle();
      lines.length = 0;
      await files.forbid();
      try {
        await startDiscovery({ uuid: 'second' });
        // Twice as long as between two looks at the addresses; the first one answers meanwhile.
        await new Promise((resolve) => setTimeout(resolve, 7000));
        await settle('10.99.0.1');
      } finally {
        await files.allow();
      }
      expect(lines.filter((line) => line.includes('opens no more sockets (EMFILE)'))).toHaveLength(1);
      await station.hears(is('Hello', 'second'));
      const id = newId();
      station.send(REQUESTS.bare(id));
      await station.hears((heard) => answers(id)(heard) && is('ProbeMatches', 'second')(heard));
      await files.stop();
    }, 30_000);

    test('a port that another program shares is shared', async () => {
      const other = createSocket({ type: 'udp4', reuseAddr: true }).bind(3702);
      await once(other, 'listening');
      await startDiscovery();
      await settle();
      await settle('10.99.0.1');
      other.close();
    });
  });

  describe('strangers', () => {
    test('2,000 junk datagrams, then a Probe is answered', async () => {
      const discovery = await startDiscovery();
      const long = REQUESTS.probe({ scopes: 'onvif://x '.repeat(60) });
      station.send('junk', undefined, 400);
      station.send(Buffer.alloc(1400, 0xff), undefined, 400);
      station.send(long.slice(0, -20), undefined, 400);
      station.send(`<!DOCTYPE x [<!ENTITY a "b">]>${long}`, undefined, 400);
      station.send(`${'<a>'.repeat(400)}${DISCOVERY}`, '10.99.0.1', 390);
      station.send(Buffer.alloc(60_000, 0x3c), '10.99.0.1', 10);
      await settle('10.99.0.1');
      await settle();
      expect(discovery.counters.ignored).toBeGreaterThan(500);
      expect(discovery.counters.answered).toBe(2);
    });

    test('a flood of Probes gets few answers, and another time is answered again', async () => {
      const discovery = await startDiscovery();
      const asked = 200;
      for (let at = 0; at < asked; at++) station.send(REQUESTS.bare(newId()), '10.99.0.1');
      await until(() => discovery.counters.received >= asked);
      expect(discovery.counters.answered).toBeLessThan(40);
      expect(discovery.counters.refused).toBeGreaterThan(150);
    });

    test('what other devices say, and what no request can be, is not parsed', async () => {
      const discovery = await startDiscovery();
      const hello = buildHello(
        { address: 'urn:uuid:other', types: ONVIF_TYPES, scopes: SCOPES, xaddrs: ['http://10.99.0.2/onvif'], metadataVersion: 1 },
        newId(),
        { instanceId: 1, messageNumber: 1 },
      );
      const prefixes = Array.from({ length: 3000 }, (_, at) => `xmlns:p${at}="${at}"`).join(' ');
      station.send(hello, undefined, 300);
      station.send(hello.replaceAll('Hello', 'ProbeMatches'), '10.99.0.1', 300);
      station.send(REQUESTS.bare(newId()).replace('<Probe ', `<Probe ${prefixes} `), '10.99.0.1', 10);
      station.send(REQUESTS.probe({ id: newId(), scopes: `onvif://www.onvif.org${'/'.repeat(54_000)}` }), '10.99.0.1', 10);
      await settle('10.99.0.1');
      expect(discovery.counters).toMatchObject({ parsed: 1, answered: 1 });
      // The system may drop some when the buffer is full.
      expect(discovery.counters.ignored).toBeGreaterThan(100);
    });

    test('a loud sender is parsed no further than his share, and does not silence another', async () => {
      neighbour.run('ip', 'addr', 'replace', '10.99.0.3/24', 'dev', 'eth0-peer');
      const other = await Station.start(neighbour, '10.99.0.3');
      const discovery = await startDiscovery();
      const started = performance.now();
      const long = REQUESTS.probe({ id: newId(), scopes: `onvif://www.onvif.org${'/x'.repeat(3400)}` });
      station.send(long, '10.99.0.1', 300);
      await until(() => discovery.counters.received >= 100);
      const id = newId();
      other.send(REQUESTS.bare(id), '10.99.0.1');
      await other.hears(answers(id));
      const seconds = (performance.now() - started) / 1000;
      expect((discovery.counters.parsed - 1) * long.length).toBeLessThanOrEqual(48_000 + 8_000 * seconds);
      expect(discovery.counters.refused).toBeGreaterThan(50);
      await other.stop();
      neighbour.run('ip', 'addr', 'del', '10.99.0.3/24', 'dev', 'eth0-peer');
    });

    test('whoever is neither in our networks nor in a private one gets no answer', async () => {
      const discovery = await startDiscovery();
      neighbour.run('ip', 'addr', 'add', '203.0.113.9/32', 'dev', 'lo');
      execFileSync('ip', ['route', 'replace', '203.0.113.9', 'via', '10.99.0.2']);
      const afar = await Station.start(neighbour, '203.0.113.9');
      afar.send(REQUESTS.bare(newId()), '10.99.0.1');
      await until(() => discovery.counters.refused >= 1);
      await settle('10.99.0.1');
      // A Hello to the group may come by.
      expect(afar.heard.filter(({ via }) => via === 'own')).toEqual([]);
      await afar.stop();
    });
  });

  describe('onvif-camera discover', () => {
    const discover = (...argv: string[]) => discoverOn(undefined, argv);
    async function discoverOn(isTTY: boolean | undefined, argv: readonly string[]) {
      execFileSync('ip', ['route', 'replace', 'default', 'via', '10.99.0.2']);
      let stdout = '';
      let stderr = '';
      const code = await run(['discover', ...argv], {
        env: {},
        home: '/',
        version: '1',
        webDir: '/',
        wsdlDir: '/',
        stdout: { write: (text) => (stdout += text) },
        stderr: { isTTY, write: (text) => (stderr += text) },
        stopRequested: new Promise(() => {}),
        onExit() {},
        onFault() {},
      });
      return { code, stdout, stderr };
    }

    test('lists all cameras as a table and as JSON', async () => {
      await startDiscovery();
      await startDiscovery({ uuid: 'second', xaddr: (host) => `http://${host}:8081/onvif/device_service` });
      const { code, stdout } = await discover();
      expect(code).toBe(0);
      expect(stdout).toContain('ADDRESS    NAME       HARDWARE  DEVICE SERVICE');
      expect(stdout).toContain(`10.99.0.1  Pi Camera  RPi4      http://10.99.0.1:8080/onvif/device_service  ${UUID}\n`);
      const found = JSON.parse((await discover('--json', '--timeout', '2')).stdout) as { uuid: string }[];
      expect(found.map(({ uuid }) => uuid).sort()).toEqual([UUID, 'second']);
    });

    /** How often a search asks: three times for each of three types. */
    const PROBES = 9;
    const probes = () => station.heard.filter(({ message, via }) => message?.kind === 'Probe' && via !== 'own').length;

    test.each([
      // It asks every 150 ms, at most: four times in less than 0.6 s.
      ['0.5', 500, 1, 4],
      ['4', 4000, 5, PROBES],
      ['6.5', 6500, PROBES + 1, 2 * PROBES],
    ])('--timeout %s listens that long, and asks anew where there is time for it', async (timeout, ms, least, most) => {
      const began = performance.now();
      const { code, stderr } = await discover('--timeout', timeout);
      // Timers may be a millisecond early.
      expect(performance.now() - began).toBeGreaterThanOrEqual(ms - 5);
      expect(code).toBe(0);
      expect(stderr).toContain(`No ONVIF camera answered within ${timeout} s.`);
      expect(probes()).toBeGreaterThanOrEqual(least);
      expect(probes()).toBeLessThanOrEqual(most);
    });

    test('tells on a terminal how far it is, and takes that away again', async () => {
      await startDiscovery();
      const { stdout, stderr } = await discoverOn(true, ['--timeout', '1']);
      expect(stdout).toContain(UUID);
      const [before, ...lines] = stderr.split('\r\x1b[K');
      // The last one is the line that was taken away.
      expect([before, lines.at(-1)]).toEqual(['', '']);
      expect(lines.length).toBeGreaterThan(2);
      for (const line of lines.slice(0, -1)) expect(line).toMatch(/^Listening for cameras: [01] of 1 s, 0 found$/);
    });

    test('finds a camera in one second', async () => {
      await startDiscovery();
      const { stdout } = await discover('--timeout', '1');
      expect(stdout).toContain(UUID);
    });

    test('an answer with escape sequences reaches the terminal without them', async () => {
      const evil = '\u009b2J\u202e\u2028';
      const answer = buildMatches(
        { kind: 'Probe', soap: '1.2', messageId: 'urn:x', types: [], scopes: [], matchBy: undefined },
        {
          address: `urn:uuid:evil${evil}`,
          types: ONVIF_TYPES,
          scopes: [`onvif://www.onvif.org/name/Cam%1b%5d0;owned%07${evil}`, `onvif://www.onvif.org/hardware/H${evil}`],
          xaddrs: [`http://10.99.0.2/onvif${evil}`],
          metadataVersion: 1,
        },
        newId(),
        { instanceId: 1, messageNumber: 1 },
      );
      const [command, args] = neighbour.command(
        process.execPath,
        '-e',
        `const socket = require('dgram').createSocket({ type: 'udp4', reuseAddr: true });
         socket.on('message', (_, { port, address }) => socket.send(${JSON.stringify(answer)}, port, address));
         socket.bind(3702, () => { socket.addMembership('239.255.255.250', '10.99.0.2'); console.log('ready'); });`,
      );
      const stranger = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(stranger.stdout, 'data');
      try {
        const { stdout } = await discover();
        expect(stdout).toMatch(/^[\x20-\x7e\n]+$/);
        expect(stdout).toContain('10.99.0.2  Cam]0;owned2J  H2J');
        const json = (await discover('--json')).stdout;
        expect(json).toMatch(/^[\x20-\x7e\n]+$/);
        expect(JSON.parse(json)).toMatchObject([{ address: '10.99.0.2', xaddr: 'http://10.99.0.2/onvif%C2%9B2J%E2%80%AE' }]);
      } finally {
        stranger.kill();
        await once(stranger, 'exit');
      }
    }, 15_000);

    test('says so when there is none', async () => {
      const { code, stdout, stderr } = await discover();
      expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
      expect(stderr).toContain('No ONVIF camera answered within 3 s.');
      expect(JSON.parse((await discover('--json')).stdout)).toEqual([]);
    });
  });

  describe('clients in the field find it', () => {
    const script = (text: string) => neighbour.output(process.execPath, '--input-type=module', '-e', text);

    test('node-onvif-ts', async () => {
      await startDiscovery();
      const out = await script(
        `process.chdir(${JSON.stringify(ROOT)}); const { startProbe } = await import(${JSON.stringify(join(ROOT, 'node_modules/node-onvif-ts/dist/node-onvif/index.js'))}); console.log(JSON.stringify(await startProbe()));`,
      );
      expect(JSON.parse(out)).toEqual([
        {
          urn: `urn:uuid:${UUID}`,
          name: 'Pi Camera',
          hardware: 'RPi4',
          location: '',
          types: ['dn:NetworkVideoTransmitter', 'tds:Device'],
          xaddrs: ['http://10.99.0.1:8080/onvif/device_service'],
          scopes: SCOPES,
        },
      ]);
    });

    test('onvif', async () => {
      await startDiscovery();
      const out = await script(
        `import { createRequire } from 'node:module'; const { Discovery } = createRequire(${JSON.stringify(`${ROOT}/package.json`)})('onvif');
         Discovery.probe({ timeout: 1500, resolve: false }, (error, found) => console.log(JSON.stringify({ error, found })));`,
      );
      expect(JSON.parse(out)).toMatchObject({
        error: null,
        found: [{ probeMatches: { probeMatch: { XAddrs: 'http://10.99.0.1:8080/onvif/device_service', metadataVersion: 1 } } }],
      });
    });
  });
});
