import { type AppError, messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { Sensed } from '../../frames/sensed.ts';
import { directoryError } from '../../platform/files.ts';
import type { SourceOffers } from '../offers.ts';
import { captureProgram } from '../program-source.ts';
import type { CameraSettings, SettingName } from '../settings.ts';
import type { Capture, CaptureEvents, MotionWatch, Source } from '../source.ts';
import { rpicamArguments, rpicamFrameRate, rpicamUnsupported } from './arguments.ts';
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
}

/** The Raspberry Pi camera, by rpicam-vid. */
export class RpicamSource implements Source {
  readonly kind = 'rpicam';
  readonly description: string;
  readonly encoding = 'JPEG';
  readonly captureFps: number;
  readonly unsupported: readonly SettingName[];
  readonly notices: readonly AppError[];
  readonly offers: SourceOffers;
  readonly #name: string;

  constructor(
    private readonly options: RpicamOptions,
    private readonly settings: CameraSettings,
    private readonly deps: { log: Logger },
  ) {
    this.#name = options.program.split('/').at(-1)!;
    this.description = `${this.#name}, camera ${options.sensor.index} (${options.sensor.model})`;
    this.captureFps = rpicamFrameRate(settings);
    this.unsupported = rpicamUnsupported(settings);
    this.notices = rpicamNotices(settings, options.sensor);
    this.offers = rpicamOffers(options.sensor, settings);
  }

  start(events: CaptureEvents): Capture {
    const { program, sensor, searchPath } = this.options;
    const file = this.#postProcessFile(events);
    const metadata = this.#metadata(events);
    const more = [
      ...(file !== undefined && this.#looksForMotion ? ['--lores-width', String(LORES.width), '--lores-height', String(LORES.height)] : []),
      ...(metadata ? ['--metadata', metadata.path, '--metadata-format', 'txt'] : []),
    ];
    const capture = captureProgram(
      {
        command: program,
        args: rpicamArguments(this.settings, sensor.index, file, more),
        searchPath,
        readLine: (line) => {
          const sensed = readSensed(line);
          if (sensed) events.sensed?.(sensed);
          return sensed ? undefined : this.#read(line);
        },
        isRoutine,
        stopSignals: STOP_SIGNALS,
        log: this.deps.log,
      },
      {
        ...events,
        ended: (error) => {
          metadata?.close();
          events.ended(error);
        },
      },
    );
    return {
      async stop(frozen) {
        await capture.stop(frozen);
        metadata?.close();
      },
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

  /** What rpicam-vid knows of the light, where somebody wants to know it. */
  #metadata(events: CaptureEvents): MetadataPipe | undefined {
    const { exposure, extraArgs } = this.settings;
    // `auto-night` is `night` as long as it is dark.
    const isWanted = exposure === 'auto-night' || exposure === 'night' || this.#looksForMotion;
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
