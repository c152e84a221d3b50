import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { buildHello } from '../../src/protocols/ws-discovery/builders.ts';
import { DISCOVERY, ONVIF_TYPES } from '../../src/protocols/ws-discovery/names.ts';
import { inOwnNetwork } from '../support/network/own-network.ts';
import { Station } from '../support/network/station.ts';
import { answers, SCOPES, WsDiscoveryStage } from '../support/network/ws-discovery-stage.ts';
import { eventually } from '../support/server.ts';
import { REQUESTS } from '../support/ws-discovery.ts';

inOwnNetwork(import.meta.filename, [], () => {
  const stage = new WsDiscoveryStage();

  describe('strangers', () => {
    test('2,000 junk datagrams, then a Probe is answered', async () => {
      const discovery = await stage.startDiscovery();
      const long = REQUESTS.probe({ scopes: 'onvif://x '.repeat(60) });
      stage.station.send('junk', undefined, 400);
      stage.station.send(Buffer.alloc(1400, 0xff), undefined, 400);
      stage.station.send(long.slice(0, -20), undefined, 400);
      stage.station.send(`<!DOCTYPE x [<!ENTITY a "b">]>${long}`, undefined, 400);
      stage.station.send(`${'<a>'.repeat(400)}${DISCOVERY}`, '10.99.0.1', 390);
      stage.station.send(Buffer.alloc(60_000, 0x3c), '10.99.0.1', 10);
      await stage.settle('10.99.0.1');
      await stage.settle();
      expect(discovery.counters.ignored).toBeGreaterThan(500);
      expect(discovery.counters.answered).toBe(2);
    });

    test('a flood of Probes gets few answers, and another time is answered again', async () => {
      const discovery = await stage.startDiscovery();
      const asked = 200;
      for (let at = 0; at < asked; at++) stage.station.send(REQUESTS.bare(stage.newId()), '10.99.0.1');
      await eventually(() => discovery.counters.received >= asked, 'they came');
      expect(discovery.counters.answered).toBeLessThan(40);
      expect(discovery.counters.refused).toBeGreaterThan(150);
    });

    test('what other devices say, and what no request can be, is not parsed', async () => {
      const discovery = await stage.startDiscovery();
      const hello = buildHello(
        { address: 'urn:uuid:other', types: ONVIF_TYPES, scopes: SCOPES, xaddrs: ['http://10.99.0.2/onvif'], metadataVersion: 1 },
        stage.newId(),
        { instanceId: 1, messageNumber: 1 },
      );
      const prefixes = Array.from({ length: 3000 }, (_, at) => `xmlns:p${at}="${at}"`).join(' ');
      stage.station.send(hello, undefined, 300);
      stage.station.send(hello.replaceAll('Hello', 'ProbeMatches'), '10.99.0.1', 300);
      stage.station.send(REQUESTS.bare(stage.newId()).replace('<Probe ', `<Probe ${prefixes} `), '10.99.0.1', 10);
      stage.station.send(REQUESTS.probe({ id: stage.newId(), scopes: `onvif://www.onvif.org${'/'.repeat(54_000)}` }), '10.99.0.1', 10);
      await stage.settle('10.99.0.1');
      expect(discovery.counters).toMatchObject({ parsed: 1, answered: 1 });
      // The system may drop some when the buffer is full.
      expect(discovery.counters.ignored).toBeGreaterThan(100);
    });

    test('a loud sender is parsed no further than his share, and does not silence another', async () => {
      stage.neighbour.run('ip', 'addr', 'replace', '10.99.0.3/24', 'dev', 'eth0-peer');
      const other = await Station.start(stage.neighbour, '10.99.0.3');
      const discovery = await stage.startDiscovery();
      const started = performance.now();
      const long = REQUESTS.probe({ id: stage.newId(), scopes: `onvif://www.onvif.org${'/x'.repeat(3400)}` });
      stage.station.send(long, '10.99.0.1', 300);
      await eventually(() => discovery.counters.received >= 100, 'they came');
      const id = stage.newId();
      other.send(REQUESTS.bare(id), '10.99.0.1');
      await other.hears(answers(id));
      const seconds = (performance.now() - started) / 1000;
      expect((discovery.counters.parsed - 1) * long.length).toBeLessThanOrEqual(48_000 + 8_000 * seconds);
      expect(discovery.counters.refused).toBeGreaterThan(50);
      await other.stop();
      stage.neighbour.run('ip', 'addr', 'del', '10.99.0.3/24', 'dev', 'eth0-peer');
    });

    test('whoever is neither in our networks nor in a private one gets no answer', async () => {
      const discovery = await stage.startDiscovery();
      stage.neighbour.run('ip', 'addr', 'add', '203.0.113.9/32', 'dev', 'lo');
      execFileSync('ip', ['route', 'replace', '203.0.113.9', 'via', '10.99.0.2']);
      const afar = await Station.start(stage.neighbour, '203.0.113.9');
      afar.send(REQUESTS.bare(stage.newId()), '10.99.0.1');
      await eventually(() => discovery.counters.refused >= 1, 'they are refused');
      await stage.settle('10.99.0.1');
      // A Hello to the group may come by.
      expect(afar.heard.filter(({ via }) => via === 'own')).toEqual([]);
      await afar.stop();
    });
  });
});
