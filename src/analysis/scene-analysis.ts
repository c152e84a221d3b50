import type { Cancel, Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import { type Logger, LogThrottle } from '../core/log.ts';
import type { Frame } from '../frames/frame.ts';
import type { MotionBy, Sensed, SensedLight } from '../frames/sensed.ts';
import type { FanOut, Taken } from '../streams/fan-out.ts';
import type { Hub } from '../streams/hub.ts';
import { DayNightSwitch } from './day-night.ts';
import { decodeLuma } from './decode.ts';
import { type Flaw, ImageHealth, meanLevel } from './health.ts';
import { Held } from './held.ts';
import type { Luma } from './luma.ts';
import { type MotionSettings, PictureMotion } from './picture-motion.ts';
import { LOOK_MS, SourceMotion } from './source-motion.ts';
import { SteadyLight } from './steady-light.ts';

/** What is found of the scene. */
export type Finding = 'motion' | Flaw | 'night';

/** What is looked for, in whose pictures, and who hears of it. */
export interface SceneAnalysisOptions {
  /** What counts as motion; undefined: nobody wants to know of any. */
  readonly motion:
    | (MotionSettings & {
        /** Seconds without motion until it is over. */
        readonly holdTime: number;
        /** Whether the camera's word is enough, where the camera looks for motion itself. */
        readonly trustsCamera: boolean;
      })
    | undefined;
  /** Whether to look for flaws of the picture. */
  readonly health: boolean;
  /** Whether the exposure is to follow the light. */
  readonly followsLight: boolean;
  /** Where the pictures come from. */
  readonly hub: Pick<Hub, 'subscribe' | 'lease' | 'status'>;
  /** What is to be known of a camera whose pictures have to be decoded; undefined: they come without anybody's doing. */
  readonly decoding?: DecodingOptions | undefined;
  /** Called with every change. */
  readonly onChange: (finding: Finding, state: boolean) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How a camera is treated whose pictures have to be decoded first. */
export interface DecodingOptions {
  /** The camera, beside which the hub has the pictures that are decoded. */
  readonly camera: Pick<FanOut<Taken>, 'lease' | 'status'>;
  /** Whether pictures have to be decoded at this moment. */
  readonly isNeeded: () => boolean;
  /** Whether there is what decodes them; asked some times a second. */
  readonly isPossible: () => boolean;
  /** How many want the camera on, or pictures of it, this one included. */
  readonly holders: () => number;
}

/**
 * Time between two pictures that are looked at for all but motion, milliseconds; and while the camera itself says that light and
 * focus stay, so that all that a picture can tell is that the scene is another one.
 */
const SLOW_MS = { awake: 2000, asleep: 20_000 };
/** How often what the camera tells is asked, milliseconds. */
const TICK_MS = 250;
/** What looks for motion, in words for the log. */
const WHO: Readonly<Record<MotionBy, string>> = {
  camera: 'by the camera itself',
  pictures: 'in the pictures',
  both: 'in the pictures, as soon as the camera itself says that something stirs',
};
/** Factor by which more pictures are asked for than are looked at: those that are left out are not evenly spaced. */
const SPARE = 1.5;
/** A source that looks for motion says so within this time, milliseconds. */
const DECIDED_MS = 5000;
/** How long what was seen last holds while no picture comes that can be looked at, milliseconds, and in times between two of them. */
const STALE = { leastMs: 10_000, gaps: 5 } as const;
/** How often the light is looked at, milliseconds. */
const LUX_MS = 1000;
/** How long before and after what the source says belongs to a picture, milliseconds. */
const SENSED_LASTS_MS = 1000;
/** Age from which on a lux value says nothing of the present, milliseconds. */
const LUX_LASTS_MS = 10_000;

/** Looks at the scene for motion, flaws of the picture, day and night, and tells what changes. */
export class SceneAnalysis {
  readonly #states = new Map<Finding, boolean>();
  readonly #pictureMotion: PictureMotion | undefined;
  readonly #sourceMotion = new SourceMotion();
  readonly #steadyLight = new SteadyLight();
  readonly #held: Held;
  readonly #health = new ImageHealth();
  readonly #dayNight = new DayNightSwitch();
  readonly #complaints: LogThrottle;
  /** Whether the source has said that it looks for motion itself. */
  #atSource = false;
  #luxAt = Number.NEGATIVE_INFINITY;
  /** What the source said last of light and focus, and when. */
  #sensed: { readonly light: SensedLight; readonly at: number } | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #slowAt = Number.NEGATIVE_INFINITY;
  /** When the last picture was taken in which motion was looked for, and the time from the one before, monotonic, milliseconds. */
  #seen = { at: Number.NEGATIVE_INFINITY, gap: 0 };
  /** Whether pictures would have to be decoded and cannot be. */
  #isBlind = false;
  #decoding = false;
  #ends: Cancel[] = [];
  /** Gives up the pictures that are decoded for this, while they are. */
  #release: Cancel | undefined;
  #said: MotionBy | undefined;
  /** When the capture under way began, monotonic, milliseconds. */
  #captureAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: SceneAnalysisOptions) {
    const { motion, clock } = options;
    this.#pictureMotion = motion && new PictureMotion(motion);
    this.#held = new Held({ on: 0, off: (motion?.holdTime ?? 0) * 1000 });
    this.#complaints = new LogThrottle(clock);
  }

  /** Returns whether a finding holds; undefined: it is not looked for, or not known yet. */
  state(finding: Finding): boolean | undefined {
    return this.#states.get(finding);
  }

  /** What looks for motion; undefined: nothing does. */
  get motionBy(): MotionBy | undefined {
    const { motion } = this.options;
    if (!motion) return undefined;
    if (!this.#atSource) return this.#isBlind ? undefined : 'pictures';
    return motion.trustsCamera || this.#isBlind ? 'camera' : 'both';
  }

  /** Whether nothing can look for motion that is to be looked for: the camera does not, and what decodes its pictures is missing. */
  get isMotionUnseen(): boolean {
    const { motion, clock } = this.options;
    return motion !== undefined && this.motionBy === undefined && clock.monotonic() - this.#captureAt >= DECIDED_MS;
  }

  /** Begins to look. Where motion is looked for, the camera stays on. */
  start(): void {
    const { motion, health, followsLight, hub, decoding, clock, log } = this.options;
    // Nothing is looked for: no picture need be shown here.
    if (!motion && !health && !followsLight) return;
    this.#ends = [hub.subscribe((frame) => this.#frame(frame))];
    if (decoding) this.#ends.push(clock.every(TICK_MS, () => this.#hold(decoding)));
    if (!motion) return;
    log.info('motion detection is on (motion.enabled): it keeps the camera on, also while nobody watches');
    this.#set('motion', false);
    this.#ends.push(
      this.#camera.lease(),
      clock.every(TICK_MS, () => this.#tick()),
    );
  }

  /** Ends the look, and gives the camera up. */
  stop(): void {
    for (const end of this.#ends.splice(0)) end();
    this.#release?.();
    this.#release = undefined;
  }

  /** Takes what the source says of the scene by itself. */
  sensed(sensed: Sensed): void {
    const now = this.options.clock.monotonic();
    switch (sensed.kind) {
      case 'begin':
        this.#atSource = false;
        this.#captureAt = now;
        this.#luxAt = Number.NEGATIVE_INFINITY;
        this.#steadyLight.begin();
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
        this.#steadyLight.take(sensed, now);
        this.#sensed = { light: sensed, at: now };
        if (sensed.lux !== undefined) this.#takeLux(sensed.lux, now);
    }
  }

  #tick(): void {
    const now = this.options.clock.monotonic();
    const isLive = this.#camera.status.state === 'live';
    const { decoding } = this.options;
    this.#isBlind = isLive && decoding?.isNeeded() === true && !decoding.isPossible();
    if (isLive) this.#sayWho(now);
    if (isLive && this.motionBy === 'camera') this.#moves(this.#sourceMotion.look(now), now);
    else if (!isLive || this.#isStale(now)) this.#moves(false, now);
  }

  /** Whether the last picture that was looked at says nothing of the present. */
  #isStale(now: number): boolean {
    return now - this.#seen.at > Math.max(STALE.leastMs, STALE.gaps * this.#seen.gap);
  }

  get #camera(): Pick<FanOut<Taken>, 'lease' | 'status'> {
    return this.options.decoding?.camera ?? this.options.hub;
  }

  /** Has pictures decoded while they are to be looked at; for all but motion only while the camera is on for others. */
  #hold({ camera, isNeeded, holders }: DecodingOptions): void {
    const { hub, motion } = this.options;
    const isOn = camera.status.state === 'live' && (motion !== undefined || holders() > (this.#release ? 1 : 0));
    if (!isOn || !isNeeded() || this.#rate() === 0) {
      this.#release?.();
      this.#release = undefined;
    } else this.#release ??= hub.lease(() => this.#rate());
  }

  /** Returns the pictures per second that are to be looked at, and a few more. */
  #rate(): number {
    const now = this.options.clock.monotonic();
    const mayBeTold = this.options.motion?.trustsCamera === true && !this.#atSource && now - this.#captureAt < DECIDED_MS;
    const intervals = [mayBeTold ? undefined : this.#interval(now), this.#isSlowDue(now) ? SLOW_MS.awake : undefined];
    return Math.max(...intervals.map((interval) => (interval === undefined ? 0 : (SPARE * 1000) / interval)));
  }

  /** Returns the time between two pictures to look at for all but motion, milliseconds; undefined: there is nothing to look for. */
  #slowInterval(at: number): number | undefined {
    const { health, followsLight } = this.options;
    if (followsLight && !this.#knowsLux(at)) return SLOW_MS.awake;
    if (!health) return undefined;
    return SLOW_MS[this.#steadyLight.isSteady(at) && this.#health.isAtRest(at) ? 'asleep' : 'awake'];
  }

  /** Returns whether pictures are wanted for that: always where they are to be many, else when one is due. */
  #isSlowDue(at: number): boolean {
    const interval = this.#slowInterval(at);
    return interval === SLOW_MS.awake || (interval !== undefined && at - this.#slowAt >= interval);
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
    if (by === this.#said || ((by === undefined || by === 'pictures') && now - this.#captureAt < DECIDED_MS)) return;
    this.#said = by;
    if (by) this.options.log.info(`motion is looked for ${WHO[by]}`);
  }

  /** Takes a picture; most are passed over. */
  #frame(frame: Frame): void {
    if (this.#decoding) return;
    const interval = this.#interval(frame.monotonic);
    const byPictures = interval !== undefined && frame.monotonic - this.#lookedAt >= interval;
    const slowInterval = this.#slowInterval(frame.monotonic);
    const slow = slowInterval !== undefined && frame.monotonic - this.#slowAt >= slowInterval;
    if (!byPictures && !slow) return;
    if (byPictures) this.#lookedAt = frame.monotonic;
    if (slow) this.#slowAt = frame.monotonic;
    this.#decoding = true;
    void this.#look(frame, byPictures, slow).finally(() => {
      this.#decoding = false;
    });
  }

  /** Returns the time between two pictures to look at for motion, milliseconds; undefined: nobody looks for it in pictures. */
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
      if (motion) {
        const { at } = this.#seen;
        this.#seen = { at: monotonic, gap: at === Number.NEGATIVE_INFINITY ? 0 : monotonic - at };
        this.#moves(this.#pictureMotion?.look(luma, monotonic) === true, monotonic);
      }
      if (slow) this.#judge(luma, monotonic);
    } catch (error) {
      this.#complaints.log((suppressed) => this.options.log.warn(messageOf(error), suppressed));
    }
  }

  #moves(seen: boolean, at: number): void {
    this.#set('motion', this.#held.update(seen, at));
  }

  #judge(luma: Luma, at: number): void {
    if (this.options.health)
      for (const [flaw, state] of Object.entries(this.#health.look(luma, at, this.#sensedAt(at)))) this.#set(flaw as Flaw, state);
    if (!this.#knowsLux(at)) this.#light({ level: meanLevel(luma) }, at);
  }

  /** Returns what the source said of a picture of about that moment. */
  #sensedAt(at: number): SensedLight | undefined {
    return this.#sensed && Math.abs(at - this.#sensed.at) < SENSED_LASTS_MS ? this.#sensed.light : undefined;
  }

  #light(light: { lux?: number; level?: number }, at: number): void {
    if (this.options.followsLight) this.#set('night', this.#dayNight.look(light, at) === 'night');
  }

  #set(finding: Finding, state: boolean): void {
    if (this.#states.get(finding) === state) return;
    this.#states.set(finding, state);
    this.options.log.debug(`${finding}: ${state}`);
    this.options.onChange(finding, state);
  }
}
