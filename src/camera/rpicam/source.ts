import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../../core/log.ts';
import { captureProgram } from '../program-source.ts';
import type { CameraSettings, SettingName } from '../settings.ts';
import type { Capture, CaptureEvents, Source } from '../source.ts';
import { rpicamArguments, rpicamFrameRate, rpicamUnsupported } from './arguments.ts';
import { readMessage } from './messages.ts';

export interface RpicamOptions {
  /** Path of rpicam-vid or libcamera-vid. */
  readonly program: string;
  /** Index as in `--list-cameras`. */
  readonly camera: number;
  /** Sensor name, if known. */
  readonly model?: string;
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
  readonly #name: string;

  constructor(
    private readonly options: RpicamOptions,
    private readonly settings: CameraSettings,
    private readonly deps: { log: Logger },
  ) {
    this.#name = options.program.split('/').at(-1)!;
    this.description = `${this.#name}, camera ${options.camera}${options.model ? ` (${options.model})` : ''}`;
    this.captureFps = rpicamFrameRate(settings);
    this.unsupported = rpicamUnsupported(settings);
  }

  start(events: CaptureEvents): Capture {
    const { program, camera, workDir, searchPath } = this.options;
    return captureProgram(
      {
        command: program,
        args: rpicamArguments(
          this.settings,
          camera,
          this.settings.annotate ? writeAnnotateFile(workDir, this.settings.annotate) : undefined,
        ),
        searchPath,
        readLine: (line) => readMessage(line, this.#name, camera),
        log: this.deps.log,
      },
      events,
    );
  }
}

/** The text goes in through a file: post-processing has no option on the command line. White on a light shadow, as annotate_cv draws it. */
function writeAnnotateFile(dir: string, text: string): string {
  const file = join(dir, 'annotate.json');
  const stage = { annotate_cv: { text, fg: 255, bg: 0, scale: 1.0, thickness: 2, alpha: 0.3 } };
  writeFileSync(file, `${JSON.stringify(stage)}\n`, { mode: 0o600 });
  return file;
}
