import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseRtpPacket } from '../../src/protocols/rtp/packet.ts';
import { PASSWORD } from './server.ts';
import { makeTempDir } from './temp-dir.ts';

/** GStreamer as a player of a stream. */

/** Frames that {@link play} plays. */
export const FRAMES = 50;
/** A pipeline without a picture would wait for ever. */
const TIMEOUT_MS = 40_000;

const H264 = 'rtph264depay ! h264parse ! avdec_h264';
export const DECODERS = { mjpeg: 'rtpjpegdepay ! jpegdec', h264: H264, sub: H264 };

/**
 * The packets of events alone. An element of its own: for caps between two "!" gst-launch makes one at each pad that comes, linked at
 * once to what follows. Where two come at the same time, by two threads, the track that does not fit now and then shuts out the one
 * that does.
 */
export const EVENTS = 'capsfilter caps=application/x-rtp,media=application';

/**
 * What the element says of the event that brings its caps, with a backslash before each special character. What gst-launch tells of
 * the pad's property gets lost now and then: of two pads whose caps are set at once, by two threads, GStreamer tells one's alone
 * (`deep-notify` is G_SIGNAL_NO_RECURSE). Only this element here says anything of events.
 */
const CAPS = /\(check:sink\) E \(type: caps \(\d+\), GstEventCaps, caps=\(GstCaps\)(.*);\) 0x/;

/** What was played. */
interface Played {
  readonly buffers: number;
  readonly sizes: number[];
  readonly timestamps: number[];
  readonly caps: string;
  readonly warnings: string[];
}

/** The RTP packets of one track, a file each, until it is stopped. */
export class GStreamerPackets {
  readonly #dir = makeTempDir();
  readonly #child: ChildProcess;
  /** What it said. */
  output = '';

  /** @param filter what lets through that track alone, as {@link EVENTS} */
  constructor(location: string, filter: string) {
    const files = ['multifilesink', `location=${this.#dir}/%05d`];
    this.#child = spawn('gst-launch-1.0', [...sourceOf(location), '!', ...filter.split(' '), '!', ...files], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
  }

  /** The payloads up to each packet with a marker, put together. */
  documents(): string[] {
    const documents: string[] = [];
    let parts: Buffer[] = [];
    for (const name of readdirSync(this.#dir).sort()) {
      const packet = parseRtpPacket(readFileSync(join(this.#dir, name)));
      // The newest may be half written.
      if (!packet) break;
      parts.push(packet.payload);
      if (!packet.marker) continue;
      documents.push(Buffer.concat(parts).toString());
      parts = [];
    }
    return documents;
  }

  async stop(): Promise<void> {
    this.#child.kill();
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
  }
}

const sourceOf = (location: string) => ['rtspsrc', `location=${location}`, 'user-id=admin', `user-pw=${PASSWORD}`];

/** Decodes frames until there are {@link FRAMES}: the sizes that it saw of them, and all warnings. */
export async function play(location: string, decoder: string): Promise<Played> {
  const source = [...sourceOf(location), 'latency=200', 'drop-on-latency=false'];
  const check = ['identity', 'name=check', 'silent=false', `eos-after=${FRAMES + 1}`];
  const { stdout, stderr } = await promisify(execFile)(
    'gst-launch-1.0',
    ['-v', ...source, ...`! ${decoder} !`.split(' '), ...check, ...'! fakesink sync=false'.split(' ')],
    // Warnings and errors of every element.
    { timeout: TIMEOUT_MS, maxBuffer: 1 << 26, env: { ...process.env, GST_DEBUG: '2', GST_DEBUG_NO_COLOR: '1', LC_ALL: 'C' } },
  ).catch((error: { code: unknown; stdout: string; stderr: string }) => {
    // The exit code says no more than the ERROR lines, and those of its ending are none of ours.
    if (error.code === 1) return error;
    throw error;
  });
  const seen = [...stdout.matchAll(/chain +\*+ \(check:sink\) \((\d+) bytes, dts: \S+, pts: (\d+):(\d+):([\d.]+)/g)];
  return {
    buffers: seen.length,
    sizes: seen.map(([, bytes]) => Number(bytes)),
    timestamps: seen.map(([, , hours, minutes, seconds]) => Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)),
    caps: CAPS.exec(stdout)?.[1]?.replaceAll('\\', '') ?? '',
    warnings: `${stdout}\n${stderr}`.split('\n').filter((line) => /\b(WARN|ERROR|WARNING)\b/.test(line)),
  };
}

/**
 * Said, in one way or another, when the pipeline has had its frames and stops reading while it tells the server to pause.
 * A write that it cancels itself before the first byte it calls an end of file, and that an error.
 */
const ENDING = /(receive|PAUSE) interrupted|Operation was cancelled|Received end-of-file|Could not write to resource/;
/**
 * The group of pictures that is there when an H.264 client comes, from DESCRIBE on, is sent at once, faster than its
 * timestamps run: GStreamer sets its clock anew.
 */
const CAUGHT_UP = /decreasing timestamp/;

/** What its UDP source says of a track that the pipeline does not want: the events beside the picture. */
const NOT_WANTED = /<udpsrc\d> error: (Internal data stream error|streaming stopped, reason not-linked)/;

/**
 * Where the first packets of two tracks come at once, two threads add their pads, and the one may say that all are there before the other
 * has added its own (rtspsrc marks a stream as added first). It is linked a moment later all the same.
 */
const NOT_YET = /[Dd]elayed linking/;

/** What of the warnings is more than how a player ends, and how one catches up. */
export const complaintsOf = (warnings: readonly string[], stream: keyof typeof DECODERS): string[] =>
  warnings.filter(
    (line) => !ENDING.test(line) && !NOT_WANTED.test(line) && !NOT_YET.test(line) && !(stream !== 'mjpeg' && CAUGHT_UP.test(line)),
  );
