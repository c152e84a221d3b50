import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Avahi, type Resolved } from '../support/network/avahi.ts';
import { Neighbour } from '../support/network/neighbour.ts';
import { inOwnNetwork } from '../support/network/own-network.ts';
import { basic, MAIN, PASSWORD, Server } from '../support/server.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** Two cameras on one machine, as two services have them, beside the mDNS responder of a Raspberry Pi. */

const ROOT = join(import.meta.dirname, '../..');
const PORTS = { front: { http: 8080, rtsp: 8554 }, garden: { http: 8081, rtsp: 8555 } };

inOwnNetwork(import.meta.filename, ['avahi-daemon', 'avahi-browse', 'dbus-daemon'], () => {
  let neighbour: Neighbour;
  let avahi: Avahi;
  let front: Server;
  let garden: Server;

  const start = ({ http, rtsp }: { http: number; rtsp: number }, args: string[]) =>
    Server.start({ args: ['--source', 'test', '--bind', '0.0.0.0', '--http-port', `${http}`, '--rtsp-port', `${rtsp}`, ...args] });

  beforeAll(async () => {
    neighbour = await Neighbour.inLan('10.99.0');
    avahi = await Avahi.start();
    const settings = join(makeTempDir(), 'garden.yaml');
    writeFileSync(settings, '');
    [front, garden] = await Promise.all([start(PORTS.front, []), start(PORTS.garden, ['--config', settings, '--camera', 'garden'])]);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([front.stop(), garden.stop()]);
    await avahi.stop();
    neighbour.stop();
  });

  interface Found {
    readonly name: string;
    readonly xaddr: string;
    readonly uuid: string;
  }
  const discover = async () => JSON.parse(await neighbour.output(process.execPath, MAIN, 'discover', '--json')) as Found[];

  async function browse(type: string, wanted: (found: Resolved[]) => boolean): Promise<Resolved[]> {
    for (const end = performance.now() + 15_000; ; ) {
      const found = (await avahi.browse(type)).filter(({ address }) => address === '10.99.0.1');
      if (wanted(found)) return found;
      if (performance.now() > end) throw new Error(`found: ${JSON.stringify(found)}`);
    }
  }

  async function ask(server: Server, service: string, operation: string): Promise<string> {
    const namespace = `http://www.onvif.org/ver10/${service}/wsdl`;
    const answer = await fetch(`${server.url}/onvif/${service}_service`, {
      method: 'POST',
      headers: { Authorization: basic('admin', PASSWORD), 'Content-Type': 'application/soap+xml' },
      body: `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>${operation.replace('>', ` xmlns="${namespace}">`)}</s:Body></s:Envelope>`,
    });
    return answer.text();
  }

  test('a search finds both, each under its name, port and UUID', async () => {
    const found = await discover();
    expect(found.map(({ name, xaddr }) => [name, xaddr]).sort()).toEqual([
      ['Pi Camera', 'http://10.99.0.1:8080/onvif/device_service'],
      ['garden', 'http://10.99.0.1:8081/onvif/device_service'],
    ]);
    expect(new Set(found.map(({ uuid }) => uuid)).size).toBe(2);
  }, 30_000);

  test('node-onvif-ts finds both', async () => {
    const library = pathToFileURL(join(ROOT, 'node_modules/node-onvif-ts/dist/node-onvif/index.js')).href;
    const script = `process.chdir(${JSON.stringify(ROOT)}); const { startProbe } = await import(${JSON.stringify(library)}); console.log(JSON.stringify(await startProbe()));`;
    const found = JSON.parse(await neighbour.output(process.execPath, '--input-type=module', '-e', script)) as { xaddrs: string[] }[];
    expect(found.flatMap(({ xaddrs }) => xaddrs).sort()).toEqual([
      'http://10.99.0.1:8080/onvif/device_service',
      'http://10.99.0.1:8081/onvif/device_service',
    ]);
  }, 30_000);

  test('what recorders tell cameras apart by is different: serial number and MAC address', async () => {
    const tell = async (server: Server) => ({
      serial: /SerialNumber>([^<]+)</.exec(await ask(server, 'device', '<GetDeviceInformation></GetDeviceInformation>'))?.[1],
      adapters: [...(await ask(server, 'device', '<GetNetworkInterfaces></GetNetworkInterfaces>')).matchAll(/HwAddress>([^<]+)</g)].map(
        ([, mac]) => mac,
      ),
      scope: /onvif\.org\/(?:mac|MAC)\/([^<]+)</.exec(await ask(server, 'device', '<GetScopes></GetScopes>'))?.[1],
    });
    const [one, two] = [await tell(front), await tell(garden)];
    expect(one.serial).toBeTruthy();
    expect(two.serial).toMatch(/-garden$/);
    expect(two.serial).not.toBe(one.serial);
    for (const each of [one, two]) {
      expect(each.scope).toBeTruthy();
      expect(new Set(each.adapters)).toEqual(new Set([each.scope]));
    }
    expect(two.scope).not.toBe(one.scope);
    // Unicast, and nobody's: locally administered.
    expect(Number.parseInt(two.scope!.slice(0, 2), 16) & 0b11).toBe(0b10);
  });

  test('mDNS has both, and one that goes takes nothing of the other with it; a search finds that alone', async () => {
    const both = await browse('_onvif._tcp', (found) => found.length === 2);
    expect(both.map(({ port }) => port).sort()).toEqual([8080, 8081]);
    expect(new Set(both.map(({ host }) => host)).size).toBe(2);
    await front.stop();
    const left = await browse('_onvif._tcp', (found) => found.length === 1);
    expect(left).toEqual([expect.objectContaining({ port: 8081, address: '10.99.0.1' })]);
    expect((await discover()).map(({ name }) => name)).toEqual(['garden']);
  }, 60_000);
});
