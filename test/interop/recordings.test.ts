import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { rtspUrl } from '../support/players.ts';
import { needsProgram, program } from '../support/programs.ts';
import { type Container, cutAtGaps, type Packet, packetsOf, Recording, spanOf } from '../support/recordings.ts';
import { type Scenario, STANDIN, Stage } from '../support/rpicam/stage.ts';
import { eventually, Server } from '../support/server.ts';

/** What a recorder keeps when it writes the stream as it comes, while the camera program dies once and is back. */

/** RECORDING_SECONDS=600 records for ten minutes. */
const SECONDS = Number(process.env.RECORDING_SECONDS ?? 10);
const FPS = 15;
const CONTAINERS: readonly Container[] = ['mp4', 'mkv'];
/** Within this the camera is back, seconds. */
const RESTART = 3;
/** A recording may be ahead of the clock or behind it by no more than a picture's time at its end than it was at its beginning. */
const MOST_DRIFT = 1 / FPS;
/** Matroska has whole milliseconds. */
const ROUNDING = 0.001;

interface Way {
  /** By whom the H.264 is made. */
  readonly way: string;
  readonly encoding: string;
  readonly scenario: Scenario;
  /**
   * By how many pictures' time the ends of a part may be off, together: a picture that does not tell its own time has that of its
   * arrival, which on a busy machine is late.
   */
  readonly jitter: number;
  /**
   * More than this between two pictures is the camera's restart, which takes a second at least; seconds. Times of arrival have a gap
   * where the machine is held up, and what was due meanwhile comes right after it.
   */
  readonly gap: number;
}

const WAYS: readonly Way[] = [
  { way: "from the camera's JPEGs, by ffmpeg", encoding: 'mjpeg', scenario: {}, jitter: 3, gap: 10 / FPS },
  { way: 'by the camera program, with libx264', encoding: 'h264', scenario: { libav: true }, jitter: 1, gap: 5 / FPS },
  { way: 'by the camera program, with the encoder of a Pi 4', encoding: 'h264', scenario: { platform: 'vc4' }, jitter: 3, gap: 10 / FPS },
];

/** A camera of one way, and those who record it. */
class Recorded {
  readonly #stage: Stage;
  /** Outlives each of the tests. */
  readonly #folder = mkdtempSync(join(tmpdir(), 'recordings-'));
  #server: Server | undefined;
  recordings: readonly Recording[] = [];
  /** Pictures that ffmpeg as the encoder had no time for: on a busy machine they are missing in every recording. */
  unencoded = 0;

  constructor({ scenario }: Way) {
    this.#stage = new Stage(scenario);
  }

  async record(encoding: string): Promise<void> {
    const size = ['--width', '640', '--height', '480', '--fps', String(FPS)];
    const camera = ['--source', 'rpicam', '--rpicam-path', STANDIN, '--idle-timeout', 'always', ...size];
    const server = await Server.start({ args: ['--h264', 'on', ...camera, '--encoding', encoding], env: this.#stage.env });
    this.#server = server;
    await server.status(({ camera, urls }) => camera === 'live' && JSON.stringify(urls).includes('/h264'));
    this.recordings = CONTAINERS.map((container) => new Recording(rtspUrl(server, '/h264'), join(this.#folder, `recording.${container}`)));
    await sleep((SECONDS * 1000) / 2);
    const { pid } = this.#capture();
    process.kill(pid, 'SIGKILL');
    await eventually(() => this.#capture().pid !== pid, 'the camera program is started again');
    await sleep((SECONDS * 1000) / 2);
    await Promise.all(this.recordings.map((recording) => recording.end()));
    const metrics = await (await server.fetch('/metrics')).text();
    this.unencoded = Number(/^\w+h264_frames_skipped_total (\d+)$/m.exec(metrics)![1]);
  }

  async end(): Promise<void> {
    for (const recording of this.recordings) recording.kill();
    await this.#server?.stop();
    this.#stage.remove();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The capture program that was started last. */
  #capture() {
    return this.#stage.starts().findLast(({ argv }) => argv.includes('--framerate'))!;
  }
}

/** Of so many pictures at an end of a part one is on time, also where a machine was held up for a third of a second. */
const EDGE = 6;

/** How many pictures are missing in a part without gaps, by those that are the least late at its two ends. */
function missingIn(part: readonly Packet[]): number {
  const late = part.map(({ pts }, at) => pts * FPS - at);
  return Math.round(Math.min(...late.slice(-EDGE)) - Math.min(...late.slice(0, EDGE)));
}

/** What is to be said of a recording, without its first picture, whose time ffmpeg does not know. */
function judge([, ...packets]: readonly Packet[], recording: Recording, gap: number) {
  const steps = packets.slice(1).map(({ pts }, at) => pts - packets[at]!.pts);
  const gaps = steps.filter((step) => step > gap);
  const missing = cutAtGaps(packets, gap).map(missingIn);
  return { packets: packets.length, span: spanOf(packets), leastStep: Math.min(...steps), gaps, missing, drift: recording.drift };
}

describe(`MP4 and MKV written by ffmpeg as H.264 comes, for ${SECONDS} s, through a restart of the camera program`, () => {
  const recorded = new Map(WAYS.map((each) => [each.way, new Recorded(each)]));
  beforeAll(
    async () => {
      if (program('ffmpeg')) await Promise.all(WAYS.map(({ way, encoding }) => recorded.get(way)!.record(encoding)));
    },
    (SECONDS + 60) * 1000,
  );
  afterAll(() => Promise.all([...recorded.values()].map((each) => each.end())));

  for (const { way, jitter, gap } of WAYS) {
    needsProgram('ffmpeg', `have every picture at its time, where it is made ${way}`, async () => {
      const { recordings, unencoded } = recorded.get(way)!;
      expect(recordings).toHaveLength(CONTAINERS.length);
      for (const recording of recordings) {
        expect(recording.complaints).toBe('');
        const packets = await packetsOf(recording.file);
        const found = judge(packets, recording, gap);
        if (SECONDS > 60) process.stderr.write(`${way}, ${recording.file}: ${JSON.stringify({ ...found, unencoded })}\n`);
        expect(packets[0]!.keyframe).toBe(true);
        for (const { pts, dts } of packets) expect(Math.abs(pts - dts)).toBeLessThanOrEqual(ROUNDING);
        expect(found.leastStep).toBeGreaterThan(0);
        expect(found.gaps.length).toBeGreaterThanOrEqual(1);
        expect(found.gaps.length).toBeLessThanOrEqual(1 + unencoded);
        for (const each of found.gaps) expect(each).toBeLessThan(RESTART);
        expect(found.span).toBeGreaterThan(0.8 * SECONDS);
        for (const missing of found.missing) {
          expect(missing).toBeGreaterThanOrEqual(-jitter);
          expect(missing).toBeLessThanOrEqual(jitter + unencoded);
        }
        expect(Math.abs(found.drift)).toBeLessThan(MOST_DRIFT);
      }
    });
  }
});
