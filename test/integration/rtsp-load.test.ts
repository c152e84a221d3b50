import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { withH264 } from '../support/encoder.ts';
import { childrenOf, descriptorsOf, memoryOf, processorTimeOf } from '../support/process.ts';
import { STANDIN, Stage } from '../support/rpicam/stage.ts';
import type { ReceivedStream } from '../support/rtp/received.ts';
import { RtspClient, type UdpReceiver } from '../support/rtsp-client.ts';
import { eventually, isRunning, Server } from '../support/server.ts';

const SESSIONS = 50;
/** Longer for measurements. */
const SECONDS = Number(process.env.RTSP_LOAD_SECONDS ?? 10);

let stage: Stage;
let server: Server;
const clients: RtspClient[] = [];
const receivers: UdpReceiver[] = [];

beforeEach(() => {
  stage = new Stage();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.vanish();
  for (const receiver of receivers.splice(0)) receiver.close();
  await server.stop('SIGKILL');
  stage.remove();
});

test(
  `${SESSIONS} sessions of every transport and both streams: nothing is lost, one capture and one ffmpeg serve them, and nothing is left`,
  async () => {
    server = await Server.start({
      args: [
        '--source',
        'rpicam',
        '--rpicam-path',
        STANDIN,
        '--width',
        '640',
        '--height',
        '480',
        '--idle-timeout',
        '1',
        ...withH264(stage.dir),
      ],
      env: stage.env,
    });
    await server.status((status) => JSON.stringify(status).includes('/h264'));
    const descriptors = descriptorsOf(server.pid);
    const captures = () => stage.starts().filter(({ argv }) => argv.includes('mjpeg'));
    const streams: ReceivedStream[] = [];
    for (let k = 0; k < SESSIONS; k++) {
      const path = k % 2 ? '/h264' : '/mjpeg';
      const tunnelled = k % 3 === 2;
      const client = tunnelled ? await RtspClient.tunnel(server.port) : await RtspClient.connect(server.rtspPort);
      clients.push(client);
      if ('sendPost' in client) (client as { sendPost(): void }).sendPost();
      if (k % 3 === 0) {
        const receiver = await client.playUdp(path);
        receivers.push(receiver);
        streams.push(receiver.stream);
      } else {
        await client.playInterleaved(path);
        streams.push(client.stream());
      }
    }
    await eventually(() => streams.every(({ count }) => count > 2), 'pictures for all', 20);
    const [ffmpeg] = childrenOf(server.pid, 'ffmpeg');
    const before = { server: processorTimeOf(server.pid), ffmpeg: processorTimeOf(ffmpeg!), at: performance.now() };
    const counts = streams.map(({ count }) => count);
    await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
    const seconds = (performance.now() - before.at) / 1000;
    const share = (pid: number, used: number) => `${Math.round((100 * (processorTimeOf(pid) - used)) / seconds)} %`;
    const rates = streams.map(({ count }, at) => (count - counts[at]!) / seconds);
    if (process.env.RTSP_LOAD_SECONDS)
      process.stderr.write(
        `server ${share(server.pid, before.server)}, ${Math.round(memoryOf(server.pid))} MB; ffmpeg ${share(ffmpeg!, before.ffmpeg)}, ` +
          `${Math.round(memoryOf(ffmpeg!))} MB; ${Math.min(...rates).toFixed(1)} to ${Math.max(...rates).toFixed(1)} pictures/s\n`,
      );
    for (const [k, { missed, torn, strange }] of streams.entries())
      expect({ k, missed, torn, strange }).toEqual({ k, missed: 0, torn: 0, strange: 0 });
    for (const path of [0, 1]) {
      // All who watch the same stream got the same, up to what is on its way.
      const same = rates.filter((_rate, k) => k % 2 === path);
      expect(Math.max(...same) - Math.min(...same)).toBeLessThan(1);
    }
    expect(captures()).toHaveLength(1);
    expect(childrenOf(server.pid, 'ffmpeg')).toEqual([ffmpeg]);

    await Promise.all(clients.map((client, k) => client.request('TEARDOWN', client.url(k % 2 ? '/h264' : '/mjpeg'))));
    for (const stream of streams) await eventually(() => stream.saidGoodbye, 'goodbye');
    await eventually(() => childrenOf(server.pid, 'ffmpeg').length === 0, 'ffmpeg is gone', 15);
    await eventually(() => !captures().some(({ pid }) => isRunning(pid)), 'the camera is off');
    for (const client of clients) client.vanish();
    await eventually(() => descriptorsOf(server.pid) <= descriptors, 'the descriptors are back');
    expect(await (await server.fetch('/metrics')).text()).toMatch(/^onvif_camera_rtsp_sessions 0$/m);
    expect(server.stderr).not.toMatch(/"error"/);
  },
  (SECONDS + 60) * 1000,
);
