import { afterEach, expect, test } from '@jest/globals';
import { dice } from '../support/dice.ts';
import { withH264 } from '../support/encoder.ts';
import { encodersOf, programsOf } from '../support/players.ts';
import { needsProgram } from '../support/programs.ts';
import { STANDIN, Stage } from '../support/rpicam/stage.ts';
import { RtspClient } from '../support/rtsp-client.ts';
import { eventually, isRunning, Server } from '../support/server.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { Viewer } from '../support/viewer.ts';

/** Whoever comes and goes, on whatever stream: one camera, one encoder or decoder for all who need it, and nothing left. */

const CHANGES = 200;
/** Pictures per second of the camera, where nothing is set. */
const FPS = 15;
const MOST_WATCHERS = 8;
const STREAMS = ['/h264', '/sub', '/mjpeg'] as const;

let stage: Stage;
let server: Server;

/** Starts the program with a camera that may know H.264. */
async function start(libav: boolean, ...args: string[]): Promise<void> {
  stage = new Stage({ libav });
  const picture = ['--source', 'rpicam', '--rpicam-path', STANDIN, '--width', '320', '--height', '240', '--sub-height', '120'];
  server = await Server.start({ args: [...picture, '--idle-timeout', '1', ...args], env: stage.env });
  await server.output(/H\.264 by/);
}
afterEach(async () => {
  await server?.stop();
  stage.remove();
});

const captures = () => stage.starts().filter(({ argv }) => argv.includes('--codec'));
const running = () => captures().filter(({ pid }) => isRunning(pid)).length;

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

/** Lets watchers come and go. Returns what ends those that are left. */
async function change(times: number, check: () => void): Promise<() => Promise<void>> {
  const watchers: (() => Promise<void>)[] = [];
  const random = dice(7);
  const roll = (count: number) => Math.floor(random.next().value * count);
  for (let change = 0; change < times; change++) {
    const leaves = watchers.length >= MOST_WATCHERS || (watchers.length > 0 && roll(2) === 0);
    if (leaves) await watchers.splice(roll(watchers.length), 1)[0]!();
    else {
      const kind = roll(6);
      if (kind < STREAMS.length) watchers.push(await watchByRtsp(STREAMS[kind]!));
      else if (kind === 3) watchers.push(await watchByHttp('/stream.mjpg'));
      else if (kind === 4) watchers.push(await watchByHttp('/stream.mjpg?width=320'));
      else await snapshots();
    }
    check();
  }
  return async () => {
    for (const leave of watchers) await leave();
  };
}

/** Resolves when the camera is off. */
async function off(): Promise<void> {
  await eventually(() => running() === 0, 'the camera is off');
  // The program hears of the end of the capture a moment after it.
  await eventually(async () => (await server.json('/healthz')).camera === 'idle', 'the camera is idle');
}

test(`${CHANGES} changes of who watches`, async () => {
  await start(false, ...withH264(makeTempDir()));
  const recorder = await RtspClient.connect(server.rtspPort);
  expect((await recorder.playInterleaved('/h264')).status).toBe(200);
  await eventually(() => encodersOf(server.pid).length === 1, 'the encoder of the recorder');
  const [encoder] = encodersOf(server.pid);

  const end = await change(CHANGES, () => {
    expect(running()).toBe(1);
    // The one that the recorder watches is the same from the beginning, and makes the sub stream, too.
    expect(encodersOf(server.pid)).toEqual([encoder]);
  });
  expect(captures()).toHaveLength(1);
  expect(recorder.closed).toBe(false);

  await end();
  recorder.vanish();
  await eventually(() => encodersOf(server.pid).length === 0, 'no encoder is left', 15);
  await off();
}, 120_000);

needsProgram(
  'ffmpeg',
  `${CHANGES} changes of who watches a camera that gives H.264 itself`,
  async () => {
    await start(true, '--encoding', 'h264', '--h264', 'on');
    const recorder = await RtspClient.connect(server.rtspPort);
    expect((await recorder.playInterleaved('/h264')).status).toBe(200);
    await recorder.until(() => recorder.stream().count > 5, 'pictures');
    expect(programsOf(server.pid, 'ffmpeg')).toEqual([]);
    const began = { at: Date.now(), count: recorder.stream().count };

    const end = await change(CHANGES, () => {
      expect(running()).toBe(1);
      expect(encodersOf(server.pid).length).toBeLessThanOrEqual(1);
      expect(programsOf(server.pid, '[f=framecrc]').length).toBeLessThanOrEqual(1);
    });
    await end();
    await eventually(() => programsOf(server.pid, 'ffmpeg').length === 0, 'neither decoder nor encoder is left', 15);
    // Whoever came and went: the recorder has had all of it, at its rate.
    expect(recorder.stream()).toMatchObject({ missed: 0, torn: 0, strange: 0 });
    const seconds = (Date.now() - began.at) / 1000;
    expect((recorder.stream().count - began.count) / seconds).toBeGreaterThan(0.8 * FPS);
    expect(captures()).toHaveLength(1);
    expect(recorder.closed).toBe(false);
    recorder.vanish();
    await off();
  },
  240_000,
);
