import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect } from '@jest/globals';
import { rtspUrl } from '../support/players.ts';
import { needsProgram } from '../support/programs.ts';
import { type Container, cutAtGaps, type Packet, packetsOf, Recording, spanOf } from '../support/recordings.ts';
import { STANDIN, Stage } from '../support/rpicam/stage.ts';
import { eventually, Server } from '../support/server.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** What a recorder keeps when it writes the stream as it comes, while the camera program dies once and is back. */

/** RECORDING_SECONDS=600 records for ten minutes. */
const SECONDS = Number(process.env.RECORDING_SECONDS ?? 10);
const FPS = 15;
const CONTAINERS: readonly Container[] = ['mp4', 'mkv'];
/** More than this between two pictures is the camera's restart: a busy machine is late by a picture or two. Seconds. */
const GAP = 5 / FPS;
/** Within this the camera is back, seconds. */
const RESTART = 3;
/** A recording may be ahead of the clock or behind it by no more than a picture's time at its end than it was at its beginning. */
const MOST_DRIFT = 1 / FPS;
/** Matroska has whole milliseconds. */
const ROUNDING = 0.001;

let stage: Stage;
let server: Server;
let recordings: readonly Recording[];
beforeEach(() => {
  stage = new Stage();
  recordings = [];
});
afterEach(async () => {
  for (const recording of recordings) recording.kill();
  await server?.stop();
  stage.remove();
});

/** What is to be said of a recording, without its first picture, whose time ffmpeg does not know. */
function judge([, ...packets]: readonly Packet[], recording: Recording) {
  const steps = packets.slice(1).map(({ pts }, at) => pts - packets[at]!.pts);
  const parts = cutAtGaps(packets, GAP);
  const gaps = steps.filter((step) => step > GAP);
  const missing = parts.map((part) => Math.round(spanOf(part) * FPS) + 1 - part.length);
  return { packets: packets.length, span: spanOf(packets), leastStep: Math.min(...steps), gaps, missing, drift: recording.drift };
}

/** Pictures so far that ffmpeg as the encoder had no time for: on a busy machine they are missing in every recording. */
async function skipped(): Promise<number> {
  const metrics = await (await server.fetch('/metrics')).text();
  return Number(/^\w+h264_frames_skipped_total (\d+)$/m.exec(metrics)![1]);
}

async function record(args: readonly string[]): Promise<void> {
  const size = ['--width', '640', '--height', '480', '--fps', String(FPS)];
  const camera = ['--source', 'rpicam', '--rpicam-path', STANDIN, '--idle-timeout', 'always', ...size];
  server = await Server.start({ args: ['--h264', 'on', ...camera, ...args], env: stage.env });
  await server.status(({ h264 }) => h264 !== null);
  const folder = makeTempDir();
  recordings = CONTAINERS.map((container) => new Recording(rtspUrl(server, '/h264'), join(folder, `recording.${container}`)));
  await sleep((SECONDS * 1000) / 2);
  const { pid } = stage.starts().at(-1)!;
  process.kill(pid, 'SIGKILL');
  await eventually(() => stage.starts().at(-1)!.pid !== pid, 'the camera program is started again');
  await sleep((SECONDS * 1000) / 2);
  await Promise.all(recordings.map((recording) => recording.end()));
  const unencoded = await skipped();

  for (const recording of recordings) {
    const packets = await packetsOf(recording.file);
    const found = judge(packets, recording);
    if (SECONDS > 60) process.stderr.write(`${args.join(' ')} ${recording.file}: ${JSON.stringify({ ...found, unencoded })}\n`);
    expect(recording.complaints).toBe('');
    expect(packets[0]!.keyframe).toBe(true);
    for (const { pts, dts } of packets) expect(Math.abs(pts - dts)).toBeLessThanOrEqual(ROUNDING);
    expect(found.leastStep).toBeGreaterThan(0);
    expect(found.gaps.length - 1).toBeLessThanOrEqual(unencoded);
    for (const gap of found.gaps) expect(gap).toBeLessThan(RESTART);
    expect(found.span).toBeGreaterThan(0.8 * SECONDS);
    // The times of a part's first and last picture may each be off by half a picture.
    for (const missing of found.missing) {
      expect(missing).toBeGreaterThanOrEqual(-1);
      expect(missing).toBeLessThanOrEqual(1 + unencoded);
    }
    expect(Math.abs(found.drift)).toBeLessThan(MOST_DRIFT);
  }
}

describe(`MP4 and MKV written by ffmpeg as the stream comes, for ${SECONDS} s, through a restart of the camera program`, () => {
  needsProgram('ffmpeg', 'have every picture at its time, encoded by ffmpeg', () => record([]), (SECONDS + 60) * 1000);
});
