import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { inOwnNetwork } from '../support/network/own-network.ts';
import type { Heard } from '../support/network/station.ts';
import { answers, is, SCOPES, UUID, WsDiscoveryStage } from '../support/network/ws-discovery-stage.ts';
import { eventually } from '../support/server.ts';
import { REQUESTS } from '../support/ws-discovery.ts';

const ROOT = join(import.meta.dirname, '../..');

inOwnNetwork(import.meta.filename, [], () => {
  const stage = new WsDiscoveryStage();

  describe('a camera on the network', () => {
    test('says Hello and Bye', async () => {
      const discovery = await stage.startDiscovery();
      const hello = await stage.station.hears(is('Hello'));
      expect(hello).toMatchObject({ via: 'group', from: '10.99.0.1', port: 3702 });
      expect(hello.message).toMatchObject({
        endpoint: { scopes: SCOPES, xaddrs: ['http://10.99.0.1:8080/onvif/device_service'], metadataVersion: 1 },
        sequence: { messageNumber: 1 },
      });
      await discovery.stop();
      const bye = await stage.station.hears(is('Bye'));
      expect(bye.message).toMatchObject({ sequence: { messageNumber: 2 } });
    });

    test('says Hello again, with what is new, when something changed; its instance rises at the next start', async () => {
      const discovery = await stage.startDiscovery();
      const first = await stage.station.hears(is('Hello'));
      stage.version = 2;
      discovery.changed();
      const second = await stage.station.hears((heard) => is('Hello')(heard) && heard !== first);
      expect(second.message).toMatchObject({ endpoint: { metadataVersion: 2 } });
      await discovery.stop();
      await discovery.start();
      const third = await stage.station.hears((heard) => is('Hello')(heard) && heard !== first && heard !== second);
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
      // It waits as long as it ever does.
      await stage.startDiscovery({ random: () => 0.999 });
      const delays: number[] = [];
      for (let k = 0; k < 3; k++) {
        const id = stage.newId();
        const asked = performance.now();
        stage.station.send(request(id));
        const answer = await stage.station.hears(answers(id));
        delays.push(answer.at - asked);
        expect(answer).toMatchObject({ via: 'own', from: '10.99.0.1', port: 3702 });
        expect(answer.message).toMatchObject({
          kind: 'ProbeMatches',
          endpoints: [{ scopes: SCOPES, xaddrs: ['http://10.99.0.1:8080/onvif/device_service'] }],
        });
      }
      // The others may have met a loaded machine.
      expect(Math.min(...delays)).toBeLessThan(400);
    });

    test('answers a unicast Probe and a Resolve', async () => {
      await stage.startDiscovery();
      await stage.settle('10.99.0.1');
      for (const to of ['239.255.255.250', '10.99.0.1']) {
        const id = stage.newId();
        stage.station.send(REQUESTS.resolve(`urn:uuid:${UUID}`, id), to);
        expect((await stage.station.hears(answers(id))).message).toMatchObject({ kind: 'ResolveMatches' });
      }
    });

    test('answers no Probe for another, no Resolve of another, and each MessageID once', async () => {
      const discovery = await stage.startDiscovery();
      const id = stage.newId();
      stage.station.send(REQUESTS.probe({ id: `${id}-type`, types: 'net:NetworkVideoDisplay' }));
      stage.station.send(REQUESTS.probe({ id: `${id}-scope`, scopes: 'onvif://www.onvif.org/hardware/RPi' }));
      stage.station.send(REQUESTS.resolve('urn:uuid:another', `${id}-resolve`));
      stage.station.send(REQUESTS.bare(id), undefined, 3);
      await stage.station.hears(answers(id));
      await stage.settle('10.99.0.1');
      await stage.settle();
      expect(stage.station.heard.filter(({ text }) => text.includes(id))).toHaveLength(1);
      expect(discovery.counters.repeated).toBe(2);
    });

    test('an unknown matching rule: silence for all, a fault for one', async () => {
      await stage.startDiscovery();
      const [multicast, unicast] = [stage.newId(), stage.newId()];
      stage.station.send(REQUESTS.probe({ id: multicast, matchBy: 'urn:strange' }));
      stage.station.send(REQUESTS.probe({ id: unicast, matchBy: 'urn:strange' }), '10.99.0.1');
      expect((await stage.station.hears(answers(unicast))).text).toContain('d:MatchingRuleNotSupported');
      await stage.settle();
      expect(stage.station.heard.some(answers(multicast))).toBe(false);
    });

    test('is silent while it is not discoverable', async () => {
      stage.discoverable = false;
      const discovery = await stage.startDiscovery();
      discovery.changed();
      stage.station.send(REQUESTS.bare(stage.newId()));
      stage.station.send(REQUESTS.bare(stage.newId()), '10.99.0.1');
      stage.station.send(REQUESTS.resolve(`urn:uuid:${UUID}`, stage.newId()));
      await eventually(() => discovery.counters.received >= 3, 'all three came');
      // Longer than any delay before a Hello or an answer.
      await new Promise((resolve) => setTimeout(resolve, 700));
      await discovery.stop();
      // Another, that is stage.discoverable, is heard, so this one would have been.
      stage.discoverable = true;
      await stage.startDiscovery({ uuid: 'another' });
      await stage.station.hears(is('Hello', 'another'));
      expect(stage.station.heard.filter(({ text }) => text.includes(UUID))).toEqual([]);
    });

    test('two on one host both answer', async () => {
      await Promise.all([
        stage.startDiscovery(),
        stage.startDiscovery({ uuid: 'second', xaddr: (host) => `http://${host}:8081/onvif/device_service` }),
      ]);
      const id = stage.newId();
      stage.station.send(REQUESTS.bare(id));
      await stage.station.hears((heard) => answers(id)(heard) && is('ProbeMatches')(heard));
      await stage.station.hears((heard) => answers(id)(heard) && is('ProbeMatches', 'second')(heard));
    });
  });

  describe('clients in the field find it', () => {
    const script = (text: string) => stage.neighbour.output(process.execPath, '--input-type=module', '-e', text);

    test('node-onvif-ts', async () => {
      await stage.startDiscovery();
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
      await stage.startDiscovery();
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
