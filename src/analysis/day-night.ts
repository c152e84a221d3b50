/** The light that the exposure is chosen for. */
export type DayNight = 'day' | 'night';

/** The light at a time, as far as it is known. */
export interface Light {
  /** Light of the scene in lux, as the camera estimates it; undefined: it does not say. */
  readonly lux?: number | undefined;
  /** Mean level of the picture, 0 to 255; undefined: nobody looked. */
  readonly level?: number | undefined;
}

/** Lux below which it is night, and above which it is day: a street lamp gives some 5, dusk 10, indoor lighting 100. */
const LUX = { night: 6, day: 20 };
/**
 * The same by the mean level of the picture, 0 to 255, which the camera keeps near 110 as long as it can. At night the picture is
 * exposed up to four times longer, so that day has to be much brighter than night was.
 */
const LEVEL = { night: 40, day: 100 };
/** How long the light has to stay beyond a threshold, milliseconds: headlights make no day, and a cloud makes no night. */
const LASTS_MS = { night: 15_000, day: 30_000 };
/**
 * How long it is night at least where only the level is known, milliseconds, since a return to day is then a try: this long at
 * first, and twice as long each time that it was night again within {@link FAILED_MS}.
 */
const TRY_MS = { first: 5 * 60_000, most: 2 * 3_600_000 };
/** A day shorter than this was none, milliseconds. */
const FAILED_MS = 2 * 60_000;

/** Tells day from night by the light, with hysteresis, so that the exposure is not switched to and fro. It has no clock: times are handed in. */
export class DayNightSwitch {
  #state: DayNight = 'day';
  /** Since when the light has been beyond its threshold, monotonic, milliseconds; undefined: it is not. */
  #since: number | undefined;
  /** Milliseconds from night to the next try of day. */
  #wait = TRY_MS.first;
  /** When it last became day, monotonic, milliseconds. */
  #dayAt = Number.NEGATIVE_INFINITY;

  /** Whether it is day or night; day at first. */
  get state(): DayNight {
    return this.#state;
  }

  /** Takes what is known of the light, and returns whether it is day or night. @param at monotonic, milliseconds */
  look({ lux, level }: Light, at: number): DayNight {
    const known = lux ?? level;
    if (known === undefined) return this.#state;
    const limits = lux === undefined ? LEVEL : LUX;
    const isBeyond = this.#state === 'day' ? known < limits.night : known > limits.day;
    if (!isBeyond) {
      this.#since = undefined;
      return this.#state;
    }
    this.#since ??= at;
    if (at - this.#since >= this.#lasts(lux !== undefined)) this.#switch(at);
    return this.#state;
  }

  #lasts(byLux: boolean): number {
    if (this.#state === 'day') return LASTS_MS.night;
    return byLux ? LASTS_MS.day : this.#wait;
  }

  #switch(at: number): void {
    this.#since = undefined;
    if (this.#state === 'day') {
      this.#state = 'night';
      this.#wait = at - this.#dayAt < FAILED_MS ? Math.min(TRY_MS.most, 2 * this.#wait) : TRY_MS.first;
    } else {
      this.#state = 'day';
      this.#dayAt = at;
    }
  }
}
