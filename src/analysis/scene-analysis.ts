import type { Cancel, Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import { type Logger, LogThrottle } from '../core/log.ts';
import type { Frame } from '../frames/frame.ts';
import type { MotionBy, Sensed } from '../frames/sensed.ts';
import type { Hub } from '../streams/hub.ts';
import { DayNightSwitch } from './day-night.ts';
import { decodeLuma } from './decode.ts';
import { type Flaw, ImageHealth, meanLevel } from './health.ts';
import { Held } from './held.ts';
import type { Luma } from './luma.ts';
import { type MotionSettings, PictureMotion } from './picture-motion.ts';
import { LOOK_MS, SourceMotion } from './source-motion.ts';

/** What is told of the scene. */
export type Finding = 'motion' | Flaw | 'night';

export interface SceneAnalysisOptions {
  /** Undefined: nobody wants to know of motion. */
  readonly motion:
    | (MotionSettings & {
        /** Seconds until it is over. */
        readonly holdTime: number;
        /** Whether the camera's word is enough, where it looks itself. */
        readonly trustsCamera: boolean;
      })
    | undefined;
  /** Whether to look for flaws of the picture. */
  readonly health: boolean;
  /** Whether the exposure is to follow the light; asked again and again. */
  readonly followsLight: () => boolean;
  readonly hub: Pick<Hub, 'subscribe' | 'lease' | 'status'>;
  /** Hears of every change. */
  readonly onChange: (finding: Finding, state: boolean) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Time between two pictures that are looked at for all but motion, milliseconds. */
const SLOW_MS = 2000;
/** How often what the camera tells is asked, milliseconds. */
const TICK_MS = 250;
const WHO: Readonly<Record<MotionBy, string>> = {
  camera: 'by the camera itself',
  pictures: 'in the pictures',
  both: 'in the pictures, as soon as the camera itself says that something stirs',
};
/** A source that looks for motion says so within this time, milliseconds. */
const DECIDED_MS = 5000;
/** How often the light is looked at, milliseconds. */
const LUX_MS = 1000;
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
  #luxAt = Number.NEGATIVE_INFINITY;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #slowAt = Number.NEGATIVE_INFINITY;
  #decoding = false;
  #ends: Cancel[] = [];
  #said: MotionBy | undefined;
  /** When the capture under way began. */
  #captureAt = Number.NEGATIVE_INFINITY;

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
    const { motion } = this.options;
    if (!motion) return undefined;
    if (!this.#atSource) return 'pictures';
    return motion.trustsCamera ? 'camera' : 'both';
  }

  /** Begins to look; with motion the camera is on from now on. */
  start(): void {
    const { motion, hub, clock, log } = this.options;
    this.#ends = [hub.subscribe((frame) => this.#frame(frame))];
    if (!motion) return;
    log.info('motion detection is on (motion.enabled): it keeps the camera on, also while nobody watches');
    this.#set('motion', false);
    this.#ends.push(
      hub.lease(),
      clock.every(TICK_MS, () => this.#tick()),
    );
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
        this.#captureAt = now;
        this.#luxAt = Number.NEGATIVE_INFINITY;
        break;
      case 'watching':
        // Once for each region.
        if (!this.#atSource) this.#sourceMotion.begin(now);
        this.#atSource = this.options.motion !== undefined;
        break;
      case 'motion':
        this.#sourceMotion.told(sensed.region, sensed.moving, now);
        break;
      case 'light':
        this.#sourceMotion.light(sensed, now);
        if (sensed.lux !== undefined) this.#takeLux(sensed.lux, now);
    }
  }

  #tick(): void {
    const now = this.options.clock.monotonic();
    const isLive = this.options.hub.status.state === 'live';
    if (isLive) this.#sayWho(now);
    if (!isLive) this.#moves(false, now);
    else if (this.motionBy === 'camera') this.#moves(this.#sourceMotion.look(now), now);
  }

  #takeLux(lux: number, now: number): void {
    if (now - this.#luxAt < LUX_MS) return;
    this.#luxAt = now;
    this.#light({ lux }, now);
  }

  #knowsLux(now: number): boolean {
    return now - this.#luxAt < LUX_LASTS_MS;
  }

  #sayWho(now: number): void {
    const by = this.motionBy;
    if (by === this.#said || (by === 'pictures' && now - this.#captureAt < DECIDED_MS)) return;
    this.#said = by;
    this.options.log.info(`motion is looked for ${WHO[by!]}`);
  }

  /** Called for each picture; most are passed over. */
  #frame(frame: Frame): void {
    if (this.#decoding) return;
    const { health, followsLight } = this.options;
    const interval = this.#interval(frame.monotonic);
    const byPictures = interval !== undefined && frame.monotonic - this.#lookedAt >= interval;
    const slow = frame.monotonic - this.#slowAt >= SLOW_MS && (health || (followsLight() && !this.#knowsLux(frame.monotonic)));
    if (!byPictures && !slow) return;
    if (byPictures) this.#lookedAt = frame.monotonic;
    if (slow) this.#slowAt = frame.monotonic;
    this.#decoding = true;
    void this.#look(frame, byPictures, slow).finally(() => {
      this.#decoding = false;
    });
  }

  /** Time between two pictures to look at for motion, milliseconds; undefined: nobody looks for it in pictures. */
  #interval(at: number): number | undefined {
    switch (this.motionBy) {
      case 'pictures':
        return LOOK_MS.awake;
      case 'both':
        return LOOK_MS[this.#sourceMotion.isAwake(at) ? 'awake' : 'asleep'];
      default:
        return undefined;
    }
  }

  async #look({ jpeg, monotonic }: Frame, motion: boolean, slow: boolean): Promise<void> {
    try {
      const luma = await decodeLuma(jpeg, this.options.clock);
      if (this.#ends.length === 0) return;
      if (motion) this.#moves(this.#pictureMotion?.look(luma, monotonic) === true, monotonic);
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
    if (!this.#knowsLux(at)) this.#light({ level: meanLevel(luma) }, at);
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
