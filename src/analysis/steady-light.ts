import type { SensedLight } from '../frames/sensed.ts';

/** Factor by which a value has to change to be another one: noise and people change it by less. */
const CHANGE = 1.25;
/** How long light and focus have to stay, milliseconds: as long as any flaw of the picture takes to be told, and more. */
const STAYS_MS = 30_000;
/** Age from which on a value says nothing of the present, milliseconds. */
const LASTS_MS = 1000;

/**
 * Tells whether light, exposure and focus are as they were, by what the camera itself says: then a picture is as dark, as bright and
 * as sharp as the one before, without a look at it. Slow changes count too: each value is compared with that of the last change. It
 * has no clock: times are handed in.
 */
export class SteadyLight {
  #reference: SensedLight | undefined;
  #changedAt = Number.NEGATIVE_INFINITY;
  #toldAt = Number.NEGATIVE_INFINITY;

  /** Takes what the camera says of a picture. @param at monotonic, milliseconds */
  take(light: SensedLight, at: number): void {
    if (light.lux === undefined && light.exposure === undefined) return;
    this.#toldAt = at;
    if (this.#reference && !isOther(this.#reference, light)) return;
    this.#reference = light;
    this.#changedAt = at;
  }

  /** Returns whether they are as they were; false where the camera says nothing of light and exposure. @param at monotonic, milliseconds */
  isSteady(at: number): boolean {
    return this.#reference !== undefined && at - this.#toldAt < LASTS_MS && at - this.#changedAt >= STAYS_MS;
  }

  /** Notes that a capture begins: nothing that was told before holds. */
  begin(): void {
    this.#reference = undefined;
  }
}

const isOther = (before: SensedLight, now: SensedLight): boolean =>
  differ(before.lux, now.lux) || differ(before.exposure, now.exposure) || differ(before.focus, now.focus);

function differ(before: number | undefined, now: number | undefined): boolean {
  if (before === undefined || now === undefined) return before !== now;
  return now > CHANGE * before || before > CHANGE * now;
}
