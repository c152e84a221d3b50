import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { withH264 } from '../support/encoder.ts';
import { encodersOf } from '../support/players.ts';
import { STANDIN, Stage } from '../support/rpicam/stage.ts';
import { RtspClient } from '../support/rtsp-client.ts';
import { eventually, isRunning, Server } from '../support/server.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { Viewer } from '../support/viewer.ts';

/** Whoever comes and goes, on whatever stream: one camera, one encoder for each H.264 that is watched, and nothing left. */

const CHANGES = 200;
const MOST_WATCHERS = 8;
const STREAMS = ['/h264', '/sub', '/mjpeg'] as const;

let stage: Stage;
let server: Server;
beforeAll(async () => {
  stage = new Stage();
  const picture = ['--source', 'rpicam', '--rpicam-path', STANDIN, '--width', '320', '--height', '240', '--sub-height', '120'];
  server = await Server.start({ args: [...picture, '--idle-timeout', '1', ...withH264(makeTempDir())], env: stage.env });
  await server.output(/H\.264 by/);
});
afterAll(async () => {
  await server?.stop();
  stage.remove();
});

const captures = () => stage.starts().filter(({ argv }) => argv.includes('mjpeg'));
const running = () => captures().filter(({ pid }) => isRunning(pid)).length;

/** The same for each run, unlike Math.random. */
function* dice(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    yield state / 2 ** 32;
  }
}

async function watchByRtsp(path: string): Promise<() => Promise<void>> {
  const client = await RtspClient.connect(server.rtspPort);
  expect((await client.playInterleaved(path)).status).toBe(200);
  return async () => client.vanish();
}

async function watchByHttp(path: string): Promise<() => Promise<void>> {
  const viewer = new Viewer(server, path);
  await viewer.next();
  return () => viewer.close();
}

/** Many at once, some of them smaller. */
async function snapshots(): Promise<void> {
  const answers = await Promise.all(['', '?width=320', '', '?width=640', ''].map((query) => server.fetch(`/snapshot.jpg${query}`)));
  for (const answer of answers) {
    expect(answer.status).toBe(200);
    await answer.arrayBuffer();
  }
}

test(`${CHANGES} changes of who watches`, async () => {
  const recorder = await RtspClient.connect(server.rtspPort);
  expect((await recorder.playInterleaved('/h264')).status).toBe(200);
  await eventually(() => encodersOf(server.pid).length === 1, 'the encoder of the recorder');
  const [encoder] = encodersOf(server.pid);

  const watchers: (() => Promise<void>)[] = [];
  const random = dice(7);
  const roll = (count: number) => Math.floor(random.next().value * count);
  for (let change = 0; change < CHANGES; change++) {
    const leaves = watchers.length >= MOST_WATCHERS || (watchers.length > 0 && roll(2) === 0);
    if (leaves) await watchers.splice(roll(watchers.length), 1)[0]!();
    else {
      const kind = roll(6);
      if (kind < STREAMS.length) watchers.push(await watchByRtsp(STREAMS[kind]!));
      else if (kind === 3) watchers.push(await watchByHttp('/stream.mjpg'));
      else if (kind === 4) watchers.push(await watchByHttp('/stream.mjpg?width=320'));
      else await snapshots();
    }
    expect(running()).toBe(1);
    const encoders = encodersOf(server.pid);
    expect(encoders.length).toBeLessThanOrEqual(2);
    // The one that the recorder watches is the same from the beginning.
    expect(encoders).toContain(encoder);
  }
  expect(captures()).toHaveLength(1);
  expect(recorder.closed).toBe(false);

  for (const leave of watchers) await leave();
  recorder.vanish();
  await eventually(() => encodersOf(server.pid).length === 0, 'no encoder is left', 15);
  await eventually(() => running() === 0, 'the camera is off');
  // The program hears of the end of the capture a moment after it.
  await eventually(async () => (await server.json('/healthz')).camera === 'idle', 'the camera is idle');
}, 120_000);
