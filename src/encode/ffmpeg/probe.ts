import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { Size } from '../../frames/size.ts';
import { findProgram } from '../../platform/programs.ts';
import { runProgram } from '../../platform/run-program.ts';
import { type Codec, codecArguments, type EncodingPlan } from './arguments.ts';

/** The encoders that work on this machine; at least one does. */
export interface EncoderChoice {
  /** Path of ffmpeg. */
  readonly ffmpeg: string;
  /** Whether the hardware encoder (h264_v4l2m2m) works. */
  readonly hardware: boolean;
  /** Whether libx264 works. */
  readonly software: boolean;
}

/** What {@link probeEncoder} looks for, and where. */
export interface ProbeOptions {
  /** Path of ffmpeg; undefined: it is looked up in `searchPath`. */
  readonly ffmpeg: string | undefined;
  /** The only encoder that may be used; `auto`: any. */
  readonly wanted: Codec | 'auto';
  /** Where programs are looked up, as in PATH. */
  readonly searchPath: string;
  readonly log: Logger;
  /** Ends the trial, of which nothing is then found to work. */
  readonly signal?: AbortSignal;
}

/** The encoders that work; or why there are none, and whether that is `undecided`: a trial came to no end of its own, another may. */
export type Probed = { readonly ok: EncoderChoice } | { readonly error: AppError; readonly undecided: boolean };

/** Time for the trial of one encoder, milliseconds; a Pi Zero needs a few seconds. */
const TRIAL_TIMEOUT_MS = 20_000;
const TRIAL_PICTURES = 10;
const TRIAL_SIZE: Size = { width: 640, height: 480 };
const TRIAL_FPS = 15;
/** The largest picture that the Pi's hardware encoder takes, pixels. */
const HARDWARE_LARGEST: Size = { width: 1920, height: 1088 };

/** Returns the encoder for pictures of a size: the hardware's where it can, or where there is no other. */
export function codecFor({ hardware, software }: EncoderChoice, { width, height }: Size): Codec {
  const fits = width <= HARDWARE_LARGEST.width && height <= HARDWARE_LARGEST.height;
  return hardware && (fits || !software) ? 'h264_v4l2m2m' : 'libx264';
}

/**
 * Finds out, by letting each encode a few pictures, which H.264 encoders work on this machine, and says so in the log.
 * The error is H264_UNAVAILABLE: no ffmpeg, or one without an encoder that works.
 */
export async function probeEncoder(options: ProbeOptions): Promise<Probed> {
  const { wanted, searchPath, log } = options;
  const ffmpeg = options.ffmpeg ?? findProgram('ffmpeg', searchPath);
  if (ffmpeg === undefined)
    return { error: new AppError('H264_UNAVAILABLE', 'There is no H.264: ffmpeg is not installed.'), undecided: false };
  const trial = async (codec: Codec) => (wanted === 'auto' || wanted === codec ? tryCodec(ffmpeg, codec, options) : UNWANTED);
  // At once, since most of the time of each goes by until ffmpeg is loaded.
  const [hardware, software] = await Promise.all([trial('h264_v4l2m2m'), trial('libx264')]);
  log.debug('H.264 encoders tried', { h264_v4l2m2m: hardware.said, libx264: software.said });
  if (!hardware.works && !software.works) {
    return {
      undecided: hardware.undecided || software.undecided,
      error: new AppError(
        'H264_UNAVAILABLE',
        `There is no H.264: ${ffmpeg} has no encoder that works (${wanted === 'h264_v4l2m2m' ? `${wanted}: ${hardware.said}` : `libx264: ${software.said}`}).`,
        {
          hint: "Install the system's own ffmpeg, which has libx264, `sudo apt install --reinstall ffmpeg`, and start again. MJPEG works without it.",
        },
      ),
    };
  }
  log.info(hardware.works ? 'H.264 by the hardware encoder (h264_v4l2m2m)' : 'H.264 by libx264: no hardware encoder works here', {
    ffmpeg,
  });
  return { ok: { ffmpeg, hardware: hardware.works, software: software.works } };
}

/** What the trial of one encoder showed. */
interface Tried {
  readonly works: boolean;
  /** Whether it came to no end of its own, which says nothing of the encoder. */
  readonly undecided: boolean;
  readonly said: string;
}

const UNWANTED: Tried = { works: false, undecided: false, said: 'not wanted' };

/** Encodes a few pictures of one colour with the very arguments that are used later. Never throws. */
async function tryCodec(ffmpeg: string, codec: Codec, { searchPath, signal }: Pick<ProbeOptions, 'searchPath' | 'signal'>): Promise<Tried> {
  const { width, height } = TRIAL_SIZE;
  const rate = { frameRate: TRIAL_FPS, mostFps: TRIAL_FPS, bitrate: 1000, keyframeInterval: 2 };
  const plan: EncodingPlan = { codec, from: TRIAL_SIZE, to: TRIAL_SIZE, ...rate, profile: 'baseline' };
  const pictures = ['-pix_fmt', 'yuv420p', '-video_size', `${width}x${height}`, '-framerate', String(TRIAL_FPS)];
  const input = ['-f', 'rawvideo', ...pictures, '-i', '/dev/zero'];
  const args = ['-hide_banner', '-nostdin', '-loglevel', 'error', ...input, '-frames:v', String(TRIAL_PICTURES)];
  // framecrc prints one line for each packet.
  args.push(...codecArguments(plan), '-f', 'framecrc', 'pipe:1');
  const { code, stdout, stderr } = await runProgram(ffmpeg, args, { timeoutMs: TRIAL_TIMEOUT_MS, searchPath, signal });
  const packets = stdout.split('\n').filter((line) => /^\d/.test(line)).length;
  const works = code === 0 && packets >= TRIAL_PICTURES;
  const lastLine = stderr.trimEnd().split('\n').at(-1) || `${packets} of ${TRIAL_PICTURES} pictures, exit code ${code}`;
  return { works, undecided: code === null, said: works ? 'works' : lastLine };
}
