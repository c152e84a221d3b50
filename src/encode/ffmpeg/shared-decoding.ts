import type { Frame } from '../../frames/frame.ts';
import { canShare, type EncodingPlan, withoutRates } from './arguments.ts';
import { FfmpegEncoder } from './encoder.ts';
import type { StartEncoder } from './factory.ts';
import { JointEncoder } from './joint-encoder.ts';
import { SubEncoder } from './sub-encoder.ts';

/** Says how the sub stream would be encoded beside another stream, of the same pictures. */
export type PlanSub = (main: Pick<EncodingPlan, 'from' | 'frameRate'>) => EncodingPlan;

/**
 * Decodes once for a stream and its sub stream. Every ffmpeg of the first can make the second as well, which costs nothing while nobody
 * takes it. So the first knows nothing of those who watch the second; and the second has an ffmpeg of its own, which decodes to
 * a smaller size, while nobody watches the first. It changes from one to the other between two pictures.
 */
export class SharedDecoding {
  #planSub: PlanSub | undefined;
  #joint: JointEncoder | undefined;
  #coming: JointEncoder | undefined;
  #sub: SubEncoder | undefined;
  /** Of those that did not work. */
  #failed: string | undefined;

  /** Starts what encodes the stream. */
  readonly main: StartEncoder<Frame> = (options, events) => {
    const { plan, fps } = options;
    // Of all pictures: those for the sub stream are among them.
    const sub = fps === undefined ? this.#planSub?.(plan) : undefined;
    const plans = sub && plansAsText(plan, sub);
    if (!sub || !canShare(plan, sub) || plans === this.#failed) return new FfmpegEncoder(options, events);
    const forget = () => {
      if (this.#joint === joint) this.#joint = undefined;
      if (this.#coming === joint) this.#coming = undefined;
    };
    const joint: JointEncoder = new JointEncoder((own) => new FfmpegEncoder({ ...options, sub }, own), events, {
      live: () => {
        this.#coming = undefined;
        this.#joint = joint;
        this.#sub?.join(joint);
      },
      ended: (mayBeSub) => {
        if (mayBeSub) this.#failed = plans;
        forget();
        this.#sub?.lost(joint);
      },
      released: () => {
        forget();
        return this.#sub?.outlive(joint) === true;
      },
    });
    this.#coming = joint;
    return joint;
  };

  /** Starts what encodes its sub stream. It gets every picture. */
  readonly sub: StartEncoder<Frame> = (options, events) => {
    const sub = new SubEncoder(options, events, {
      joint: () => this.#joint,
      coming: () => this.#coming,
      stopped: () => {
        if (this.#sub === sub) this.#sub = undefined;
      },
    });
    this.#sub = sub;
    return sub;
  };

  /** Tells how the sub stream would be encoded. */
  set planSub(plan: PlanSub) {
    this.#planSub = plan;
  }
}

/** Tells plans apart. */
const plansAsText = (main: EncodingPlan, sub: EncodingPlan): string => JSON.stringify([main, sub].map(withoutRates));
