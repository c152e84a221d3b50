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

/** The camera, its program, and what is wanted of it besides its settings. */
export interface RpicamOptions {
  /** Path of rpicam-vid or libcamera-vid. */
  readonly program: string;
  /** The camera as `--list-cameras` shows it. */
  readonly sensor: RpicamCamera;
  /** Directory for the post-processing file and the pipe of the metadata. */
  readonly workDir: string;
  /** Where programs are looked up, as in PATH. */
  readonly searchPath: string;
  /** The motion to look for in the small picture; undefined: none. */
  readonly motion?: MotionWatch | undefined;
  /** Whether somebody wants to know how sharp the pictures are; default false. */
  readonly wantsFocus?: boolean | undefined;
  /** What H.264 is wanted, and how it may be had; undefined: JPEGs are wanted. */
  readonly h264?: { readonly video: VideoSettings; readonly ways: H264Ways } | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The Raspberry Pi camera, through rpicam-vid. */
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

  /** Starts rpicam-vid, in a way that gives what is wanted. */
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
          return way === 'hardware' ? new AnnexBOutput(take, this.captureFps, this.options.clock) : new FlvOutput(take);
        },
        ended: (error, gave) => {
          const other = gave ? undefined : ways.failed(way, refusal, error);
          if (other) events.again(other);
          else if (gave && clockSetBack && ways.isSeldom(this.options.clock.monotonic())) events.again(setBack(this.#name));
          else events.ended(gave && clockSetBack ? setBack(this.#name) : error);
        },
        silent: (error) => {
          // Without its sensor it gives no JPEGs either.
          const other = sensorLost ? undefined : ways.failed(way, refusal, error);
          if (other) this.options.log.warn(`${other.message} ${other.hint}`, { code: other.code });
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
      log: this.options.log,
    };
  }

  /** Whether rpicam-vid is to look for motion. The small picture must fit into the large one, and the user's own options go before. */
  get #looksForMotion(): boolean {
    const { width, height, extraArgs } = this.settings;
    const isFree = ['--post-process-file', '--lores-width', '--lores-height'].every((option) => timesGiven(option, extraArgs) === 0);
    return this.options.motion !== undefined && isFree && width >= LORES.width && height >= LORES.height;
  }

  /**
   * Returns the path of the file with the stages; undefined: there are none, or it cannot be written. A picture without its text is
   * better than none, and motion is then looked for elsewhere.
   */
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

  /** Returns what reads the light and the focus from rpicam-vid, where somebody wants to know them. */
  #metadata(events: CaptureEvents): MetadataPipe | undefined {
    const { exposure, extraArgs } = this.settings;
    // Beside libav rpicam-vid dies of its metadata.
    if (this.#way !== undefined && this.#way !== 'hardware') return undefined;
    // `auto-night` is `night` as long as it is dark.
    const isWanted = exposure === 'auto-night' || exposure === 'night' || this.#looksForMotion || this.options.wantsFocus === true;
    if (!isWanted || ['--metadata', '--metadata-format'].some((option) => timesGiven(option, extraArgs) > 0)) return undefined;
    try {
      return new MetadataPipe(makeMetadataFifo(this.options.workDir), (light) => events.sensed?.(light));
    } catch (error) {
      this.options.log.debug(`no metadata of the camera: ${messageOf(error)}`);
      return undefined;
    }
  }

  #read(line: string): Meaning | undefined {
    const { extraArgs } = this.settings;
    const meaning = readMessage(line, { program: this.#name, camera: this.options.sensor.index, extraArgs });
    // libcamera says this of a lens drive that it offers but that the tuning file does not know.
    if (!meaning && /Could not set (?:AF_MODE|LENS_POSITION)/.test(line)) {
      const error = withoutFocus(this.settings, 'this system has no autofocus for its sensor');
      return error && { error, fatal: false };
    }
    return meaning;
  }
}

const setBack = (program: string): AppError =>
  new AppError('CLOCK_SET_BACK', `The clock of this machine was set back, which ended ${program}; it is started again.`);

/** Returns what the stage motion_detect says with a line: once that it looks, and then whenever something begins to move or stops. */
function readSensed(line: string): Sensed | undefined {
  if (/^Lores: \d+x\d+ roi: /.test(line)) return { kind: 'watching' };
  const [, what, region = ''] = /^Motion (detected|stopped)(?: in region (.+))?$/.exec(line) ?? [];
  return what === undefined ? undefined : { kind: 'motion', region, moving: what === 'detected' };
}

/**
 * The signals that rpicam-vid is stopped with. SIGTERM ends it in some 10 ms; after SIGINT it would drain its encoder for up to half
 * a second, and hear nothing while the sensor is silent. SIGINT serves to close files properly, which a pipe does not need.
 */
const STOP_SIGNALS = ['SIGTERM'] as const;
