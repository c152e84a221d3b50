import { existsSync } from 'node:fs';
import type { Clock } from '../core/clock.ts';
import { AppError, messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { findProgram } from '../core/programs.ts';
import { deniedCameraDevice, permissionError } from './permission.ts';
import type { CameraSettings } from './settings.ts';
import type { Source } from './source.ts';
import type { SourceSpec } from './source-spec.ts';

export interface ResolverOptions {
  readonly spec: SourceSpec;
  readonly settings: CameraSettings;
  /** `camera.rpicamPath`, empty: found by name. */
  readonly rpicamPath: string;
  /** Where programs are looked up, as in PATH. */
  readonly searchPath: string;
  /** A directory for files that a capture program reads. */
  readonly workDir: string;
  /** Root of sysfs, "/sys". */
  readonly sysfs: string;
  /** Root of the devices, "/dev". */
  readonly dev: string;
}

export interface ResolvedSource {
  readonly source: Source;
  /** For `auto`: why this one. */
  readonly reason?: string;
  /** What viewers should know about it. */
  readonly notices: readonly AppError[];
}

/** Makes the source that was found, for any settings. */
type Make = (settings: CameraSettings) => Source;

interface Found {
  readonly make: Make;
  readonly reason?: string;
  /** For the test pattern: what to do about the camera that was not found. */
  readonly hint?: string | undefined;
}

/** Why `auto` goes on to the next source: these say no more than that there is none of a kind. */
const ABSENT: ReadonlySet<unknown> = new Set(['NO_CAMERA', 'NO_SUCH_DEVICE', 'PROGRAM_MISSING']);

/** Turns `camera.source` into a source. Each kind's code is loaded only when it is used. */
export class SourceResolver {
  #settings: CameraSettings;
  #found: Found | undefined;
  #resolved: ResolvedSource | undefined;

  constructor(
    private readonly options: ResolverOptions,
    private readonly deps: { clock: Clock; log: Logger },
  ) {
    this.#settings = options.settings;
  }

  /** The last source that was found. */
  get resolved(): ResolvedSource | undefined {
    return this.#resolved;
  }

  /**
   * The source to capture from. Throws an AppError if there is none, or if it cannot do what is set (neither with `auto`:
   * nobody said which source it would be, and a picture without the setting is better than none). Once a camera was found
   * it stays the one; after a fallback to the test pattern every call looks again: a camera plugged in later is used.
   */
  async resolve(): Promise<ResolvedSource> {
    const { spec } = this.options;
    if (this.#resolved && (spec.kind !== 'auto' || this.#resolved.source.kind !== 'test')) return this.#resolved;
    const found = spec.kind === 'auto' ? await this.#auto() : { make: await this.#explicit(spec) };
    const resolved = this.#describe(found, this.#settings);
    // The same pattern goes on rather than starting over.
    if (this.#resolved?.source.kind === resolved.source.kind) return this.#resolved;
    this.#found = found;
    this.#resolved = resolved;
    return resolved;
  }

  /** Throws an AppError if {@link change} would. */
  check(settings: CameraSettings): void {
    if (this.#found) this.#describe(this.#found, settings);
  }

  /** Takes new settings over. Throws an AppError, with nothing changed, if the source cannot do what is set. */
  change(settings: CameraSettings): void {
    if (this.#found) this.#resolved = this.#describe(this.#found, settings);
    this.#settings = settings;
  }

  #describe({ make, reason, hint }: Found, settings: CameraSettings): ResolvedSource {
    const isAuto = this.options.spec.kind === 'auto';
    const source = make(settings);
    const notices: AppError[] = [];
    if (source.unsupported.length > 0) {
      const names = source.unsupported.map((name) => `camera.${name}`).join(', ');
      notices.push(new AppError('SETTING_UNSUPPORTED', `${source.description} cannot do ${names}.`));
      if (!isAuto) throw notices[0];
    }
    notices.push(...(source.notices ?? []));
    if (isAuto && source.kind === 'test') {
      const message = `No camera was found, this is a test pattern (${reason}).`;
      notices.unshift(new AppError('TEST_PATTERN', message, hint === undefined ? {} : { hint }));
    }
    return { source, notices, ...(reason === undefined ? {} : { reason }) };
  }

  async #explicit(spec: Exclude<SourceSpec, { kind: 'auto' }>): Promise<Make> {
    switch (spec.kind) {
      case 'rpicam':
        return this.#rpicam(spec.camera);
      case 'v4l2':
        return this.#v4l2(spec.device);
      case 'images': {
        const { checkImagesDir, ImagesSource } = await import('./images.ts');
        await checkImagesDir(spec.dir);
        return (settings) => new ImagesSource(spec.dir, settings, this.deps);
      }
      case 'test': {
        const { TestPatternSource } = await import('./test-pattern/source.ts');
        return (settings) => new TestPatternSource(settings, this.deps);
      }
    }
  }

  async #auto(): Promise<Found> {
    const reasons: string[] = [];
    let hint: string | undefined;
    for (const attempt of [() => this.#rpicam(0), () => this.#v4l2(undefined)]) {
      try {
        const make = await attempt();
        return { make, reason: [...reasons, `${make(this.#settings).description} is there`].join('; ') };
      } catch (error) {
        reasons.push(messageOf(error).replace(/\.$/, ''));
        if (error instanceof AppError && !ABSENT.has(error.code)) hint ??= error.hint;
      }
    }
    return { make: await this.#explicit({ kind: 'test' }), reason: reasons.join('; '), hint };
  }

  async #rpicam(camera: number): Promise<Make> {
    const { rpicamPath, searchPath, workDir, dev } = this.options;
    const { findRpicam, listRpicamCameras } = await import('./rpicam/list.ts');
    const { asksForFocus } = await import('./rpicam/notices.ts');
    const program = findRpicam(rpicamPath, searchPath);
    if (!program) {
      throw new AppError('PROGRAM_MISSING', rpicamPath ? `There is no program ${rpicamPath}.` : 'rpicam-vid is not installed.', {
        hint: 'On a Raspberry Pi: `sudo apt install rpicam-apps-lite`. Elsewhere use --source v4l2, images:DIR or test.',
      });
    }
    const cameras = await listRpicamCameras(program, searchPath, asksForFocus(this.#settings));
    const found = cameras.find((each) => each.index === camera);
    const name = program.split('/').at(-1)!;
    if (cameras.length === 0) {
      const denied = deniedCameraDevice(dev);
      if (denied) throw permissionError(`${name} sees no camera: this user may not open ${denied}.`);
      throw new AppError('NO_CAMERA', `No camera found by ${name}.`);
    }
    if (!found) {
      throw new AppError('NO_CAMERA', `${name} has no camera number ${camera}, only ${cameras.map((each) => each.index).join(', ')}.`, {
        hint: 'Choose one with --source rpicam:N; `rpicam-hello --list-cameras` lists them.',
      });
    }
    const { RpicamSource } = await import('./rpicam/source.ts');
    return (settings) => new RpicamSource({ program, sensor: found, workDir, searchPath }, settings, this.deps);
  }

  async #v4l2(asked: string | undefined): Promise<Make> {
    const { searchPath, sysfs } = this.options;
    const { listVideoDevices } = await import('./v4l2/devices.ts');
    const known = listVideoDevices(sysfs);
    const device = asked ?? known[0]?.path;
    if (device === undefined) throw new AppError('NO_SUCH_DEVICE', 'No webcam found.');
    if (asked !== undefined && !existsSync(asked)) throw new AppError('NO_SUCH_DEVICE', `There is no ${asked}.`);
    const ffmpeg = findProgram('ffmpeg', searchPath);
    if (!ffmpeg)
      throw new AppError('PROGRAM_MISSING', 'A webcam needs ffmpeg, which is not installed.', {
        hint: 'Install it: `sudo apt install ffmpeg`.',
      });
    const { listFormats } = await import('./v4l2/formats.ts');
    const formats = await listFormats(ffmpeg, device, searchPath);
    const name = known.find((each) => each.path === device)?.name;
    const { V4l2Source } = await import('./v4l2/source.ts');
    const options = { ffmpeg, device, formats, searchPath, ...(name ? { name } : {}) };
    return (settings) => new V4l2Source(options, settings, this.deps);
  }
}

/** One line of the log for the source, and one for each of its notices that a user can do something about. */
export function logSource({ source, reason, notices }: ResolvedSource, log: Logger): void {
  log.info(`source: ${source.description}`, reason ? { reason } : {});
  for (const { code, message, hint } of notices) if (code !== 'TEST_PATTERN') log.warn(`${message} ${hint}`, { code });
}
