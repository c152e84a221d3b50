import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { inOwnNetwork } from '../support/network/own-network.ts';
import { Station } from '../support/network/station.ts';
import { answers, is, WsDiscoveryStage } from '../support/network/ws-discovery-stage.ts';
import { OpenFiles } from '../support/open-files.ts';
import { REQUESTS } from '../support/ws-discovery.ts';

inOwnNetwork(import.meta.filename, [OpenFiles.PROGRAM], () => {
  const stage = new WsDiscoveryStage();

  describe('interfaces', () => {
    test('one that comes later is used, with its own address; one that is made anew as well', async () => {
      const discovery = await stage.startDiscovery();
      await stage.station.hears(is('Hello'));
      let second: Station;
      for (const network of ['10.99.1', '10.99.1', '10.99.2']) {
        stage.neighbour.connect('wlan0', network);
        second = await Station.start(stage.neighbour, `${network}.2`);
        const hello = await second.hears(is('Hello'));
        expect(hello).toMatchObject({
          from: `${network}.1`,
          message: { endpoint: { xaddrs: [`http://${network}.1:8080/onvif/device_service`] } },
        });
        const id = stage.newId();
        second.send(REQUESTS.bare(id));
        expect(await second.hears(answers(id))).toMatchObject({
          from: `${network}.1`,
          message: { endpoints: [{ xaddrs: [`http://${network}.1:8080/onvif/device_service`] }] },
        });
        await stage.settle();
        await second.stop();
        stage.neighbour.disconnect('wlan0');
        const asked = discovery.counters.answered;
        await stage.settle();
        expect(discovery.counters.answered).toBeGreaterThan(asked);
      }
    }, 60_000);

    test('without any network it starts, and is found when there is one', async () => {
      await stage.station.stop();
      stage.neighbour.disconnect('eth0');
      await stage.startDiscovery();
      stage.connect();
      await stage.startStation();
      await stage.station.hears(is('Hello'));
      await stage.settle();
    });

    test('a port that another program keeps is told of once, and used when it is free', async () => {
      const other = createSocket('udp4').bind(3702);
      await once(other, 'listening');
      await stage.startDiscovery();
      expect(stage.lines.filter((line) => line.includes('3702 for itself'))).toHaveLength(1);
      other.close();
      await stage.station.hears(is('Hello'));
      expect(stage.lines.filter((line) => line.includes('3702 for itself'))).toHaveLength(1);
      expect(stage.lines.join()).toContain('free again');
    });

    test('where no file can be opened any more it goes on, says so once, and is found when it can be', async () => {
      const files = new OpenFiles();
      await stage.startDiscovery();
      await stage.settle();
      stage.lines.length = 0;
      await files.forbid();
      try {
        await stage.startDiscovery({ uuid: 'second' });
        // Twice as long as between two looks at the addresses; the first one answers meanwhile.
        await new Promise((resolve) => setTimeout(resolve, 7000));
        await stage.settle('10.99.0.1');
      } finally {
        await files.allow();
      }
      expect(stage.lines.filter((line) => line.includes('opens no more sockets (EMFILE)'))).toHaveLength(1);
      await stage.station.hears(is('Hello', 'second'));
      const id = stage.newId();
      stage.station.send(REQUESTS.bare(id));
      await stage.station.hears((heard) => answers(id)(heard) && is('ProbeMatches', 'second')(heard));
      await files.stop();
    }, 30_000);

    test('a port that another program shares is shared', async () => {
      const other = createSocket({ type: 'udp4', reuseAddr: true }).bind(3702);
      await once(other, 'listening');
      await stage.startDiscovery();
      await stage.settle();
      await stage.settle('10.99.0.1');
      other.close();
    });
  });
});
