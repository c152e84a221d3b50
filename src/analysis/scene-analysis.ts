import type { Cancel, Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import { type Logger, LogThrottle } from '../core/log.ts';
import type { Frame } from '../frames/frame.ts';
import type { Sensed } from '../frames/sensed.ts';
import type { CameraStatus } from '../frames/stream-state.ts';
import type { Hub } from '../streams/hub.ts';
import { type DayNight, DayNightSwitch } from './day-night.ts';
import { decodeLuma } from './decode.ts';
import { FLAWS, type Flaw, ImageHealth, meanLevel } from './health.ts';
import { Held } from './held.ts';
import type { Luma } from './luma.ts';
import { type MotionSettings, PictureMotion } from './picture-motion.ts';
import { SourceMotion } from './source-motion.ts';

/** What is told of the scene. */
export const FINDINGS = ['motion', ...FLAWS, 'signalLoss', 'night'] as const;
export type Finding = 'motion' | Flaw | 'signalLoss' | 'night';

/** Who looks for motion: the camera's own program, or this one in the pictures. */
export type MotionBy = 'camera' | 'pictures';

export interface SceneAnalysisOptions {
  /** Undefined: nobody wants to know of motion. */
  readonly motion: (MotionSettings & { /** Seconds until it is over. */ readonly holdTime: number }) | undefined;
  /** Whether to look for flaws of the picture. */
  readonly health: boolean;
  /** Whether the exposure is to follow the light; asked again and again. */
  readonly followsLight: () => boolean;
  readonly hub: Pick<Hub, 'subscribe' | 'watch' | 'lease' | 'status'>;
  /** Hears of every change. */
  readonly onChange: (finding: Finding, state: boolean) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Time between two pictures that are looked at, milliseconds: for motion; for all else. */
const MOTION_MS = 250;
const SLOW_MS = 2000;
/** How often what the camera tells is asked, milliseconds. */
const TICK_MS = 250;
/** A lux value that is older says nothing of now, milliseconds. */
const LUX_LASTS_MS = 10_000;

/** Looks at the scene: for motion, flaws of the picture, day and night. Tells what changes. */
export class SceneAnalysis {
  readonly #states = new Map<Finding, boolean>();
  readonly #pictureMotion: PictureMotion | undefined;
  readonly #sourceMotion = new SourceMotion();
  readonly #held: Held;
  readonly #health = new ImageHealth();
  readonly #dayNight = new DayNightSwitch();
  readonly #complaints: LogThrottle;
  /** The source has said that it looks for motion itself. */
  #atSource = false;
  #lux: { readonly value: number; readonly at: number } | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #slowAt = Number.NEGATIVE_INFINITY;
  #decoding = false;
  #ends: Cancel[] = [];
  #said: MotionBy | undefined;

  constructor(private readonly options: SceneAnalysisOptions) {
    const { motion, clock } = options;
    this.#pictureMotion = motion && new PictureMotion(motion);
    this.#held = new Held({ on: 0, off: (motion?.holdTime ?? 0) * 1000 });
    this.#complaints = new LogThrottle(clock);
  }

  /** What is told now; undefined: that is not looked for, or not known yet. */
  state(finding: Finding): boolean | undefined {
    return this.#states.get(finding);
  }

  /** Who looks for motion; undefined: nobody. */
  get motionBy(): MotionBy | undefined {
    if (!this.options.motion) return undefined;
    return this.#atSource ? 'camera' : 'pictures';
  }

  get dayNight(): DayNight {
    return this.#dayNight.state;
  }

  /** Begins to look; with motion the camera is on from now on. */
  start(): void {
    const { motion, hub, clock, log } = this.options;
    this.#ends = [hub.watch((status) => this.#heard(status)), hub.subscribe((frame) => this.#frame(frame))];
    this.#ends.push(clock.every(TICK_MS, () => this.#tick()));
    this.#heard(hub.status);
    if (!motion) return;
    log.info('motion detection is on (motion.enabled): it keeps the camera on, also while nobody watches');
    this.#set('motion', false);
    this.#ends.push(hub.lease());
  }

  stop(): void {
    for (const end of this.#ends.splice(0)) end();
  }

  /** Takes what the source tells of the scene by itself. */
  sensed(sensed: Sensed): void {
    const now = this.options.clock.monotonic();
    switch (sensed.kind) {
      case 'begin':
        this.#atSource = false;
        this.#sourceMotion.reset();
        this.#lux = undefined;
        break;
      case 'watching':
        this.#atSource = this.options.motion !== undefined;
        break;
      case 'motion':
        this.#sourceMotion.told(sensed.region, sensed.moving, now);
        break;
      case 'light':
        this.#sourceMotion.light(sensed, now);
        if (sensed.lux !== undefined) this.#lux = { value: sensed.lux, at: now };
    }
  }

  #heard({ state }: CameraStatus): void {
    if (state === 'failed' || state === 'stalled') this.#set('signalLoss', true);
    if (state === 'live') this.#set('signalLoss', false);
  }

  #tick(): void {
    const now = this.options.clock.monotonic();
    const isLive = this.options.hub.status.state === 'live';
    if (this.options.motion) {
      if (isLive) this.#sayWho();
      if (this.#atSource || !isLive) this.#moves(this.#atSource && isLive && this.#sourceMotion.look(now), now);
    }
    const lux = this.#recentLux(now);
    if (isLive && lux !== undefined) this.#light({ lux }, now);
  }

  #recentLux(now: number): number | undefined {
    return this.#lux && now - this.#lux.at < LUX_LASTS_MS ? this.#lux.value : undefined;
  }

  #sayWho(): void {
    const by = this.motionBy;
    if (by === this.#said) return;
    this.#said = by;
    this.options.log.info(by === 'camera' ? 'motion is looked for by rpicam-vid itself' : 'motion is looked for in the pictures');
  }

  /** Called for each picture; most are passed over. */
  #frame(frame: Frame): void {
    if (this.#decoding) return;
    const { motion, health, followsLight } = this.options;
    const byPictures = motion !== undefined && !this.#atSource && frame.monotonic - this.#lookedAt >= MOTION_MS;
    const slow =
      frame.monotonic - this.#slowAt >= SLOW_MS && (health || (followsLight() && this.#recentLux(frame.monotonic) === undefined));
    if (!byPictures && !slow) return;
    this.#lookedAt = frame.monotonic;
    if (slow) this.#slowAt = frame.monotonic;
    this.#decoding = true;
    void this.#look(frame, byPictures, slow).finally(() => {
      this.#decoding = false;
    });
  }

  async #look({ jpeg, monotonic }: Frame, motion: boolean, slow: boolean): Promise<void> {
    try {
      const luma = await decodeLuma(jpeg, this.options.clock);
      if (this.#ends.length === 0) return;
      if (motion && !this.#atSource) this.#moves(this.#pictureMotion?.look(luma, monotonic) === true, monotonic);
      if (slow) this.#judge(luma, monotonic);
    } catch (error) {
      this.#complaints.log((suppressed) => this.options.log.warn(messageOf(error), suppressed));
    }
  }

  #moves(seen: boolean, at: number): void {
    this.#set('motion', this.#held.update(seen, at));
  }

  #judge(luma: Luma, at: number): void {
    if (this.options.health) for (const [flaw, state] of Object.entries(this.#health.look(luma, at))) this.#set(flaw as Flaw, state);
    if (this.#recentLux(at) === undefined) this.#light({ level: meanLevel(luma) }, at);
  }

  #light(light: { lux?: number; level?: number }, at: number): void {
    if (this.options.followsLight()) this.#set('night', this.#dayNight.look(light, at) === 'night');
  }

  #set(finding: Finding, state: boolean): void {
    if (this.#states.get(finding) === state) return;
    this.#states.set(finding, state);
    this.options.log.debug(`${finding}: ${state}`);
    this.options.onChange(finding, state);
  }
}
