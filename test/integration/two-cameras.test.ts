import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Neighbour } from '../support/network/neighbour.ts';
import { inOwnNetwork } from '../support/network/own-network.ts';
import { MarkdownPage } from '../support/pages.ts';
import { STANDIN, Stage } from '../support/rpicam/stage.ts';
import { basic, MAIN, PASSWORD, Server } from '../support/server.ts';

/** Two cameras on one machine, with the settings files of docs/two-cameras.md. */

const NETWORK = '10.90.0';

inOwnNetwork(import.meta.filename, [], () => {
  let stage: Stage;
  let neighbour: Neighbour;
  const servers: Server[] = [];

  beforeAll(async () => {
    stage = new Stage({ cameras: 'two' });
    neighbour = await Neighbour.inLan(NETWORK);
    const yaml = new MarkdownPage('docs/two-cameras.md').blocks.filter(({ language }) => language === 'yaml');
    for (const { text } of yaml) {
      const file = join(stage.dir, `camera-${servers.length}.yaml`);
      // Each of these has a data directory of its own, which is not that of the machine.
      writeFileSync(file, text.replace(/^dataDir: .*\n/, ''));
      servers.push(await Server.start({ command: ['--config', file, '--rpicam-path', STANDIN, '--h264', 'off'], env: stage.env }));
    }
  }, 60_000);
  afterAll(async () => {
    for (const server of servers) await server.stop();
    stage.remove();
    neighbour.stop();
  }, 30_000);

  const snapshot = async (port: number) =>
    (await fetch(`http://${NETWORK}.1:${port}/snapshot.jpg`, { headers: { Authorization: basic('admin', PASSWORD) } })).status;

  test('each has its ports and its camera of the Pi', async () => {
    expect(servers.map(({ port, rtspPort }) => [port, rtspPort])).toEqual([
      [8081, 8555],
      [8080, 8554],
    ]);
    expect([await snapshot(8081), await snapshot(8080)]).toEqual([200, 200]);
    const cameras = stage.starts().map(({ argv }) => argv[argv.indexOf('--camera') + 1]);
    expect(cameras.slice(-2)).toEqual(['1', '0']);
  });

  test('recorders find two of them', async () => {
    const found = JSON.parse(await neighbour.output(process.execPath, MAIN, 'discover', '--json', '--timeout', '2')) as {
      name: string;
      xaddr: string;
      uuid: string;
    }[];
    expect(found.map(({ name, xaddr }) => `${name} ${new URL(xaddr).host}`).sort()).toEqual([
      `Garden ${NETWORK}.1:8081`,
      `Pi Camera ${NETWORK}.1:8080`,
    ]);
    expect(new Set(found.map(({ uuid }) => uuid)).size).toBe(2);
  });

  test('what happens to one leaves the other alone', async () => {
    servers[0]!.process.kill('SIGKILL');
    await servers[0]!.ended;
    expect(await snapshot(8080)).toBe(200);
    await expect(snapshot(8081)).rejects.toThrow();
  });
});
