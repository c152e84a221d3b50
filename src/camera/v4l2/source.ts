import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { unsupportedSettings } from '../defaults.ts';
import { captureH264 } from '../h264-capture.ts';
import { FlvOutput, type OnPicture } from '../h264-output.ts';
import type { H264Trial } from '../h264-trial.ts';
import { ANY_QUALITY, HIGHEST_FPS, type SourceOffers, usualSizes } from '../offers.ts';
import { captureProgram, type ProgramCapture } from '../program-source.ts';
import { ANNOTATE_POSITIONS, type CameraSettings, type SettingName } from '../settings.ts';
import type { Capture, CaptureEvents, Source, SourceEncoding } from '../source.ts';
import type { ControlSetter } from './controls.ts';
import { drawText } from './draw-text.ts';
import type { VideoFormat } from './formats.ts';
import type { WebcamImaging } from './imaging.ts';
import { isRoutine, readFfmpegMessage } from './messages.ts';

/** The webcam, what it offers, and what is wanted of it besides its settings. */
export interface V4l2Options {
  /** Path of ffmpeg. */
  readonly ffmpeg: string;
  /** "/dev/video0" */
  readonly device: string;
  /** The driver's name for it, if known. */
  readonly name?: string;
  /** The formats that it offers. */
  readonly formats: readonly VideoFormat[];
  /** Whether this ffmpeg can draw a text; an error: it did not tell. */
  readonly drawsText: boolean | AppError;
  /** Its controls, and what sets them; undefined without v4l2-ctl. */
  readonly controlled?: WebcamControls | undefined;
  /** Where programs are looked up, as in PATH. */
  readonly searchPath: string;
  /** What is known of its H.264; undefined: JPEGs are wanted. */
  readonly h264?: WebcamH264 | undefined;
  readonly log: Logger;
}

/** What is known of a webcam's controls. */
export interface WebcamControls {
  readonly imaging: WebcamImaging;
  /** Why they are not known, and there seem to be none. */
  readonly untold?: AppError | undefined;
  readonly setter: ControlSetter;
}

/** What captures have shown of a webcam's H.264. Shared by all its sources. */
export interface WebcamH264 {
  /** Finds out whether its H.264 can be had. */
  readonly trial: H264Trial;
  /** Why it cannot be had, once that is known. */
  failure?: string;
}

/** Largest size on offer of a device that takes any, pixels. */
const LARGEST_ANY = { width: 1920, height: 1080 };

/** Settings that are done where pictures are encoded anyway: for the sake of a text alone, a Pi would spend much of a core. */
const ANNOTATION = ['annotate', 'annotatePosition'] as const;
const ANNOTATIONS: ReadonlySet<SettingName> = new Set(ANNOTATION);

/** Settings for which webcams may have controls. */
const CONTROLLABLE: ReadonlySet<SettingName> = new Set<SettingName>([
  ...(['brightness', 'contrast', 'saturation', 'sharpness', 'awb', 'shutter', 'gain', 'autofocus', 'lensPosition'] as const),
]);
const NO_PROGRAM = 'A webcam may be able to do it, by the program v4l2-ctl: `sudo apt install v4l-utils`.';

/** Settings that every webcam can do, since ffmpeg does what it does not. */
const GEOMETRY = ['width', 'height', 'fps', 'rotation', 'hflip', 'vflip', 'extraArgs'] as const;

/** Returns whether the webcam's own JPEGs can go through untouched. */
export const copiesJpeg = (settings: CameraSettings, formats: readonly VideoFormat[]): boolean =>
  formats.some((format) => format.name === 'mjpeg') && filters(settings).length === 0;

/** Returns ffmpeg's filters: flips first, then the rotation, as with every source. */
function filters(settings: CameraSettings): string[] {
  const rotate = { 0: [], 90: ['transpose=clock'], 180: ['hflip', 'vflip'], 270: ['transpose=cclock'] }[settings.rotation];
  return [...(settings.hflip ? ['hflip'] : []), ...(settings.vflip ? ['vflip'] : []), ...rotate];
}

/** Returns ffmpeg's JPEG quantiser scale, 2 (best) to 31, for a quality of 1 to 100. */
const quantiserScale = (quality: number) => Math.max(2, Math.min(31, Math.round(2 + ((100 - quality) * 29) / 99)));

