import { join } from 'node:path';
import type { AppError } from '../../core/errors.ts';
import { directoryError, readOwnFile, writeFileAtomically } from '../../core/files.ts';
import type { Logger } from '../../core/log.ts';
import { toAscii } from '../ascii.ts';
import type { SourceOffers } from '../offers.ts';
import { captureProgram } from '../program-source.ts';
import type { CameraSettings, SettingName } from '../settings.ts';
import type { Capture, CaptureEvents, Source } from '../source.ts';
import { rpicamArguments, rpicamFrameRate, rpicamUnsupported } from './arguments.ts';
import type { RpicamCamera } from './list.ts';
import { isRoutine, type Meaning, readMessage } from './messages.ts';
import { rpicamNotices, withoutFocus } from './notices.ts';
import { rpicamOffers } from './offers.ts';

export interface RpicamOptions {
  /** Path of rpicam-vid or libcamera-vid. */
  readonly program: string;
  /** The camera as `--list-cameras` shows it. */
  readonly sensor: RpicamCamera;
  /** A directory for the post-processing file. */
  readonly workDir: string;
  readonly searchPath: string;
}

/** The Raspberry Pi camera, by rpicam-vid. */
export class RpicamSource implements Source {
  readonly kind = 'rpicam';
  readonly description: string;
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
    const camera = sensor.index;
    return captureProgram(
      {
        command: program,
        args: rpicamArguments(this.settings, camera, this.settings.annotate ? this.#annotateFile(events) : undefined),
        searchPath,
        readLine: (line) => this.#read(line),
        isRoutine,
        stopSignals: STOP_SIGNALS,
        log: this.deps.log,
      },
      events,
    );
  }

  /** A picture without its text is better than none. */
  #annotateFile(events: CaptureEvents): string | undefined {
    const { workDir } = this.options;
    try {
      return writeAnnotateFile(workDir, this.settings.annotate);
    } catch (error) {
      events.notice(directoryError(`The picture goes without its text, which cannot be written to ${workDir}`, error));
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

/**
 * SIGTERM ends it in some 10 ms, where after SIGINT it drains its encoder first for up to half a second, and hears nothing while
 * the sensor is silent. No release needs SIGINT: it is there to close files properly, and pictures on a pipe are not lost.
 */
const STOP_SIGNALS = ['SIGTERM'] as const;

/** annotate_cv has room for 256 bytes, the last of them a zero. */
const ANNOTATE_CHARACTERS = 255;

/** Ours has 150, and up to 256 characters of text. */
const MAX_ANNOTATE_BYTES = 64 * 1024;

/** The text goes in through a file: post-processing has no option on the command line. White on a light shadow, as annotate_cv draws it. */
function writeAnnotateFile(dir: string, text: string): string {
  const file = join(dir, 'annotate.json');
  const stage = {
    annotate_cv: { text: toAscii(text).slice(0, ANNOTATE_CHARACTERS), fg: 255, bg: 0, scale: 1.0, thickness: 2, alpha: 0.3 },
  };
  const content = `${JSON.stringify(stage)}\n`;
  // One that is there is good on a read-only disk too, and spares the card.
  if (contentOf(file) !== content) writeFileAtomically(file, content);
  return file;
}

function contentOf(file: string): string | undefined {
  try {
    return readOwnFile(file, { maxBytes: MAX_ANNOTATE_BYTES })?.text;
  } catch {
    return undefined;
  }
}
