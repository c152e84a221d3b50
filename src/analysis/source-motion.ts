import type { SensedLight } from '../frames/sensed.ts';

/**
 * Time between two pictures that are looked at for motion, milliseconds: `awake` while the camera says that something moves, or
 * nobody asks it; else `asleep`.
 */
export const LOOK_MS = { awake: 250, asleep: 2000 };

/** How long a region has to be seen to move before it counts, milliseconds: noise flickers once. */
const LASTING_MS = 300;
/** Time within which something has to move again to count as well, milliseconds. */
const AGAIN_MS = 1500;
/** How long the source is awake after it last said something, milliseconds. */
const AWAKE_MS = 3000;
/** Factor by which light does not change from one picture to the next, unless it is switched, or the exposure is. */
const JUMP = 1.35;
/**
 * How long nothing counts after such a change, milliseconds: the camera's exposure follows it, and every picture differs from the
 * one before.
 */
const SETTLE_MS = 1500;
/** How long nothing counts after a start of the capture, milliseconds: exposure and white balance are yet to be found. */
const START_MS = 3000;

/**
 * Judges the motion that the camera's own program finds by comparing each picture with the one before: it flickers while something
 * moves, and takes a lamp for motion. Times are monotonic milliseconds that are handed in; a result is that of a moment, without
 * any hold time.
 */
export class SourceMotion {
  #toldAt = Number.NEGATIVE_INFINITY;
  /** Since when each region moves. */
  readonly #moving = new Map<string, number>();
  #lastBegin = Number.NEGATIVE_INFINITY;
  #confirmedAt = Number.NEGATIVE_INFINITY;
  #quietUntil = Number.NEGATIVE_INFINITY;
  #light: SensedLight = {};

  /** Notes that a region begins to move, or stops. @param region its name, "" where there is but one */
  told(region: string, moving: boolean, at: number): void {
    this.#toldAt = at;
    if (!moving) {
      this.#look(at);
      this.#moving.delete(region);
      return;
    }
    if (at - this.#lastBegin < AGAIN_MS) this.#confirm(at);
    this.#lastBegin = at;
    if (!this.#moving.has(region)) this.#moving.set(region, at);
  }

  /** Takes the light of a picture: where it jumps, what moved was the light. */
  light(light: SensedLight, at: number): void {
    const jumped = (before: number | undefined, now: number | undefined) =>
      before !== undefined && now !== undefined && before > 0 && now > 0 && Math.abs(Math.log(now / before)) > Math.log(JUMP);
    if (jumped(this.#light.lux, light.lux) || jumped(this.#light.exposure, light.exposure)) this.#quiet(at);
    this.#light = light;
  }

  /** Returns whether something has moved since the look before, or moves. */
  look(at: number): boolean {
    this.#look(at);
    const seen = this.#confirmedAt >= 0;
    this.#confirmedAt = Number.NEGATIVE_INFINITY;
    return seen;
  }

  /** Returns whether something was told a moment ago, or goes on, be it noise or the light: a reason to look closer. */
  isAwake(at: number): boolean {
    return this.#moving.size > 0 || at - this.#toldAt < AWAKE_MS;
  }

  /** Notes that the source begins to look: nothing that was told before holds. */
  begin(at: number): void {
    this.#moving.clear();
    this.#lastBegin = this.#confirmedAt = Number.NEGATIVE_INFINITY;
    this.#quietUntil = at + START_MS;
    this.#light = {};
  }

  #look(at: number): void {
    for (const since of this.#moving.values()) if (at - since >= LASTING_MS) this.#confirm(at);
  }

  #confirm(at: number): void {
    if (at >= this.#quietUntil) this.#confirmedAt = at;
  }

  /** Forgets what was told in the last moment, and passes over the next ones: it was the light. */
  #quiet(at: number): void {
    this.#quietUntil = at + SETTLE_MS;
    this.#lastBegin = this.#confirmedAt = Number.NEGATIVE_INFINITY;
    for (const region of this.#moving.keys()) this.#moving.set(region, this.#quietUntil);
  }
}
