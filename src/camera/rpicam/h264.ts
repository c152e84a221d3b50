import { AppError } from '../../core/errors.ts';
import { h264Level } from '../../frames/h264-level.ts';
import { X264_THREADS, X264_TOOLS } from '../../frames/x264.ts';
import { H264Trial } from '../h264-trial.ts';
import type { CameraSettings } from '../settings.ts';
import type { VideoSettings } from '../source.ts';
import { rpicamFrameRate } from './arguments.ts';
import { isOnPi5, type RpicamCamera } from './list.ts';
import { isSince, type Release } from './version.ts';

/**
 * The ways in which rpicam-vid makes H.264: with the encoder of a Pi Zero to 4, or with libx264, for which releases before 1.6 need
 * more words.
 */
export type H264Way = 'hardware' | 'libx264' | 'libx264-in-words';

/** Returns the name of what encodes, for people. */
export const encoderName = (way: H264Way): string => (way === 'hardware' ? 'the encoder of the Pi' : 'libx264');

/** The largest picture that the encoder of a Pi Zero to 4 takes, pixels. */
const HARDWARE_MOST = { width: 1920, height: 1080 };
/** The options that `--low-latency` stands for. */
const LOW_LATENCY = 'preset=ultrafast;tune=zerolatency;bf=0;thread_type=slice';

/** The next step for the user where rpicam-vid lacks the encoder of libav. */
export const INSTALL =
  'Install it and start again: `sudo apt install rpicam-apps-encoder` (Raspberry Pi OS Trixie) or `sudo apt install rpicam-apps` (Bookworm). Or set camera.encoding: mjpeg.';

/** Returns the pictures per second to capture for H.264, of which none can be left out afterwards. */
export const h264FrameRate = (settings: CameraSettings): number => rpicamFrameRate(settings, false);

/** Returns the option for the level: the encoder of the Pi keeps to level 4 unless it is told another one, and rpicam-vid takes these. */
function hardwareLevel({ width, height, fps }: CameraSettings, { bitrate, profile }: VideoSettings): string[] {
  const level = Number(h264Level({ width, height, fps, bitrate, profile }));
  if (level <= 4) return [];
  return ['--level', level > 4.1 ? '4.2' : '4.1'];
}

/** Returns the arguments that tell rpicam-vid of its encoder. */
export function h264Arguments(way: H264Way, settings: CameraSettings, video: VideoSettings): string[] {
  const { bitrate, keyframeInterval, profile } = video;
  const rate = String(Math.round(bitrate * 1000));
  const intra = String(Math.max(1, Math.round(keyframeInterval * h264FrameRate(settings))));
  const common = ['--bitrate', rate, '--intra', intra];
  if (way === 'hardware') return ['--codec', 'h264', '--inline', '--profile', profile, ...hardwareLevel(settings, video), ...common];
  const inWords = way === 'libx264-in-words';
  const options = [
    ...(inWords ? [LOW_LATENCY] : []),
    `threads=${X264_THREADS}`,
    `maxrate=${rate}`,
    `bufsize=${rate}`,
    ...Object.entries(X264_TOOLS[profile]).map(([name, value]) => `${name}=${value}`),
  ].join(';');
  return [
    ...['--codec', 'libav', '--libav-video-codec', 'libx264', '--libav-format', 'flv', '--libav-video-codec-opts', options],
    ...(inWords ? [] : ['--low-latency']),
    ...common,
  ];
}

