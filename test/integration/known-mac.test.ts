import { execFileSync } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Neighbour } from '../support/network/neighbour.ts';
import { inOwnNetwork } from '../support/network/own-network.ts';
import { Station } from '../support/network/station.ts';
import { Server } from '../support/server.ts';
import { askDevice } from '../support/soap.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { REQUESTS } from '../support/ws-discovery.ts';

/** The program as recorders know it, on a machine whose interfaces come and go. */

inOwnNetwork(import.meta.filename, [], () => {
  const dataDir = makeTempDir();
  let neighbour: Neighbour;
  let station: Station;
  let server: Server;

  const start = () => Server.start({ dataDir, args: ['--bind', '0.0.0.0', '--source', 'test', '--width', '320', '--height', '240'] });
  const macs = (text: string) => [...text.matchAll(/(?:\/mac\/|HwAddress>)([0-9a-f:]{17})/g)].map((match) => match[1]);
  let asked = 0;
  /** All MAC addresses that the camera tells: by its scopes, its interfaces and its answer to a probe. */
  const told = async () => {
    const scopes = await askDevice(server, 'GetScopes');
    const first = macs(scopes.text)[0]?.replaceAll(':', '');
    const interfaces = await askDevice(server, 'GetNetworkInterfaces');
    const id = `urn:uuid:mac-${++asked}`;
    station.send(REQUESTS.bare(id));
    const { text } = await station.hears((heard) => heard.text.includes(`RelatesTo>${id}<`));
    // The name of mDNS is made of it, where the board has no number of its own.
    const serial = /SerialNumber>([0-9a-f]{12})</.exec((await askDevice(server, 'GetDeviceInformation')).text)?.[1];
    if (serial) expect(serial).toBe(first);
    const parts = [scopes.text, interfaces.text, text].map(macs);
    for (const part of parts) expect(part.length).toBeGreaterThan(0);
    return { interfaces: parts[1]!.length, all: [...new Set(parts.flat())] };
  };

  beforeAll(async () => {
    neighbour = await Neighbour.inLan('10.77.0');
    station = await Station.start(neighbour, '10.77.0.2');
    server = await start();
  });
  afterAll(async () => {
    await server?.stop();
    await station?.stop();
    neighbour?.stop();
  });

  test('is one and the same, whatever else is switched on, also after a restart', async () => {
    const mac = networkInterfaces().lan!.find(({ family }) => family === 'IPv4')!.mac;
    expect(await told()).toEqual({ interfaces: 1, all: [mac] });
    // As Docker makes them; the first of the list in one case, the last in the other.
    neighbour.connect('aaa0', '10.78.0');
    neighbour.connect('veth9', '10.79.0');
    neighbour.prefer('lan');
    expect(await told()).toEqual({ interfaces: 3, all: [mac] });
    await server.stop();
    server = await start();
    expect(await told()).toEqual({ interfaces: 3, all: [mac] });
    // Another adapter in place of it: there is no hardware in this network, as in a container.
    execFileSync('ip', ['link', 'set', 'lan', 'address', '02:00:00:00:00:77']);
    await server.stop();
    server = await start();
    expect(await told()).toEqual({ interfaces: 3, all: [mac] });
  }, 60_000);
});
