import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { withH264 } from '../support/encoder.ts';
import { childrenOf } from '../support/process.ts';
import { STANDIN, Stage } from '../support/rpicam/stage.ts';
import { depacketizeJpeg } from '../support/rtp/jpeg-depacketizer.ts';
import { RtspClient, type UdpReceiver } from '../support/rtsp-client.ts';
import { eventually, isRunning, Server } from '../support/server.ts';
import { Viewer } from '../support/viewer.ts';

let stage: Stage;
let server: Server;
const clients: RtspClient[] = [];
const receivers: UdpReceiver[] = [];

const captures = () => stage.starts().filter(({ argv }) => argv.includes('mjpeg'));
const running = () => captures().filter(({ pid }) => isRunning(pid));
const start = async (...args: string[]) => {
  server = await Server.start({
    args: ['--source', 'rpicam', '--rpicam-path', STANDIN, '--width', '640', '--height', '480', ...args],
    env: stage.env,
  });
  if (args.includes('--h264')) await server.status((status) => JSON.stringify(status).includes('/h264'));
};
const connect = async () => {
  const client = await RtspClient.connect(server.rtspPort);
  clients.push(client);
  return client;
};
const udp = async (path: string) => {
  const receiver = await (await connect()).playUdp(path);
  receivers.push(receiver);
  return receiver;
};

beforeEach(() => {
  stage = new Stage();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.vanish();
  for (const receiver of receivers.splice(0)) receiver.close();
  await server.stop('SIGKILL');
  stage.remove();
});

test('one capture serves RTSP and HTTP, with the same pictures at the same times', async () => {
  await start();
  const viewer = new Viewer(server);
  const client = await connect();
  await client.playInterleaved('/mjpeg');
  await client.until(() => client.stream().count >= 15 && client.stream().senderReports.length > 0, 'pictures');
  await viewer.next(3);
  expect(captures()).toHaveLength(1);
  const { ntp, timestamp } = client.stream().senderReports[0]!;
  const wall = (ntp.seconds - 2_208_988_800 + ntp.fraction / 2 ** 32) * 1000;
  const timesByHttp = viewer.parts.map(({ headers }) => Number(headers['X-Timestamp']) * 1000);
  const received = client.stream().pictures.map((picture) => wall + ((picture.timestamp - timestamp) | 0) / 90);
  const shared = received.filter((time) => timesByHttp.some((other) => Math.abs(other - time) < 2));
  expect(shared.length).toBeGreaterThan(10);
  for (const { packets } of client.stream().pictures) expect(depacketizeJpeg(packets)).toMatchObject({ width: 640, height: 480 });
  viewer.socket.destroy();
});

describe('the camera goes off', () => {
  test.each([
    ['TEARDOWN', (client: RtspClient) => client.request('TEARDOWN', client.url('/mjpeg'))],
    ['PAUSE', (client: RtspClient) => client.request('PAUSE', client.url('/mjpeg'))],
    ['a connection that vanishes', (client: RtspClient) => client.vanish()],
    ['a connection that is closed', (client: RtspClient) => client.socket.end()],
    ['a connection that is reset', (client: RtspClient) => client.socket.resetAndDestroy()],
  ])('after %s of the last one, the idle time later', async (_what, act) => {
    await start('--idle-timeout', '1');
    const client = await connect();
    await client.playInterleaved('/mjpeg');
    await client.until(() => client.stream().count > 2, 'pictures');
    const receiver = await udp('/mjpeg');
    await receiver.until(() => receiver.stream.count > 0, 'a picture');
    clients[1]!.vanish();
    const { count } = client.stream();
    await client.until(() => client.stream().count > count + 20, 'the other goes on');
    expect(running()).toHaveLength(1);
    await act(client);
    await eventually(() => running().length === 0, 'the camera is off', 5);
    await server.status(({ camera }) => camera === 'idle');
    expect(captures()).toHaveLength(1);
  });

  test('and ffmpeg with it, after the last viewer of H.264', async () => {
    await start('--idle-timeout', '1', ...withH264(stage.dir));
    const client = await connect();
    await client.playInterleaved('/h264');
    await client.until(() => client.stream().count > 2, 'pictures');
    expect(childrenOf(server.pid, 'ffmpeg')).toHaveLength(1);
    client.vanish();
    await eventually(() => childrenOf(server.pid, 'ffmpeg').length === 0 && running().length === 0, 'both are off', 15);
    await server.status(({ camera }) => camera === 'idle');
  }, 40_000);
});

test('ffmpeg is killed: every viewer of H.264 gets pictures again within 5 s, and none is disconnected', async () => {
  await start(...withH264(stage.dir));
  const watching = await Promise.all([0, 1, 2].map(connect));
  for (const client of watching) await client.playInterleaved('/h264');
  const receiver = await udp('/h264');
  await Promise.all(watching.map((client) => client.until(() => client.stream().count > 5, 'pictures')));
  await receiver.until(() => receiver.stream.count > 5, 'pictures');
  const [ffmpeg] = childrenOf(server.pid, 'ffmpeg');
  process.kill(ffmpeg!, 'SIGKILL');
  await eventually(() => !isRunning(ffmpeg!), 'ffmpeg is dead');
  const counts = watching.map((client) => client.stream().count);
  const countUdp = receiver.stream.count;
  await Promise.all([
    ...watching.map((client, at) => client.until(() => client.stream().count > counts[at]! + 1, 'pictures again', 5)),
    receiver.until(() => receiver.stream.count > countUdp + 1, 'pictures again', 5),
  ]);
  expect(watching.some((client) => client.closed)).toBe(false);
  for (const client of watching) expect(client.stream()).toMatchObject({ missed: 0, torn: 0, strange: 0 });
  expect(childrenOf(server.pid, 'ffmpeg')).toHaveLength(1);
  expect(captures()).toHaveLength(1);
}, 40_000);
