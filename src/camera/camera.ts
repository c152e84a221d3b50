import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/log.ts';
import type { Frame } from '../frames/frame.ts';
import type { SourceOffers } from './offers.ts';
import { logSource, type ResolvedSource, type ResolverOptions, SourceResolver } from './resolver.ts';
import type { CameraSettings } from './settings.ts';
import { type CameraReport, CameraSupervisor } from './supervisor.ts';

export interface CameraOptions extends ResolverOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly onFrame: (frame: Frame) => void;
  readonly onReport: (report: CameraReport) => void;
}

/** The camera with its settings: a source that is found when it is needed, under supervision. */
export class Camera {
  readonly #supervisor: CameraSupervisor;
  #settings: CameraSettings;
  readonly #resolver: SourceResolver;
  #logged: ResolvedSource['source']['kind'] | undefined;

  constructor(private readonly options: CameraOptions) {
    const { clock, log, onFrame, onReport } = options;
    this.#settings = options.settings;
    this.#resolver = new SourceResolver(options, options);
    this.#supervisor = new CameraSupervisor({
      fps: () => this.#settings.fps,
      resolve: async () => (await this.resolve()).source,
      clock,
      log,
      onFrame,
      onReport: (report) => onReport({ ...report, notices: [...(this.#resolver.resolved?.notices ?? []), ...report.notices] }),
    });
  }

  get settings(): CameraSettings {
    return this.#settings;
  }

  get counters(): CameraSupervisor['counters'] {
    return this.#supervisor.counters;
  }

  /** Finds the source. Throws an AppError if there is none, or if it cannot do what is set. */
  async resolve(): Promise<ResolvedSource> {
    const resolved = await this.#resolver.resolve();
    if (resolved.source.kind !== this.#logged) {
      this.#logged = resolved.source.kind;
      logSource(resolved, this.options.log);
    }
    return resolved;
  }

  start(): void {
    this.#supervisor.start();
  }

  /** Resolves when no capture is left. */
  stop(): Promise<void> {
    return this.#supervisor.stop();
  }

  /** What the source can be set to; nothing is known before it was found. */
  get offers(): SourceOffers | undefined {
    return this.#resolver.resolved?.source.offers;
  }

  /** Throws an AppError if {@link change} would. */
  check(settings: CameraSettings): void {
    this.#resolver.check(settings);
  }

  /**
   * Takes new settings over; a capture under way is restarted with them, and viewers live through it. Throws an AppError,
   * with nothing changed, if the source cannot do what is set.
   */
  change(settings: CameraSettings): void {
    this.#resolver.change(settings);
    this.#settings = settings;
    this.#supervisor.restart();
  }
}
