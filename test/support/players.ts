import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { childrenOf } from './process.ts';
import { PASSWORD, type Server } from './server.ts';

/** Ffmpeg and ffprobe as players of a stream. */

export type Transport = 'udp' | 'tcp' | 'http';
export const TRANSPORTS: readonly Transport[] = ['udp', 'tcp', 'http'];

/** An address with the credentials in it, as people type it into other programs. */
export const withCredentials = (url: string): string => url.replace('//', `//admin:${encodeURIComponent(PASSWORD)}@`);

export const rtspUrl = (server: Server, path: string): string => withCredentials(`rtsp://127.0.0.1:${server.rtspPort}${path}`);

/** RTSP through the web server: ffmpeg wants an RTSP address and is told of the tunnel by its transport. */
export const tunnelUrl = (server: Server, path: string): string => withCredentials(`rtsp://127.0.0.1:${server.port}${path}`);

export interface DecodedFrame {
  /** Ticks of 90 kHz. */
  readonly pts: number;
  readonly md5: string;
}

export interface Decoded {
  readonly frames: readonly DecodedFrame[];
  /** "640x480" */
  readonly size: string;
  /** Everything that ffmpeg complained of. */
  readonly stderr: string;
}

/**
 * Each picture once, with the timestamp it came with. Left to itself ffmpeg rounds capture times, which are never quite
 * even, to the frame rate, repeats and drops pictures for that, and complains of times that fall together.
 */
const TRUE_TIMES = ['-fps_mode', 'passthrough', '-enc_time_base', '1/90000'];

const run = promisify(execFile);
/** A player without a picture would wait for ever. */
const TIMEOUT_MS = 60_000;
const options = { timeout: TIMEOUT_MS, maxBuffer: 1 << 28 };

/** Decodes `count` frames of a stream. */
export async function decode(url: string, transport: Transport, count: number): Promise<Decoded> {
  const { stdout, stderr } = await run(
    'ffmpeg',
    [
      ...['-hide_banner', '-loglevel', 'warning', '-rtsp_transport', transport, '-i', url],
      ...['-frames:v', String(count), ...TRUE_TIMES, '-f', 'framemd5', '-'],
    ],
    options,
  );
  return { ...parseFrames(stdout), stderr };
}

/** Decodes JPEGs one by one, as they are. */
export async function md5Of(jpegs: readonly Buffer[]): Promise<string[]> {
  const running = run(
    'ffmpeg',
    ['-hide_banner', '-loglevel', 'error', '-f', 'mjpeg', '-i', 'pipe:0', '-fps_mode', 'passthrough', '-f', 'framemd5', '-'],
    options,
  );
  running.child.stdin!.end(Buffer.concat(jpegs));
  return parseFrames((await running).stdout).frames.map(({ md5 }) => md5);
}

function parseFrames(text: string): Omit<Decoded, 'stderr'> {
  const frames = text
    .split('\n')
    .filter((line) => line.startsWith('0,'))
    .map((line) => line.split(',').map((cell) => cell.trim()))
    .map((cells) => ({ pts: Number(cells[2]), md5: cells[5]! }));
  return { frames, size: /^#dimensions 0: (\S+)$/m.exec(text)?.[1] ?? '' };
}

/** Decodes `count` frames of a stream: when each is shown, seconds, and its mean luminance. */
export async function meansOf(url: string, count: number): Promise<{ time: number; mean: number }[]> {
  const args = ['-rtsp_transport', 'tcp', '-i', url, '-frames:v', String(count), ...TRUE_TIMES, '-vf', 'showinfo', '-f', 'null', '-'];
  const { stderr } = await run('ffmpeg', ['-hide_banner', '-nostats', ...args], options);
  return [...stderr.matchAll(/ pts_time:([\d.]+).* mean:\[(\d+) /g)].map(([, time, mean]) => ({ time: Number(time), mean: Number(mean) }));
}

/** The last of `count` frames as red, green and blue bytes. */
export async function lastFrame(input: readonly string[], count: number): Promise<Buffer> {
  const args = [
    ...['-hide_banner', '-loglevel', 'error', ...input, '-frames:v', String(count)],
    ...['-fps_mode', 'passthrough', '-sws_flags', 'accurate_rnd+full_chroma_int', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'],
  ];
  const { stdout } = await run('ffmpeg', args, { ...options, encoding: 'buffer' });
  return stdout.subarray(stdout.length - stdout.length / count);
}

/** Ffmpeg, finding out what it has, skips over the scan of the first picture, and says this of some whole ones, of files too. */
export const MISTAKEN = /^\[mjpeg @ \w+\] EOI missing, emulating\n/gm;
/** What it says of the events beside the picture. */
const NO_PICTURE = /^Unsupported codec with id 0 for input stream 1\n/gm;

/** What ffprobe says of the first video stream. */
export async function probe(url: string, transport: Transport, entries: string): Promise<Record<string, unknown>> {
  const { stdout, stderr } = await run(
    'ffprobe',
    ['-v', 'warning', '-rtsp_transport', transport, '-show_entries', `stream=${entries}`, '-of', 'json', url],
    options,
  );
  const complaints = stderr.replace(MISTAKEN, '').replace(NO_PICTURE, '');
  if (complaints !== '') throw new Error(`ffprobe complains: ${complaints}`);
  return (JSON.parse(stdout) as { streams: Record<string, unknown>[] }).streams[0]!;
}

/** The H.264 encoders that a process has started. */
export const encodersOf = (pid: number): number[] => programsOf(pid, '-force_key_frames');

/** The children of a process in whose command line this stands. */
export const programsOf = (pid: number, words: string): number[] => childrenOf(pid).filter((child) => commandLineOf(child).includes(words));

/** Empty where the process has ended meanwhile. */
function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** A program that plays until it is stopped, and what it has printed so far. */
export class Player {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #text = '';
  readonly #watchers = new Set<() => void>();

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (this.#text + chunk).split('\n');
      this.#text = parts.pop()!;
      this.lines.push(...parts.filter((line) => line !== ''));
      for (const watcher of [...this.#watchers]) watcher();
    });
    this.#ended = new Promise((resolve) => this.#child.once('close', () => resolve()));
  }

  /** Reads the packets of a stream without decoding them: one line "time,bytes,flags" for each. */
  static packets(url: string): Player {
    return new Player('ffprobe', [
      ...['-v', 'error', '-rtsp_transport', 'tcp', '-select_streams', 'v', '-show_entries', 'packet=pts_time,size,flags'],
      ...['-of', 'csv=p=0', url],
    ]);
  }

  /** Decodes a stream: one line for each frame. */
  static frames(url: string): Player {
    return new Player('ffmpeg', [
      ...['-v', 'error', '-rtsp_transport', 'tcp', '-i', url, ...TRUE_TIMES],
      ...['-flush_packets', '1', '-f', 'framemd5', '-'],
    ]);
  }

  /** Waits until something holds, told of each line. */
  until(test: (lines: readonly string[]) => boolean, what: string, seconds = 20): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = () => {
        if (!test(this.lines)) return;
        clearTimeout(timer);
        this.#watchers.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#watchers.delete(check);
        reject(new Error(`never came to be: ${what}; the last lines of ${this.lines.length}: ${this.lines.slice(-3).join('\n')}`));
      }, seconds * 1000);
      this.#watchers.add(check);
      check();
    });
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