/** Lets ffmpeg read the parameter sets before it passes the first picture on, but not find out the rate. Microseconds. */
const PROBE = ['-fpsprobesize', '0', '-analyzeduration', '1000000'];

/**
 * Returns the arguments of an ffmpeg that passes on the webcam's own H.264 in FLV, which tells the end and the time of each
 * picture. `nobuffer` is left out: it loses the first key frame.
 */
export const h264Arguments = (settings: CameraSettings, device: string): string[] => [
  ...['-hide_banner', '-nostdin', '-loglevel', 'warning', ...PROBE, '-f', 'v4l2', '-input_format', 'h264'],
  ...['-framerate', String(settings.fps), '-video_size', `${settings.width}x${settings.height}`, ...settings.extraArgs, '-i', device],
  ...['-an', '-c:v', 'copy', '-flush_packets', '1', '-flvflags', 'no_duration_filesize', '-f', 'flv', 'pipe:1'],
];

/** Returns why the webcam's own H.264 cannot be had; undefined: it can. */
function whyNoH264({ formats, h264 }: V4l2Options, settings: CameraSettings): string | undefined {
  const names = formats.map((format) => format.name);
  if (!names.includes('h264')) return `its formats are ${names.join(', ')}`;
  if (filters(settings).length > 0 || settings.annotate !== '') return 'its pictures are turned, mirrored or given a text here';
  return h264?.failure;
}

/**
 * Returns the arguments of an ffmpeg that writes JPEGs back to back: the webcam's own where nothing has to be done to them, else
 * encoded.
 */
export function v4l2Arguments(settings: CameraSettings, device: string, formats: readonly VideoFormat[]): string[] {
  const args = ['-hide_banner', '-nostdin', '-loglevel', 'warning', '-fflags', 'nobuffer', '-thread_type', 'slice', '-f', 'v4l2'];
  if (formats.some((format) => format.name === 'mjpeg')) args.push('-input_format', 'mjpeg');
  args.push('-framerate', String(settings.fps), '-video_size', `${settings.width}x${settings.height}`);
  args.push(...settings.extraArgs, '-i', device, '-an');
  if (copiesJpeg(settings, formats)) args.push('-c:v', 'copy');
  else {
    // Standard Huffman tables and 4:2:0, so that RTP/JPEG (RFC 2435) can carry the pictures.
    args.push(
      '-vf',
      [`fps=${settings.fps}`, ...filters(settings), ...(settings.annotate === '' ? [] : [drawText(settings)])].join(','),
      '-c:v',
      'mjpeg',
      '-thread_type',
      'slice',
    );
    args.push('-q:v', String(quantiserScale(settings.quality)), '-huffman', 'default', '-pix_fmt', 'yuvj420p');
  }
  return [...args, '-flush_packets', '1', '-f', 'mjpeg', 'pipe:1'];
}

/** A V4L2 webcam, through ffmpeg: its own H.264 or JPEGs where they can be had, encoded otherwise. */
export class V4l2Source implements Source {
  readonly kind = 'v4l2';
  readonly description: string;
  readonly encoding: SourceEncoding;
  readonly encoder: string | undefined;
  readonly encodesAsItLikes = true;
  readonly notices: readonly AppError[];
  /** Webcams pick the nearest rate they have, which may be higher than the one asked for. */
  readonly captureFps = undefined;
  readonly unsupported: readonly SettingName[];
  readonly unsupportedHint: string | undefined;
  readonly untold: AppError | undefined;
  readonly offers: SourceOffers;

