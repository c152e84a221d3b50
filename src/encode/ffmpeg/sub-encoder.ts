import { RateLimiter } from '../../core/rate-limiter.ts';
import type { AccessUnit } from '../../frames/access-unit.ts';
import type { Frame } from '../../frames/frame.ts';
import type { VideoEncoder, VideoEncoderEvents } from '../encoder.ts';
import { FfmpegEncoder, type FfmpegEncoderOptions } from './encoder.ts';
import type { JointEncoder } from './joint-encoder.ts';
import type { SubTaker } from './sub-output.ts';

export interface SubEncoderOptions extends FfmpegEncoderOptions {
  /** Pictures per second at most; undefined: all. */
  readonly fps: number | undefined;
}

interface Surroundings {
  /** The encoder of the main stream, once it is at work, where it can make the sub stream as well. */
  joint(): JointEncoder | undefined;
  /** The one that is just starting. */
  coming(): JointEncoder | undefined;
  stopped(): void;
}

/** Of slower cameras the very next picture is encoded, pictures per second. */
const WAITS_FROM_FPS = 5;

/**
 * Where the pictures go: to an ffmpeg of its own (`alone`), which may still give the last ones while the joint one has the next
 * (`joining`); to the joint one, which gets them for the main stream (`joint`); to the joint one, by us, and to an own one that begins to
 * run (`leaving`); to that alone, while the joint one may still give the last (`left`).
 */
type State = 'alone' | 'joining' | 'joint' | 'leaving' | 'left';

/** Encodes a sub stream: beside the main stream while that is encoded, by the ffmpeg that decodes for it, else by an ffmpeg of its own. */
export class SubEncoder implements VideoEncoder {
  readonly name: string;
  readonly #limiter: RateLimiter | undefined;
  #state: State = 'alone';
  #own: FfmpegEncoder | undefined;
  #joint: JointEncoder | undefined;
  #untake: (() => void) | undefined;
  /** Of the last unit that was given on. */
  #sequence = 0;
  /** The own one has not given yet what a decoder could go on with. */
  #ownBegins = false;
  readonly #ending = new Set<Promise<void>>();
  #over = false;

  constructor(
    private readonly options: SubEncoderOptions,
    private readonly events: VideoEncoderEvents,
    private readonly surroundings: Surroundings,
  ) {
    this.name = options.plan.codec;
    this.#limiter = options.fps === undefined ? undefined : new RateLimiter(options.fps);
    this.#lookForJoint();
  }

  /** Takes every picture. */
  encode(frame: Frame): void {
    if (this.#over || this.#state === 'joining' || this.#state === 'joint') return;
    if ((!this.#own && this.#isWorthWaiting) || !this.#isDue(frame.monotonic)) return;
    if (this.#state === 'leaving') this.#joint!.encode(frame);
    // Not before there is a picture: this may be about to be stopped as well.
    this.#own ??= this.#startOwn();
    this.#own.encode(frame);
  }

  requestKeyFrame(): void {
    this.#own?.requestKeyFrame();
    this.#joint?.ffmpeg.sub?.requestKeyFrame();
  }

  async stop(): Promise<void> {
    this.#over = true;
    this.surroundings.stopped();
    this.#dropOwn();
    this.#dropJoint();
    await Promise.all(this.#ending);
  }

  /** The encoder of the main stream is at work. */
  join(joint: JointEncoder): void {
    if (this.#over || this.#state !== 'alone' || !joint.gives(this.options.plan)) return;
    this.#state = this.#own ? 'joining' : 'joint';
    this.#joint = joint;
    this.#untake = joint.ffmpeg.sub?.take(this.#taker());
  }

  /** The main stream is done with its encoder. Returns whether this goes on with it, for a while, and then stops it. */
  outlive(joint: JointEncoder): boolean {
    if (this.#over || joint !== this.#joint) return false;
    if (this.#state === 'joining') {
      this.#untake?.();
      this.#joint = undefined;
      this.#state = 'alone';
      return false;
    }
    this.#state = 'leaving';
    return true;
  }

  /** The encoder of the main stream has ended by itself, or makes no sub stream any more. */
  lost(joint: JointEncoder): void {
    if (this.#over || joint !== this.#joint) return;
    this.#dropJoint();
    // After `joining` the own one goes on where it was.
    if (this.#state === 'leaving') this.#own?.beginAnew();
    this.#state = 'alone';
  }

  #taker(): SubTaker {
    return {
      counters: this.options.counters,
      wants: (time) => this.#state === 'leaving' || (this.#state !== 'left' && this.#isDue(time)),
      unit: (unit) => {
        if (this.#state === 'joining') {
          this.#dropOwn();
          this.#state = 'joint';
        }
        this.#give(unit);
      },
      lost: () => {
        if (this.#joint) this.lost(this.#joint);
      },
    };
  }

  /** The other one is just starting, and the next picture will not be long in coming. */
  get #isWorthWaiting(): boolean {
    const { plan } = this.options;
    return this.#state === 'alone' && plan.frameRate >= WAITS_FROM_FPS && this.surroundings.coming()?.gives(plan) === true;
  }

  #lookForJoint(): void {
    const joint = this.surroundings.joint();
    if (joint) this.join(joint);
  }

  #isDue(time: number): boolean {
    return this.#limiter?.pass(time) ?? true;
  }

  #startOwn(): FfmpegEncoder {
    this.#ownBegins = true;
    const own: FfmpegEncoder = new FfmpegEncoder(this.options, {
      unit: (unit) => {
        if (this.#own === own) this.#onOwn(unit, own);
      },
      ended: (error) => {
        if (this.#own !== own) return;
        // The next one is under way already.
        if (this.#state === 'joining') this.#dropOwn();
        else this.events.ended(error);
      },
    });
    return own;
  }

  #onOwn(unit: AccessUnit, own: FfmpegEncoder): void {
    if (this.#state === 'leaving') {
      // It runs: from its next picture on it is the one.
      this.#state = 'left';
      own.beginAnew();
      return;
    }
    if (this.#ownBegins) {
      if (!unit.keyframe) return;
      if (unit.sequence <= this.#sequence) {
        own.beginAnew();
        return;
      }
      this.#ownBegins = false;
    }
    if (this.#state === 'left') {
      this.#dropJoint();
      this.#state = 'alone';
    }
    this.#give(unit);
    // The main stream may have come back meanwhile.
    if (this.#state === 'alone') this.#lookForJoint();
  }

  #give(unit: AccessUnit): void {
    if (this.#over || unit.sequence <= this.#sequence) return;
    this.#sequence = unit.sequence;
    this.events.unit(unit);
  }

  #dropOwn(): void {
    const own = this.#own;
    this.#own = undefined;
    if (own) this.#end(own);
  }

  /** Lets go of the joint one, which is ours to stop once the main stream is done with it. */
  #dropJoint(): void {
    const joint = this.#joint;
    this.#untake?.();
    this.#untake = undefined;
    this.#joint = undefined;
    if (joint && (this.#state === 'leaving' || this.#state === 'left')) this.#end(joint.ffmpeg);
  }

  #end(encoder: FfmpegEncoder): void {
    const ending = encoder.stop().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}
