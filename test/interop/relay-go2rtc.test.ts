import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { programVersion, reportClient } from '../support/clients.ts';
import { buildGoClients, GO_BUILD_TIMEOUT_MS, goObstacle } from '../support/go-clients.ts';
import { decode } from '../support/players.ts';
import { describeNeeding, installation, program } from '../support/programs.ts';
import { relayFile } from '../support/relays/files.ts';
import { Go2rtcRelay } from '../support/relays/go2rtc.ts';
import { eventually, Server } from '../support/server.ts';

/** deploy/relays/go2rtc.yaml with go2rtc itself. */

const obstacle = goObstacle() ?? (program('ffmpeg') ? undefined : `needs ffmpeg: ${installation('ffmpeg')}`);

describeNeeding(obstacle, 'go2rtc.yaml', () => {
  let server: Server;
  let relay: Go2rtcRelay;
  let go2rtc: string;
  reportClient('go2rtc', () => programVersion(go2rtc, '--version'));
  const start = async (...args: string[]) => {
    const started = await Server.start({ args: ['--source', 'test', '--width', '640', '--height', '360', '--h264', 'on', ...args] });
    await started.output(/H\.264 by/);
    return started;
  };

  beforeAll(async () => {
    go2rtc = (await buildGoClients()).go2rtc;
    server = await start();
    relay = await Go2rtcRelay.start(go2rtc, relayFile('go2rtc.yaml', { host: '127.0.0.1', server, encode: encodeURIComponent }));
  }, GO_BUILD_TIMEOUT_MS);
  afterAll(async () => {
    await relay?.stop();
    await server?.stop();
  });

  const url = (name: string) => `rtsp://127.0.0.1:${relay.rtspPort}/${name}`;
  const figure = async (name: string) =>
    Number(new RegExp(`^onvif_camera_${name} (\\d+)$`, 'm').exec(await (await server.fetch('/metrics')).text())![1]);

  test('three viewers of H.264 are one session at the camera, and none afterwards', async () => {
    let seen = 0;
    let over = false;
    const playing = Promise.all([1, 2, 3].map(() => decode(url('pi_camera'), 'tcp', 30))).finally(() => (over = true));
    while (!over) seen = Math.max(seen, await figure('rtsp_sessions'));
    for (const { frames, size } of await playing) expect([frames.length, size]).toEqual([30, '640x360']);
    expect(seen).toBe(1);
    await eventually(async () => (await figure('rtsp_sessions')) === 0, 'go2rtc lets the camera go', 30);
  }, 60_000);

  test('MJPEG plays', async () => {
    const { frames, size } = await decode(url('pi_camera_mjpeg'), 'tcp', 20);
    expect([frames.length, size]).toEqual([20, '640x360']);
    await eventually(async () => (await figure('viewers')) === 0, 'go2rtc lets the camera go', 30);
  }, 60_000);

  test('it plays again when the camera was gone', async () => {
    const ports = ['--http-port', String(server.port), '--rtsp-port', String(server.rtspPort)];
    await server.stop();
    server = await start(...ports);
    expect((await decode(url('pi_camera'), 'tcp', 10)).frames).toHaveLength(10);
  }, 90_000);

  test("Frigate's part of frigate.yml gives what its inputs ask for", async () => {
    const { go2rtc: part, cameras } = parse(relayFile('frigate.yml', { host: '127.0.0.1', server, encode: encodeURIComponent })) as {
      go2rtc: object;
      cameras: { pi_camera: { ffmpeg: { inputs: { path: string }[] } } };
    };
    const restream = await Go2rtcRelay.start(go2rtc, `rtsp:\n  listen: ":8554"\n${stringify(part)}`);
    try {
      for (const { path } of cameras.pi_camera.ffmpeg.inputs) {
        const { frames, size } = await decode(path.replace(':8554', `:${restream.rtspPort}`), 'tcp', 20);
        expect([frames.length, size]).toEqual([20, '640x360']);
      }
    } finally {
      await restream.stop();
    }
  }, 60_000);
});
