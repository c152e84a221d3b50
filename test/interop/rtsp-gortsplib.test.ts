import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { programVersion, reportClient } from '../support/clients.ts';
import { buildGoClients, GO_BUILD_TIMEOUT_MS, goObstacle } from '../support/go-clients.ts';
import { Neighbour } from '../support/network/neighbour.ts';
import { inOwnNetwork, isInOwnNetwork } from '../support/network/own-network.ts';
import { withCredentials } from '../support/players.ts';
import { describeNeeding } from '../support/programs.ts';
import { Server } from '../support/server.ts';

/**
 * The Go library gortsplib (mediamtx) on another machine; it drops datagrams of a group that come from another port. The network
 * is one of cameras alone: no way out of it, and no route for multicast.
 */

const NETWORK = '10.89.0';
const PICTURES = 60;

describeNeeding(
  goObstacle(),
  'gortsplib',
  () => {
    if (!isInOwnNetwork()) test('is built', async () => void (await buildGoClients()), GO_BUILD_TIMEOUT_MS);

    inOwnNetwork(import.meta.filename, [], () => {
      let neighbour: Neighbour;
      let camera: Server;
      let client = '';
      reportClient('gortsplib', () => programVersion(client, 'version'));

      beforeAll(async () => {
        client = (await buildGoClients()).gortsplib;
        neighbour = await Neighbour.inLan(NETWORK);
        const picture = ['--source', 'test', '--width', '640', '--height', '480', '--fps', '20'];
        camera = await Server.start({ args: ['--bind', '0.0.0.0', '--rtsp-multicast', 'on', '--h264', 'on', ...picture] });
        await camera.output(/H\.264 by/);
      }, 60_000);
      afterAll(async () => {
        await camera?.stop();
        neighbour?.stop();
      });

      const play = async (path: string, protocol: string) => {
        const url = withCredentials(`rtsp://${NETWORK}.1:${camera.rtspPort}${path}`);
        const [command, args] = neighbour.command(client, url, protocol, String(PICTURES));
        const { stdout } = await promisify(execFile)(command, args).catch((error: { stdout: string }) => {
          throw new Error(error.stdout);
        });
        return stdout
          .trim()
          .split('\n')
          .map((line) => line.split(' '))
          .map(([, time, size, key]) => ({ time: Number(time), size, key: key === 'key' }));
      };

      test.each(['/h264', '/mjpeg'].flatMap((path) => ['udp', 'tcp', 'multicast'].map((protocol) => [path, protocol] as const)))(
        'plays %s by %s: no packet lost, each picture later than the one before',
        async (path, protocol) => {
          const pictures = await play(path, protocol);
          expect(pictures).toHaveLength(PICTURES);
          expect(new Set(pictures.map(({ size }) => size))).toEqual(new Set(['640x480']));
          expect(pictures.slice(1).filter(({ time }, at) => time <= pictures[at]!.time)).toEqual([]);
          expect(pictures.filter(({ key }) => key).length).toBeGreaterThan(0);
        },
        40_000,
      );

      test('plays one group by two at a time', async () => {
        const both = await Promise.all([play('/h264', 'multicast'), play('/h264', 'multicast')]);
        for (const pictures of both) expect(pictures).toHaveLength(PICTURES);
      }, 40_000);
    });
  },
  'go',
);
