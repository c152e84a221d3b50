import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Browser, chromium } from 'playwright-core';
import { debianVersion, reportClient } from '../support/clients.ts';
import { Neighbour } from '../support/network/neighbour.ts';
import { inOwnNetwork } from '../support/network/own-network.ts';
import { program } from '../support/programs.ts';
import { relayFile } from '../support/relays/files.ts';
import { Janus } from '../support/relays/janus.ts';
import { eventually, Server } from '../support/server.ts';

/** The files of deploy/relays with a real relay on another machine. */

const NETWORK = '10.89.0';
/** Chromium as root, with the real addresses in its offers: there is no mDNS between these machines. */
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-features=WebRtcHideLocalIpsWithMdns'];

inOwnNetwork(import.meta.filename, ['janus', 'ffmpeg', 'chromium'], () => {
  let neighbour: Neighbour;
  let server: Server;
  let janus: Janus;
  let browser: Browser;
  reportClient('Janus', () => debianVersion('janus'));

  beforeAll(async () => {
    neighbour = await Neighbour.inLan(NETWORK);
    server = await start();
    const streaming = relayFile('janus.plugin.streaming.jcfg', { host: `${NETWORK}.1`, server, encode: (password) => password });
    janus = await Janus.start(neighbour, `${NETWORK}.2`, streaming);
    browser = await chromium.launch({ executablePath: program('chromium')!, args: FLAGS });
  }, 90_000);
  afterAll(async () => {
    await browser?.close();
    await janus?.stop();
    await server?.stop();
    neighbour?.stop();
  }, 30_000);

  const start = async (...args: string[]) => {
    const picture = ['--source', 'test', '--width', '640', '--height', '360'];
    const started = await Server.start({ args: ['--bind', `${NETWORK}.1`, ...picture, '--h264', 'on', ...args] });
    await started.output(/H\.264 by/);
    return started;
  };
  const sessions = async () => Number(/^onvif_camera_rtsp_sessions (\d+)$/m.exec(await (await server.fetch('/metrics')).text())![1]);
  /** Milliseconds since Janus had the last packet. */
  const age = async () => {
    const [stream] = (await janus.ask({ request: 'list' })).plugindata?.data?.list ?? [];
    return stream?.media[0]?.age_ms ?? Number.POSITIVE_INFINITY;
  };

  test('Janus pulls the stream, and tells nobody the password of the camera', async () => {
    await eventually(async () => (await age()) < 1000, 'packets come', 20);
    const { info } = (await janus.ask({ request: 'info', id: 1 })).plugindata!.data!;
    expect(info).toMatchObject({ id: 1, description: 'Pi Camera' });
    expect(info).not.toHaveProperty('rtsp_pwd');
  }, 30_000);

  test('three browsers play it by WebRTC, over one session at the camera', async () => {
    const pages = await Promise.all([1, 2, 3].map(() => browser.newPage()));
    const seen = await Promise.all(pages.map((page) => janus.play(page, 30)));
    expect(seen).toEqual(Array.from({ length: 3 }, () => ({ size: '640x360', pictures: 30 })));
    expect(await sessions()).toBe(1);
  }, 60_000);

  test('it goes on by itself when the camera was gone', async () => {
    const ports = ['--http-port', String(server.port), '--rtsp-port', String(server.rtspPort)];
    await server.stop();
    await eventually(async () => (await age()) > 1000, 'nothing comes');
    server = await start(...ports);
    await eventually(async () => (await age()) < 1000, 'packets come again', 30);
  }, 90_000);
});
