import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

/** How ffmpeg as a recorder writes its file. */
export type Container = 'mp4' | 'mkv';

/** One packet of a recording. */
export interface Packet {
  /** When it is shown and when it is decoded, seconds. */
  readonly pts: number;
  readonly dts: number;
  readonly keyframe: boolean;
}

/** How far a recording was at a moment. */
interface Progress {
  /** Seconds of a clock that is never set. */
  readonly clock: number;
  /** Of its newest packet, seconds. */
  readonly time: number;
}

/** How often ffmpeg says how far it is, seconds. */
const PROGRESS_PERIOD = 0.2;
/** What it says of the events beside the picture, which no recording can hold. */
const NO_PICTURE = /^Unsupported codec with id 0 for input stream 1\n/gm;

/**
 * What it says of the first picture of any camera's H.264 by RTSP: its parser loses the time. The recording has it at 0, right
 * before the second one.
 */
const FIRST_PICTURE = [
  /^.*Timestamps are unset in a packet for stream 0\..*\n/m,
  /^.*Non-monotonous DTS in output stream 0:0; previous: 0, current: 0; changing to 1\..*\n/m,
];

/** Ffmpeg recording a stream as it comes, as recorders do: nothing is decoded. */
export class Recording {
  readonly #child: ChildProcess;
  readonly #progress: Progress[] = [];
  readonly #closed: Promise<unknown>;
  #stderr = '';

  constructor(
    url: string,
    readonly file: string,
  ) {
    const args = [
      ...['-hide_banner', '-nostats', '-loglevel', 'warning', '-rtsp_transport', 'tcp', '-i', url],
      ...['-map', '0:v:0', '-c', 'copy', '-progress', 'pipe:1', '-stats_period', String(PROGRESS_PERIOD), file],
    ];
    this.#child = spawn('ffmpeg', args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      const microseconds = Number(/.*^out_time_us=(\d+)$/ms.exec(text)?.[1]);
      if (microseconds > 0) this.#progress.push({ clock: performance.now() / 1000, time: microseconds / 1e6 });
    });
    this.#closed = once(this.#child, 'close');
  }

  /** What ffmpeg complained of. */
  get complaints(): string {
    return FIRST_PICTURE.reduce((text, pattern) => text.replace(pattern, ''), this.#stderr.replace(NO_PICTURE, ''));
  }

  /**
   * How much the recording's time went ahead of the clock from its first third to its last, seconds: in each the moment counts
   * at which it was the least behind, as most of what comes is late for a moment.
   */
  get drift(): number {
    const ahead = this.#progress.map(({ clock, time }) => time - clock);
    const third = Math.floor(ahead.length / 3);
    return Math.max(...ahead.slice(-third)) - Math.max(...ahead.slice(0, third));
  }

  /** Ends it as a recorder is ended, with a whole file. */
  async end(): Promise<void> {
    this.#child.stdin!.write('q');
    await this.#closed;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** The packets of a recording, in the order of the file. */
export async function packetsOf(file: string): Promise<Packet[]> {
  const args = ['-v', 'error', '-select_streams', 'v', '-show_entries', 'packet=pts_time,dts_time,flags', '-of', 'csv=p=0', file];
  const { stdout, stderr } = await promisify(execFile)('ffprobe', args, { maxBuffer: 1 << 28 });
  if (stderr !== '') throw new Error(`ffprobe complains: ${stderr}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [pts, dts, flags] = line.split(',');
      return { pts: Number(pts), dts: Number(dts), keyframe: flags!.startsWith('K') };
    });
}

/** A recording cut where nothing was recorded for longer than this, seconds. */
export function cutAtGaps(packets: readonly Packet[], seconds: number): Packet[][] {
  const parts: Packet[][] = [];
  for (const [at, packet] of packets.entries()) {
    const before = packets[at - 1];
    if (!before || packet.pts - before.pts > seconds) parts.push([]);
    parts.at(-1)!.push(packet);
  }
  return parts;
}

/** From the first packet to the last, seconds. */
export const spanOf = (packets: readonly Packet[]): number => packets.at(-1)!.pts - packets[0]!.pts;
