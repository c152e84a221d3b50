import type { Clock } from '../../core/clock.ts';
import { AppError, messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { Sensed } from '../../frames/sensed.ts';
import { directoryError } from '../../platform/files.ts';
import { captureH264 } from '../h264-capture.ts';
import { AnnexBOutput, FlvOutput, type OnPicture } from '../h264-output.ts';
import type { SourceOffers } from '../offers.ts';
import { captureProgram, type ProgramCapture } from '../program-source.ts';
import type { CameraSettings, SettingName } from '../settings.ts';
import type { Capture, CaptureEvents, MotionWatch, Source, SourceEncoding, VideoSettings } from '../source.ts';
import { rpicamArguments, rpicamFrameRate, rpicamUnsupported } from './arguments.ts';
import { encoderName, type H264Way, type H264Ways, h264Arguments, h264FrameRate, isClockSetBack, isRefusal } from './h264.ts';
import type { RpicamCamera } from './list.ts';
import { isRoutine, type Meaning, readMessage } from './messages.ts';
import { MetadataPipe, makeMetadataFifo } from './metadata.ts';
import { rpicamNotices, withoutFocus } from './notices.ts';
import { rpicamOffers } from './offers.ts';
import { timesGiven } from './origin.ts';
import { annotateStage, LORES, motionStages, writePostProcessFile } from './post-process.ts';

export interface RpicamOptions {
  /** Path of rpicam-vid or libcamera-vid. */
  readonly program: string;
  /** The camera as `--list-cameras` shows it. */
  readonly sensor: RpicamCamera;
  /** A directory for the post-processing file. */
  readonly workDir: string;
  readonly searchPath: string;
  /** What to look for in the small picture; undefined: nothing. */
  readonly motion?: MotionWatch | undefined;
  /** Whether somebody wants to know how sharp the pictures are. */
  readonly wantsFocus?: boolean | undefined;
  /** What H.264 is wanted, and how it may be had; undefined: JPEGs are wanted. */
  readonly h264?: { readonly video: VideoSettings; readonly ways: H264Ways } | undefined;
}

/** The Raspberry Pi camera, by rpicam-vid. */
export class RpicamSource implements Source {
  readonly kind = 'rpicam';
  readonly description: string;
  readonly encoding: SourceEncoding;
  readonly encoder: string | undefined;
  readonly captureFps: number;
  readonly unsupported: readonly SettingName[];
  readonly notices: readonly AppError[];
  readonly offers: SourceOffers;
  readonly #name: string;
  /** How H.264 is to be made; undefined: JPEGs are. */
  readonly #way: H264Way | undefined;

  constructor(
    private readonly options: RpicamOptions,
    private readonly settings: CameraSettings,
    private readonly deps: { clock: Clock; log: Logger },
  ) {
    this.#name = options.program.split('/').at(-1)!;
    this.description = `${this.#name}, camera ${options.sensor.index} (${options.sensor.model})`;
    const { h264 } = options;
    this.#way = h264?.ways.bestFor(settings);
    this.encoding = this.#way ? 'H264' : 'JPEG';
    this.encoder = this.#way && encoderName(this.#way);
    this.captureFps = this.#way ? h264FrameRate(settings) : rpicamFrameRate(settings);
    this.unsupported = rpicamUnsupported(settings);
    this.notices = [...(h264 && !this.#way ? [h264.ways.whyNot()] : []), ...rpicamNotices(settings, options.sensor)];
    this.offers = rpicamOffers(options.sensor, settings);
  }

  start(events: CaptureEvents): Capture {
    const file = this.#postProcessFile(events);
    const metadata = this.#metadata(events);
    const more = [
      ...(file !== undefined && this.#looksForMotion ? ['--lores-width', String(LORES.width), '--lores-height', String(LORES.height)] : []),
      ...(metadata ? ['--metadata', metadata.path, '--metadata-format', 'txt'] : []),
    ];
    const ended = (error: AppError) => {
      metadata?.close();
      events.ended(error);
    };
    const run = this.#way
      ? this.#startH264(this.#way, file, more, { ...events, ended })
      : this.#startJpeg(file, more, { ...events, ended });
    return {
      async stop(frozen) {
        await run.stop(frozen);
        metadata?.close();
      },
    };
  }

  #startJpeg(file: string | undefined, more: readonly string[], events: CaptureEvents): Capture {
    const args = rpicamArguments(this.settings, this.options.sensor.index, file, more);
    return captureProgram(this.#program(args, events), events);
  }

  #startH264(way: H264Way, file: string | undefined, more: readonly string[], events: CaptureEvents): Capture {
    const { sensor, h264 } = this.options;
    const { video, ways } = h264!;
    const encoder = { args: h264Arguments(way, this.settings, video), frameRate: this.captureFps };
    const trial = ways.trial(way);
    let refusal: string | undefined;
    let clockSetBack = false;
    let sensorLost = false;
    const program = this.#program(rpicamArguments(this.settings, sensor.index, file, more, encoder), events);
    return captureH264(
      {
        program: {
          ...program,
          readLine: (line) => {
            if (isRefusal(line)) refusal ??= line;
            clockSetBack ||= isClockSetBack(line);
            const meaning = program.readLine(line);
            sensorLost ||= meaning?.error.code === 'SENSOR_LOST';
            return meaning;
          },
        },
        output: (onPicture) => {
          const take: OnPicture = (picture, ownTime) => {
            trial.works();
            onPicture(picture, ownTime);
          };
          return way === 'hardware' ? new AnnexBOutput(take, this.captureFps, this.deps.clock) : new FlvOutput(take);
        },
        ended: (error, gave) => {
          const other = gave ? undefined : ways.failed(way, refusal, error);
          if (other) events.again(other);
          else if (gave && clockSetBack && ways.isSeldom(this.deps.clock.monotonic())) events.again(setBack(this.#name));
          else events.ended(gave && clockSetBack ? setBack(this.#name) : error);
        },
        silent: (error) => {
          // Without its sensor it gives no JPEGs either.
          const other = sensorLost ? undefined : ways.failed(way, refusal, error);
          if (other) this.deps.log.warn(`${other.message} ${other.hint}`, { code: other.code });
        },
      },
      events,
    );
  }

  #program(args: readonly string[], events: CaptureEvents): ProgramCapture {
    const { program, searchPath } = this.options;
    return {
      command: program,
      args,
      searchPath,
      readLine: (line) => {
        const sensed = readSensed(line);
        if (sensed) events.sensed?.(sensed);
        return sensed ? undefined : this.#read(line);
      },
      isRoutine,
      stopSignals: STOP_SIGNALS,
      log: this.deps.log,
    };
  }

  /** Whether rpicam-vid is to look for motion: the small picture must fit into the large one, and the user's own options go before. */
  get #looksForMotion(): boolean {
    const { width, height, extraArgs } = this.settings;
    const isFree = ['--post-process-file', '--lores-width', '--lores-height'].every((option) => timesGiven(option, extraArgs) === 0);
    return this.options.motion !== undefined && isFree && width >= LORES.width && height >= LORES.height;
  }

  /** A picture without its text is better than none; motion is then looked for elsewhere. */
  #postProcessFile(events: CaptureEvents): string | undefined {
    const { workDir, motion } = this.options;
    const { annotate } = this.settings;
    const stages = [
      ...(annotate ? [annotateStage(annotate)] : []),
      ...(motion && this.#looksForMotion ? motionStages(motion, this.captureFps) : []),
    ];
    if (stages.length === 0) return undefined;
    try {
      return writePostProcessFile(workDir, stages);
    } catch (error) {
      if (annotate) events.notice(directoryError(`The picture goes without its text, which cannot be written to ${workDir}`, error));
      return undefined;
    }
  }

  /** What rpicam-vid knows of the light and the focus, where somebody wants to know it. */
  #metadata(events: CaptureEvents): MetadataPipe | undefined {
    const { exposure, extraArgs } = this.settings;
    // `auto-night` is `night` as long as it is dark.
    // Beside libav rpicam-vid dies of it.
    if (this.#way !== undefined && this.#way !== 'hardware') return undefined;
    const isWanted = exposure === 'auto-night' || exposure === 'night' || this.#looksForMotion || this.options.wantsFocus === true;
    if (!isWanted || ['--metadata', '--metadata-format'].some((option) => timesGiven(option, extraArgs) > 0)) return undefined;
    try {
      return new MetadataPipe(makeMetadataFifo(this.options.workDir), (light) => events.sensed?.(light));
    } catch (error) {
      this.deps.log.debug(`no metadata of the camera: ${messageOf(error)}`);
      return undefined;
    }
  }

  #read(line: string): Meaning | undefined {
    const { extraArgs } = this.settings;
    const meaning = readMessage(line, { program: this.#name, camera: this.options.sensor.index, extraArgs });
    // A lens drive that the tuning file knows nothing of: libcamera offers the control and says this.
    if (!meaning && /Could not set (?:AF_MODE|LENS_POSITION)/.test(line)) {
      const error = withoutFocus(this.settings, 'this system has no autofocus for its sensor');
      return error && { error, fatal: false };
    }
    return meaning;
  }
}

const setBack = (program: string): AppError =>
  new AppError('CLOCK_SET_BACK', `The clock of this machine was set back, which ended ${program}; it is started again.`);

/** What the stage motion_detect says: once that it looks, and then whenever something begins to move or stops. */
function readSensed(line: string): Sensed | undefined {
  if (/^Lores: \d+x\d+ roi: /.test(line)) return { kind: 'watching' };
  const [, what, region = ''] = /^Motion (detected|stopped)(?: in region (.+))?$/.exec(line) ?? [];
  return what === undefined ? undefined : { kind: 'motion', region, moving: what === 'detected' };
}

/**
 * SIGTERM ends it in some 10 ms, where after SIGINT it drains its encoder first for up to half a second, and hears nothing while
 * the sensor is silent. No release needs SIGINT: it is there to close files properly, and pictures on a pipe are not lost.
 */
const STOP_SIGNALS = ['SIGTERM'] as const;
