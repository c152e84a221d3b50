import type { Flaw } from '../analysis/health.ts';
import { type Finding, SceneAnalysis } from '../analysis/scene-analysis.ts';
import type { Cancel } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { PropertyTopic } from '../device/event-topics.ts';
import type { EventTeller } from '../device/events.ts';
import { SOURCE_CONFIGURATION, VIDEO_SOURCE } from '../device/profiles.ts';
import type { SceneStatus } from '../servers/http/status.ts';
import { motionSettings } from './capture.ts';
import type { AppOptions } from './options.ts';
import type { Subsystems } from './subsystems.ts';

/** The topic of each flaw of the picture. */
const FLAW_TOPICS = {
  tooDark: 'VideoSource/ImageTooDark/ImagingService',
  tooBright: 'VideoSource/ImageTooBright/ImagingService',
  tooBlurry: 'VideoSource/ImageTooBlurry/ImagingService',
  sceneChange: 'VideoSource/GlobalSceneChange/ImagingService',
} as const satisfies Record<Flaw, PropertyTopic>;

/** Recorders look for either; both say the same. */
const MOTION_TOPICS = ['VideoSource/MotionAlarm', 'RuleEngine/CellMotionDetector/Motion'] as const;
/** The source of the second topic: the one motion rule there is, which cannot be changed. */
const MOTION_RULE = {
  VideoSourceConfigurationToken: SOURCE_CONFIGURATION.token,
  VideoAnalyticsConfigurationToken: 'video_analytics_config',
  Rule: 'motion',
};
const SOURCE = { Source: VIDEO_SOURCE };

/** Tells whether something moves, by both topics. */
export function tellMotion(events: Pick<EventTeller, 'set'>, moving: boolean): void {
  events.set('VideoSource/MotionAlarm', SOURCE, { State: moving });
  events.set('RuleEngine/CellMotionDetector/Motion', MOTION_RULE, { IsMotion: moving });
}

/** Motion, flaws of the picture, day and night: puts together what looks for them, and tells of them as events. */
export class Analysis {
  readonly #scene: SceneAnalysis;
  readonly #events: EventTeller;
  readonly #setNight: (isNight: boolean) => void;
  #stopListening: Cancel | undefined;
  /** A client listens for motion while detection is off. */
  #isMissed = false;
  /** It has been logged, which it is once: a recorder's subscriptions end and begin again all day. */
  #wasMissed = false;
  #wasNight = false;

  constructor(
    private readonly options: AppOptions,
    { capture, events }: Pick<Subsystems, 'capture'> & { readonly events: Pick<Subsystems['events'], 'bus'> },
  ) {
    const { config, clock, log } = options;
    const { hub, camera, units } = capture;
    this.#events = events.bus;
    this.#setNight = (isNight) => camera.setNight(isNight);
    this.#scene = new SceneAnalysis({
      motion: config.motion.enabled ? motionSettings(config.motion) : undefined,
      health: config.imageHealth.enabled,
      followsLight: config.camera.exposure === 'auto-night',
      ...{ hub, clock, log },
      decoding: units && {
        camera: units,
        isNeeded: () => capture.isNative,
        isPossible: () => capture.lack === undefined,
        holders: () => capture.holders,
      },
      onChange: (finding, state) => this.#tell(finding, state),
    });
    capture.onSensed = (sensed) => this.#scene.sensed(sensed);
    // Also while detection is off: a client that subscribes is not refused, and the log tells the owner.
    events.bus.offer(...MOTION_TOPICS);
    if (config.imageHealth.enabled) events.bus.offer(...Object.values(FLAW_TOPICS));
    if (config.camera.exposure === 'auto-night') events.bus.offer('VideoSource/DayNight');
  }

  /** The present findings, for the page, the API and the metrics. */
  get status(): SceneStatus {
    const { motionBy } = this.#scene;
    return {
      motion: motionBy && { moving: this.#scene.state('motion') === true, by: motionBy },
      night: this.#scene.state('night'),
      notices: [...(this.#isMissed ? [MISSED] : []), ...(this.#scene.isMotionUnseen ? [UNSEEN] : [])],
    };
  }

  /** Begins to look, as far as the settings ask for it. */
  start(): void {
    this.#scene.start();
    if (this.options.config.motion.enabled) return;
    this.#stopListening = this.#events.onWantedChange(() => this.#look());
    this.#look();
  }

  /** Ends looking. */
  stop(): void {
    this.#scene.stop();
    this.#stopListening?.();
  }

  /** Looks whether a client listens for motion while detection is off. */
  #look(): void {
    const isMissed = MOTION_TOPICS.some((topic) => this.#events.isWanted(topic));
    if (isMissed === this.#isMissed) return;
    this.#isMissed = isMissed;
    if (isMissed && !this.#wasMissed) this.options.log.info(`${MISSED.message} ${MISSED.hint}`, { code: MISSED.code });
    this.#wasMissed ||= isMissed;
  }

  #tell(finding: Finding, state: boolean): void {
    const { log } = this.options;
    switch (finding) {
      case 'motion':
        tellMotion(this.#events, state);
        break;
      case 'night':
        if (state || this.#wasNight) log.info(state ? 'night: exposed for the dark from now on' : 'day: exposed as always from now on');
        this.#wasNight = state;
        this.#events.set('VideoSource/DayNight', SOURCE, { Night: state });
        this.#setNight(state);
        break;
      default:
        this.#events.set(FLAW_TOPICS[finding], SOURCE, { State: state });
    }
  }
}

const MISSED = new AppError('MOTION_OFF', 'A client listens for motion, and motion detection is off.');
const UNSEEN = new AppError('MOTION_UNSEEN', 'Motion is not looked for: the camera gives H.264, and ffmpeg, which decodes it, is missing.');
