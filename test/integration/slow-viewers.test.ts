import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { readTcpTable } from '../../src/protocols/proc/tcp-table.ts';
import { inOwnNetwork } from '../support/network/own-network.ts';
import { noise, PictureFolder, PLAIN } from '../support/pictures.ts';
import { RtspClient } from '../support/rtsp-client.ts';
import { Server } from '../support/server.ts';
import { Viewer } from '../support/viewer.ts';

const FPS = 20;
/** The pictures need twice as much, 8 Mbit/s. */
const RATE = '4mbit';
/** At this rate 15 kB may wait besides a picture of 50 kB and the acknowledgements under way, mostly: at times one goes too early. */
const MOST_QUEUED = 120_000;
/** What the kernel makes of such a link where nobody looks, so that the test can tell. */
const LEAST_UNSEEN = 200_000;

inOwnNetwork(import.meta.filename, ['tc'], () => {
  let server: Server;
  let pictures: PictureFolder;
  const shape = (...qdisc: string[]) => execFileSync('tc', ['qdisc', ...qdisc], { stdio: 'pipe' });

  beforeAll(async () => {
    execFileSync('ip', ['link', 'set', 'lo', 'up', 'mtu', '1500']);
    pictures = new PictureFolder().add(
      await Promise.all(
        [1, 2, 3, 4].map((seed) =>
          noise(480, 360, seed)
            .jpeg({ ...PLAIN, quality: 50 })
            .toBuffer(),
        ),
      ),
    );
  });

  async function start(launcher: readonly string[] = []): Promise<void> {
    const args = ['--source', `images:${pictures.dir}`, '--fps', String(FPS), '--discovery', 'off'];
    server = await Server.start({ args, ...(launcher.length > 0 && { launcher }) });
    shape('replace', 'dev', 'lo', 'root', 'tbf', 'rate', RATE, 'burst', '32kb', 'latency', '40ms');
  }

  afterEach(async () => {
    shape('del', 'dev', 'lo', 'root');
    await server.stop();
  });

  /** Bytes that wait for clients of a port. */
  function queued(port: number): number {
    const local = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
    let sum = 0;
    readTcpTable(readFileSync('/proc/self/net/tcp'), (key, entry) => {
      if (key.includes(local)) sum += entry.queued;
    });
    return sum;
  }

  /** The length of the queue while so many pictures come, in the middle. */
  async function usualQueue(port: number, next: () => Promise<unknown>, count: number): Promise<number> {
    const lengths: number[] = [];
    for (let at = 0; at < count; at++) {
      await next();
      lengths.push(queued(port));
    }
    return lengths.sort((one, other) => one - other)[Math.floor(count / 2)]!;
  }

  const shown = async () => (await server.json('/api/v1/status')).viewers as { transport: string; slow: { bitRate: number } | null }[];

  /** Plays; the function returned waits for one more picture. */
  async function play(client: RtspClient): Promise<() => Promise<unknown>> {
    await client.playInterleaved('/mjpeg');
    const count = () => client.streams.get(0)?.count ?? 0;
    return async () => {
      const wanted = count() + 1;
      await client.until(() => count() >= wanted, 'a picture');
    };
  }

  /** How many packets of pictures come before the answer to a request that is sent when a picture is whole; of so many, sorted. */
  async function packetsBeforeAnswers(client: RtspClient, next: () => Promise<unknown>, count: number): Promise<number[]> {
    const packets: number[] = [];
    while (packets.length < count) {
      await next();
      client.events.length = 0;
      await client.request('OPTIONS');
      packets.push(client.events.indexOf('200'));
    }
    return packets.sort((one, other) => one - other);
  }

  describe('a viewer on a slow link', () => {
    test('has a short queue, is shown as slow, and has everything again when the link is fast', async () => {
      await start();
      const viewer = new Viewer(server);
      const next = () => viewer.next();
      await viewer.next(20);
      expect(await usualQueue(server.port, next, 30)).toBeLessThan(MOST_QUEUED);
      const [one] = await shown();
      expect(one!.slow!.bitRate / 1e6).toBeGreaterThan(2);
      expect(one!.slow!.bitRate / 1e6).toBeLessThan(6);
      shape('replace', 'dev', 'lo', 'root', 'tbf', 'rate', '1gbit', 'burst', '1mb', 'latency', '40ms');
      await viewer.next(4 * FPS);
      expect((await shown())[0]!.slow).toBeNull();
      await viewer.close();
    });

    test('the same by RTSP', async () => {
      await start();
      const client = await RtspClient.connect(server.rtspPort);
      const next = await play(client);
      await usualQueue(server.rtspPort, next, 20);
      expect(await usualQueue(server.rtspPort, next, 30)).toBeLessThan(MOST_QUEUED);
      expect(await shown()).toEqual([expect.objectContaining({ transport: 'tcp', slow: expect.anything() })]);
      const packets = await packetsBeforeAnswers(client, next, 9);
      // A picture has 36, and is not all in the kernel when it is begun.
      expect(packets[4]).toBeLessThan(26);
      expect(client.streams.get(0)).toMatchObject({ torn: 0, strange: 0 });
      client.vanish();
    });

    test('and by RTSP through HTTP, on the port of the page', async () => {
      await start();
      const client = await RtspClient.tunnel(server.port);
      client.sendPost();
      const next = await play(client);
      await usualQueue(server.port, next, 20);
      expect(await usualQueue(server.port, next, 30)).toBeLessThan(MOST_QUEUED);
      expect(await shown()).toEqual([expect.objectContaining({ transport: 'http', slow: expect.anything() })]);
      client.vanish();
    });

    test('where the system hides the table, is served as well as can be', async () => {
      await start(['unshare', '-m', '--propagation', 'private', 'sh', '-c', 'mount -t tmpfs none /proc/$$/net && exec "$@"', 'sh']);
      const viewer = new Viewer(server);
      await viewer.next(20);
      expect(await usualQueue(server.port, () => viewer.next(), 30)).toBeGreaterThan(LEAST_UNSEEN);
      await viewer.close();
    });
  });
});