/** Returns why there is no H.264, where a line of rpicam-vid says so; undefined: it says something else. */
function refusalIn(line: string): { readonly why: string; readonly hint?: string } | undefined {
  if (/Unrecognised codec libav|Unable to find an appropriate H\.264 codec|libav: cannot find video encoder/i.test(line))
    return { why: 'it has no encoder for H.264', hint: INSTALL };
  if (/failed to open V4L2 H264 encoder/.test(line)) return { why: 'the encoder of this Pi cannot be opened (/dev/video11)' };
  if (/unrecognised option '--(?:libav|low-latency|inline)|libav: (?:codec option error|cannot allocate output context)/.test(line))
    return { why: 'this release cannot write it to a program', hint: UPDATE };
  return undefined;
}

const UPDATE = 'Update rpicam-apps (`sudo apt full-upgrade`) and start again. Or set camera.encoding: mjpeg.';

/**
 * Least time between two times that the clock is set back and all is well, milliseconds: it is set by hand, or by the network soon
 * after the start.
 */
const SELDOM_MS = 10_000;

/**
 * Keeps the ways in which a camera may give H.264: those that its program and the machine promise, less those that a capture has
 * shown not to work. Shared by all sources of one camera.
 */
export class H264Ways {
  #left: readonly H264Way[];
  /** When the clock was last set back, monotonic milliseconds. */
  #setBackAt = Number.NEGATIVE_INFINITY;
  readonly #trials = new Map<H264Way, H264Trial>();

  /** @param program name of the capture program, "rpicam-vid" */
  constructor(
    private readonly program: string,
    sensor: RpicamCamera,
    { version, libav }: Release,
  ) {
    const inWords: readonly H264Way[] = isSince(version, '1.4.4') ? ['libx264-in-words'] : [];
    const libx264: readonly H264Way[] = isSince(version, '1.6') ? ['libx264'] : inWords;
    // A release before 1.9 does not say whether it has libav.
    this.#left = [...(isOnPi5(sensor) ? [] : (['hardware'] as const)), ...(libav === false ? [] : libx264)];
    if (this.#left.length > 0) return;
    this.#reason =
      libav === false ? this.#explain('it has no encoder for H.264', INSTALL) : this.#explain('this release is too old', UPDATE);
  }

  #reason: AppError | undefined;

  /** Why there is no way, once there is none; undefined before that. */
  get reason(): AppError | undefined {
    return this.#reason;
  }

  /** Returns the best way for a picture of this size; undefined: there is none. */
  bestFor({ width, height }: Pick<CameraSettings, 'width' | 'height'>): H264Way | undefined {
    const fits = width <= HARDWARE_MOST.width && height <= HARDWARE_MOST.height;
    return this.#left.find((way) => way !== 'hardware' || fits);
  }

  /** Returns why {@link bestFor} finds none (CAMERA_H264). */
  whyNot(): AppError {
    const { width, height } = HARDWARE_MOST;
    return (
      this.#reason ??
      this.#explain(
        `the encoder of this Pi takes no more than ${width}x${height} pixels`,
        'Set camera.width and camera.height smaller, or camera.encoding: mjpeg.',
      )
    );
  }

  /**
   * Notes that the clock was set back, which ended a capture. Returns whether the capture may be started again at once: not where
   * that happens all the time, and something else may be wrong.
   *
   * @param at when that was, monotonic, milliseconds
   */
  isSeldom(at: number): boolean {
    const isSeldom = at - this.#setBackAt >= SELDOM_MS;
    this.#setBackAt = at;
    return isSeldom;
  }

  /** Returns what finds out whether this way works; the same for all captures. */
  trial(way: H264Way): H264Trial {
    const trial = this.#trials.get(way) ?? new H264Trial();
    this.#trials.set(way, trial);
    return trial;
  }

  /**
   * Notes that a capture has ended before its first picture. Where that shows that this way does not work, returns what the user
   * should know (CAMERA_H264); from then on there is another way, or none.
   *
   * @param line of the program that says why; undefined: it said nothing of it
   */
  failed(way: H264Way, line: string | undefined, error: AppError): AppError | undefined {
    const refusal = line === undefined ? undefined : refusalIn(line);
    if (!this.#left.includes(way) || !this.trial(way).hasFailed(error, refusal !== undefined)) return undefined;
    this.#left = this.#left.filter((each) => each !== way);
    const reason = this.#explain(refusal?.why ?? error.message.replace(/\.$/, ''), refusal?.hint);
    if (this.#left.length === 0) this.#reason = reason;
    return reason;
  }

  #explain(why: string, hint?: string): AppError {
    // The encoder of the Pi is tried first: where it is left over, the picture is too large for it.
    const instead = this.#left.some((way) => way !== 'hardware')
      ? 'Libx264 is tried instead'
      : 'It gives JPEGs, and ffmpeg makes the H.264 of them';
    const message = `${this.program} cannot give H.264 (camera.encoding): ${why}. ${instead}.`;
    return new AppError('CAMERA_H264', message, hint === undefined ? {} : { hint });
  }
}

/** Returns whether a line is one that {@link H264Ways.failed} wants to see. */
export const isRefusal = (line: string): boolean => refusalIn(line) !== undefined;

/** Returns whether libav says with a line that it dies of a clock that was set back: its times have to grow. */
export const isClockSetBack = (line: string): boolean => /non monotonically increasing dts/.test(line);
