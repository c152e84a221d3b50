import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { systemClock } from '../../src/core/clock.ts';
import type { Logger } from '../../src/core/log.ts';
import { Mdns, type MdnsOptions } from '../../src/discovery/mdns.ts';
import { Avahi, type Resolved } from '../support/network/avahi.ts';
import { Neighbour } from '../support/network/neighbour.ts';
import { inOwnNetwork } from '../support/network/own-network.ts';

const UUID = '9a8b7c6d-1234-4abc-8def-0123456789ab';

inOwnNetwork(import.meta.filename, ['avahi-daemon', 'avahi-browse', 'dbus-daemon'], () => {
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