  constructor(
    private readonly options: V4l2Options,
    private readonly settings: CameraSettings,
  ) {
    const { device, name, formats, controlled } = options;
    this.description = name ? `${device} (${name})` : device;
    const why = options.h264 && whyNoH264(options, settings);
    this.encoding = options.h264 && why === undefined ? 'H264' : 'JPEG';
    this.notices = why === undefined ? [] : [withoutH264(this.description, why)];
    const isH264 = this.encoding === 'H264';
    this.encoder = isH264 ? 'the webcam' : undefined;
    // A JPEG that goes through untouched has the webcam's own quality.
    const encodes = isH264 || !copiesJpeg(settings, formats);
    const mayDraw = encodes && !isH264;
    const draws = mayDraw && options.drawsText === true;
    const supported: SettingName[] = [...GEOMETRY, ...(encodes ? (['quality'] as const) : []), ...(draws ? ANNOTATION : [])];
    this.unsupported = unsupportedSettings(settings, new Set([...supported, ...(controlled?.imaging.supported ?? [])]));
    this.unsupportedHint = !controlled && this.unsupported.some((name) => CONTROLLABLE.has(name)) ? NO_PROGRAM : undefined;
    this.untold = untoldOf(this.unsupported, options, mayDraw);
    const sizes =
      (formats.find((format) => format.name === (isH264 ? 'h264' : 'mjpeg')) ?? formats[0])?.sizes.map(([width, height]) => ({
        width,
        height,
      })) ?? [];
    this.offers = {
      sizes: usualSizes(sizes.length > 0 ? { width: 0, height: 0 } : LARGEST_ANY, [
        ...sizes,
        { width: settings.width, height: settings.height },
      ]),
      fps: { min: 1, max: HIGHEST_FPS },
      quality: encodes ? ANY_QUALITY : undefined,
      imaging: controlled?.imaging.offers,
      annotate: draws ? { positions: ANNOTATE_POSITIONS } : undefined,
    };
  }

  /** Sets the webcam's controls where that is needed, then starts ffmpeg. */
  start(events: CaptureEvents): Capture {
    const { controlled } = this.options;
    const pending = controlled?.setter.pending(controlled.imaging.values(this.settings)) ?? [];
    if (pending.length === 0) return this.#capture(events);
    // Before the first picture, so that none shows the settings before.
    let stopped = false;
    const started = controlled!.setter.write(pending).then((refusal) => {
      if (stopped) return undefined;
      if (refusal !== undefined) events.notice(new AppError('SETTING_UNSUPPORTED', `${this.description} does not take ${refusal}.`));
      return this.#capture(events);
    });
    return {
      stop: async (frozen) => {
        stopped = true;
        await (await started)?.stop(frozen);
      },
    };
  }

  #capture(events: CaptureEvents): Capture {
    const { device, formats, h264 } = this.options;
    if (this.encoding === 'JPEG' || !h264) return captureProgram(this.#program(v4l2Arguments(this.settings, device, formats)), events);
    const failure = (error: AppError): AppError | undefined => {
      if (!h264.trial.hasFailed(error, false)) return undefined;
      h264.failure = error.message.replace(/\.$/, '');
      return withoutH264(this.description, h264.failure);
    };
    const ended = (error: AppError, gave: boolean) => {
      const reason = gave ? undefined : failure(error);
      if (reason) events.again(reason);
      else events.ended(error);
    };
    const silent = (error: AppError) => {
      const reason = failure(error);
      if (reason) this.options.log.warn(`${reason.message} ${reason.hint}`, { code: reason.code });
    };
    const output = (onPicture: OnPicture) =>
      new FlvOutput((picture, ownTime) => {
        h264.trial.works();
        onPicture(picture, ownTime);
      });
    return captureH264({ program: this.#program(h264Arguments(this.settings, device)), output, ended, silent }, events);
  }

  #program(args: readonly string[]): ProgramCapture {
    const { ffmpeg, device, searchPath } = this.options;
    return { command: ffmpeg, args, searchPath, readLine: (line) => readFfmpegMessage(line, device), isRoutine, log: this.options.log };
  }
}

/** Returns the error of a program that did not tell, where nothing but that keeps the webcam from doing what it does not support. */
function untoldOf(unsupported: readonly SettingName[], { drawsText, controlled }: V4l2Options, mayDraw: boolean): AppError | undefined {
  const text = mayDraw && typeof drawsText !== 'boolean' ? drawsText : undefined;
  const reasons = unsupported.map((name) => (CONTROLLABLE.has(name) ? controlled?.untold : ANNOTATIONS.has(name) ? text : undefined));
  return reasons.includes(undefined) ? undefined : reasons[0];
}

const withoutH264 = (description: string, why: string): AppError =>
  new AppError(
    'CAMERA_H264',
    `${description} gives no H.264 of its own (camera.encoding): ${why}. It gives JPEGs, and ffmpeg makes the H.264 of them.`,
  );
