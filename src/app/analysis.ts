import { type Finding, type MotionBy, SceneAnalysis } from '../analysis/scene-analysis.ts';
import type { Cancel } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { type Capture, motionSettings } from './capture.ts';
import type { AppOptions } from './options.ts';

/** What is known of the scene, for whoever shows it. */
export interface SceneStatus {
  /** Undefined: nobody looks for motion. */
  readonly motion: { readonly moving: boolean; readonly by: MotionBy } | undefined;
  /** What is told besides; a finding that is not looked for is left out. */
  readonly findings: Readonly<Partial<Record<Finding, boolean>>>;
  /** What the user should know. */
  readonly notices: readonly AppError[];
}

/** Motion, flaws of the picture, day and night: what looks for them, and who is told. */
export class Analysis {
  readonly #scene: SceneAnalysis;
  readonly #listeners = new Set<(finding: Finding, state: boolean) => void>();
  readonly #findings: Partial<Record<Finding, boolean>> = {};
  #isMissed = false;

  constructor(
    private readonly options: AppOptions,
    { hub, camera, ...capture }: Capture,
  ) {
    const { config, clock, log } = options;
    this.#scene = new SceneAnalysis({
      motion: config.motion.enabled ? motionSettings(config.motion) : undefined,
      health: config.imageHealth.enabled,
      followsLight: () => camera.settings.exposure === 'auto-night',
      ...{ hub, clock, log },
      onChange: (finding, state) => {
        this.#findings[finding] = state;
        if (finding === 'night') {
          log.info(state ? 'it is night: exposed for the dark from now on' : 'it is day: exposed as by day from now on');
          camera.setNight(state);
        }
        for (const listener of this.#listeners) listener(finding, state);
      },
    });
    void capture;
  }
}
