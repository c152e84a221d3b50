import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/core/clock.ts';
import type { Logger } from '../../src/core/log.ts';
import { Mdns, type MdnsOptions } from '../../src/discovery/mdns.ts';
import { programVersion, reportClient } from '../support/clients.ts';
import { type DnsAnswer, dnsName, dnsQuery, readDns, repeatedQuestion, TYPES } from '../support/dns.ts';
import { Avahi, type Resolved } from '../support/network/avahi.ts';
import { Neighbour } from '../support/network/neighbour.ts';
import { inOwnNetwork } from '../support/network/own-network.ts';
import { type HeardDatagram, UdpStation } from '../support/network/udp-station.ts';
import { OpenFiles } from '../support/open-files.ts';

const UUID = '9a8b7c6d-1234-4abc-8def-0123456789ab';

inOwnNetwork(import.meta.filename, ['avahi-daemon', 'avahi-browse', 'dbus-daemon', OpenFiles.PROGRAM], () => {
  const lines: string[] = [];
  const keep = (message: string) => void lines.push(message);
  const log: Logger = { debug() {}, info: keep, warn: keep, error: keep };
  const started: Mdns[] = [];
  let neighbour: Neighbour;
  let avahi: Avahi;

  function start(options: Partial<MdnsOptions> = {}): Mdns {
    const mdns = new Mdns({
      name: 'Pi Camera',
      uuid: UUID,
      model: 'Raspberry Pi 4',
      serial: '10000000ABCDEF',
      httpPort: 8080,
      onvifPath: '/onvif/device_service',
      clock: systemClock,
      log,
      ...options,
    });
    started.push(mdns);
    mdns.start();
    return mdns;
  }

  /** Looks until it is as wanted. */
  async function browse(type: string, wanted: (found: Resolved[]) => boolean): Promise<Resolved[]> {
    for (const end = performance.now() + 15_000; ; ) {
      const found = await avahi.browse(type);
      if (wanted(found)) return found;
      if (performance.now() > end) throw new Error(`found: ${JSON.stringify(found)}`);
    }
  }

  reportClient('avahi', () => programVersion('avahi-daemon', '--version'));

  beforeAll(async () => {
    neighbour = await Neighbour.start();
    neighbour.connect('eth0', '10.99.0');
    avahi = await Avahi.start();
  });
  afterAll(async () => {
    await avahi.stop();
    neighbour.stop();
  });
  beforeEach(() => void lines.splice(0));
  afterEach(async () => void (await Promise.all(started.splice(0).map((each) => each.stop()))));

  test('avahi resolves every service, and forgets them after the goodbye', async () => {
    const mdns = start({ rtspPort: 8554, rtspPath: '/mjpeg' });
    const common = { name: 'Pi Camera 9a8b7c', host: 'onvif-10000000abcdef.local', address: '10.99.0.1' };
    const [onvif] = await browse('_onvif._tcp', (found) => found.length > 0);
    expect(onvif).toMatchObject({ ...common, port: 8080 });
    for (const text of ['"path=/onvif/device_service"', `"uuid=${UUID}"`, '"model=Raspberry Pi 4"']) expect(onvif?.txt).toContain(text);
    expect((await browse('_http._tcp', (found) => found.length > 0))[0]).toMatchObject({ ...common, port: 8080 });
    const [rtsp] = await browse('_rtsp._tcp', (found) => found.length > 0);
    expect(rtsp).toMatchObject({ ...common, port: 8554 });
    for (const text of ['"path=/mjpeg"', `"uuid=${UUID}"`, '"model=Raspberry Pi 4"']) expect(rtsp?.txt).toContain(text);
    expect(lines.join()).toContain('can be found by mDNS as "Pi Camera 9a8b7c" at 10.99.0.1');
    await mdns.stop();
    for (const type of ['_onvif._tcp', '_http._tcp', '_rtsp._tcp']) await browse(type, (found) => found.length === 0);
  }, 60_000);

  test('without RTSP there is no _rtsp._tcp; a second camera of the same name and board has its own name', async () => {
    start();
    start({ uuid: '00112233-1234-4abc-8def-0123456789ab', httpPort: 8081 });
    const found = await browse('_onvif._tcp', (all) => all.length === 2);
    expect(found.map(({ name, port }) => [name, port]).sort()).toEqual([
      ['Pi Camera 001122', 8081],
      ['Pi Camera 9a8b7c', 8080],
    ]);
    expect(await avahi.browse('_rtsp._tcp')).toEqual([]);
  }, 60_000);

  test('an interface that comes later gets its own address, and only that', async () => {
    start();
    await browse('_onvif._tcp', (found) => found.length === 1);
    neighbour.connect('wlan0', '10.99.1');
    const found = await browse('_onvif._tcp', (all) => all.some(({ interfaceName }) => interfaceName === 'wlan0'));
    expect(found.find(({ interfaceName }) => interfaceName === 'wlan0')?.address).toBe('10.99.1.1');
    expect(found.find(({ interfaceName }) => interfaceName === 'eth0')?.address).toBe('10.99.0.1');
    neighbour.disconnect('wlan0');
  }, 60_000);

  test('junk does not disturb it', async () => {
    start();
    await browse('_onvif._tcp', (found) => found.length === 1);
    const socket = createSocket('udp4').bind(0, '10.99.0.1');
    await once(socket, 'listening');
    socket.setMulticastInterface('10.99.0.1');
    for (let at = 0; at < 500; at++) {
      const junk = Buffer.from(Array.from({ length: 40 }, (_, byte) => (byte * at * 7) & 0xff));
      await new Promise((resolve) => socket.send(junk, 5353, '224.0.0.251', resolve));
    }
    socket.close();
    await browse('_onvif._tcp', (found) => found.length === 1);
  }, 60_000);

  describe('who asks too much', () => {
    const TYPE = '_onvif._tcp.local';
    let station: UdpStation;
    let mdns: Mdns;

    /** What the camera, not avahi beside it, answered since `from` datagrams had been heard; without its announcements. */
    const ours = (from: number): HeardDatagram[] =>
      station.heard.slice(from).filter(({ data }) => data.includes('Pi Camera 9a8b7c') && !data.includes('_services'));
    const bytes = (heard: readonly HeardDatagram[]) => heard.reduce((sum, { data }) => sum + data.length, 0);
    /** Asks something that is answered to the asker alone, and waits for it: what was asked before has had its time. */
    async function settle(): Promise<void> {
      const id = 1 + Math.floor(Math.random() * 65_535);
      station.send(dnsQuery([{ name: '_http._tcp.local' }], { id }), { from: 'own' });
      await station.hears(({ via, data }) => via === 'own' && readDns(data).id === id);
    }
    /** Longer than everything that is sent later than asked for. */
    const longer = () => new Promise((resolve) => setTimeout(resolve, 1300));

    beforeEach(async () => {
      station = await UdpStation.start(neighbour, '10.99.0.2', '224.0.0.251', 5353);
      mdns = start();
      // After the announcements there is a second in which nothing is said twice.
      await station.hears(({ data }) => data.includes('Pi Camera 9a8b7c') && data.includes('_http'));
      await longer();
    });
    afterEach(() => station.stop());

    test('200 questions get one answer, smaller than they were', async () => {
      const before = station.heard.length;
      const query = repeatedQuestion(TYPE, 200);
      station.send(query);
      await settle();
      await longer();
      const group = ours(before).filter(({ via }) => via === 'group');
      expect(group).toHaveLength(1);
      expect(bytes(group)).toBeLessThan(query.length);
      expect(readDns(group[0]!.data).answers.map(({ name, type }) => [name, type])).toEqual([[TYPE, TYPES.PTR]]);
    });

    test('all questions of a query are answered together, with what goes along', async () => {
      const before = station.heard.length;
      station.send(dnsQuery([{ name: TYPE }, { name: '_http._tcp.local' }, { name: 'onvif-10000000abcdef.local', type: 'A' }]));
      await settle();
      const [answer, ...more] = ours(before).filter(({ via }) => via === 'group');
      expect(more).toEqual([]);
      const { answers, additionals } = readDns(answer!.data);
      expect(answers.map(({ type }) => type)).toEqual([TYPES.PTR, TYPES.PTR, TYPES.A]);
      expect(answers.at(-1)?.data).toEqual(Buffer.from([10, 99, 0, 1]));
      expect(additionals.map(({ type }) => type).sort()).toEqual([TYPES.TXT, TYPES.TXT, TYPES.SRV, TYPES.SRV]);
    });

    test('1,000 queries of one sender get an answer or two and are parsed no further than his share; another is still answered', async () => {
      neighbour.run('ip', 'addr', 'replace', '10.99.0.3/24', 'dev', 'eth0-peer');
      const other = await UdpStation.start(neighbour, '10.99.0.3', '224.0.0.251', 5353);
      const before = station.heard.length;
      const started = performance.now();
      const query = repeatedQuestion(TYPE, 200);
      station.send(query, { count: 1000 });
      other.send(dnsQuery([{ name: TYPE }], { id: 77 }), { from: 'own' });
      await other.hears(({ via, data }) => via === 'own' && readDns(data).id === 77);
      await longer();
      const seconds = (performance.now() - started) / 1000;
      const group = ours(before).filter(({ via, data }) => via === 'group' && readDns(data).response);
      expect(group.length).toBeGreaterThan(0);
      expect(group.length).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
      expect((mdns.counters.parsed - 10) * query.length).toBeLessThanOrEqual(32_000 + 8000 * seconds);
      expect(mdns.counters.refused).toBeGreaterThan(50);
      await other.stop();
      neighbour.run('ip', 'addr', 'del', '10.99.0.3/24', 'dev', 'eth0-peer');
    });

    test('junk, giants and the answers of other devices are not parsed', async () => {
      const before = { ...mdns.counters };
      const name = dnsName(TYPE);
      const other: DnsAnswer = { name: TYPE, type: TYPES.PTR, ttl: 4500, data: name };
      station.send(repeatedQuestion(TYPE, 10_900), { count: 20 });
      station.send(dnsQuery([], { flags: 0x8400, answers: Array.from({ length: 25 }, () => other) }), { count: 300 });
      station.send(Buffer.alloc(60_000, 0xff), { count: 20 });
      await settle();
      expect(mdns.counters.parsed - before.parsed).toBe(1);
      // The system may drop some when the buffer is full.
      expect(mdns.counters.ignored - before.ignored).toBeGreaterThan(20);
    });

    test('an answer to one alone goes to the network only, and not without end', async () => {
      neighbour.run('ip', 'addr', 'replace', '10.88.0.9/32', 'dev', 'lo');
      const afar = await UdpStation.start(neighbour, '10.88.0.9', '224.0.0.251', 5353);
      const before = mdns.counters.foreign;
      afar.send(dnsQuery([{ name: TYPE }], { id: 5 }), { from: 'own', to: '10.99.0.1' });
      afar.send(dnsQuery([{ name: TYPE }], { id: 5 }), { from: 'own', to: '10.99.0.1' });
      for (const end = performance.now() + 8000; mdns.counters.foreign < before + 1; ) {
        if (performance.now() > end) throw new Error('not received');
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      station.send(dnsQuery([{ name: TYPE }], { id: 6 }), { from: 'own', count: 200 });
      await longer();
      const answers = station.heard.filter(({ via, data }) => via === 'own' && readDns(data).id === 6);
      expect(answers.length).toBeGreaterThan(0);
      expect(answers.length).toBeLessThanOrEqual(40);
      expect(afar.heard.filter(({ via }) => via === 'own')).toEqual([]);
      await afar.stop();
      neighbour.run('ip', 'addr', 'del', '10.88.0.9/32', 'dev', 'lo');
    });

    test('a simple resolver gets its number, its question and a short life', async () => {
      station.send(dnsQuery([{ name: TYPE.toUpperCase() }], { id: 4711 }), { from: 'own' });
      const { data } = await station.hears(({ via }) => via === 'own');
      const answer = readDns(data);
      expect(answer).toMatchObject({ id: 4711, questions: 1 });
      expect(answer.answers).toMatchObject([{ name: TYPE, type: TYPES.PTR, ttl: 10 }]);
    });
  });

  test('where no file can be opened any more it goes on, says so once, and publishes when it can', async () => {
    const files = new OpenFiles();
    const running = start();
    await browse('_onvif._tcp', (found) => found.length === 1);
    lines.length = 0;
    const before = running.counters.received;
    await files.forbid();
    try {
      start({ uuid: '00112233-1234-4abc-8def-0123456789ab', httpPort: 8081 });
      // Twice as long as between two looks at the addresses.
      await new Promise((resolve) => setTimeout(resolve, 7000));
    } finally {
      await files.allow();
    }
    expect(lines.filter((line) => line.includes('addresses cannot be read'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('mDNS cannot be started'))).toHaveLength(1);
    const found = await browse('_onvif._tcp', (all) => all.length === 2);
    expect(found.map(({ name }) => name).sort()).toEqual(['Pi Camera 001122', 'Pi Camera 9a8b7c']);
    expect(running.counters.received).toBeGreaterThan(before);
    expect(lines.join()).toContain('mDNS works again');
    await files.stop();
  }, 60_000);

  test('a port that is refused is told of once, and nothing breaks', async () => {
    await avahi.stop();
    const other = createSocket('udp4').bind(5353);
    await once(other, 'listening');
    neighbour.connect('wlan0', '10.99.1');
    const mdns = start();
    for (let at = 0; at < 100 && lines.length === 0; at++) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(lines.filter((line) => line.includes('5353 is refused'))).toHaveLength(1);
    await mdns.stop();
    other.close();
    avahi = await Avahi.start();
  }, 60_000);
});
