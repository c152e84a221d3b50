import type { Luma } from '../../src/analysis/luma.ts';

/**
 * Scenes to judge motion detection on, drawn by code and the same on every machine: a yard with a wall, a door, paving and
 * a tree, in which things happen at known times.
 */
export interface Scene {
  readonly name: string;
  readonly seconds: number;
  /** When something that should be told moves, seconds from the start: [from, to]. */
  readonly moves: readonly (readonly [number, number])[];
  /** Masks that the owner would set for it, "X,Y,WIDTH,HEIGHT" as shares. */
  readonly masks?: readonly string[];
  /** Not to be judged by false alarms: shown to say what happens. */
  readonly shownOnly?: boolean;
  readonly light?: (t: number) => Light;
  readonly noise?: number;
  readonly rain?: number;
  readonly branch?: boolean;
  readonly things?: readonly Thing[];
}

interface Light {
  /** Of the whole picture, 1 is day. */
  readonly exposure: number;
  /** Of the lamp at the upper right, added to daylight. */
  readonly lamp?: number;
}

/** A thing on its way: sizes and places as shares of the picture. */
interface Thing {
  readonly from: number;
  readonly to: number;
  readonly width: number;
  readonly height: number;
  readonly level: number;
  /** Left edge and lower edge at a time. */
  readonly at: (t: number) => readonly [number, number];
  /** Swings arms and legs. */
  readonly walks?: boolean;
}

/** By their own names: in a test's context every look at a global costs more than the arithmetic. */
const { abs, floor, hypot, max, min, round, sin } = Math;

/** Pictures are drawn in twice the size that is looked at, and halved: a pixel is the mean of four, as in a JPEG it is of 64. */
const SCENE_SIZE = { width: 160, height: 90 };
const DRAWN = { width: 2 * SCENE_SIZE.width, height: 2 * SCENE_SIZE.height };

/** Pseudo-random numbers, always the same for one seed. */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }

  /** 0 to 1. */
  next(): number {
    this.#state = following(this.#state);
    return (this.#state >>> 0) / 2 ** 32;
  }

  /** The sum of four, around 0: −2 to 2, nearly as noise is distributed. In one go, since a picture takes 57 600 of them. */
  noise(): number {
    const a = following(this.#state);
    const b = following(a);
    const c = following(b);
    const d = following(c);
    this.#state = d;
    return ((a >>> 0) + (b >>> 0) + (c >>> 0) + (d >>> 0)) / 2 ** 32 - 2;
  }
}

/** Xorshift of 32 bits, by Marsaglia. */
function following(state: number): number {
  let next = state ^ (state << 13);
  next ^= next >>> 17;
  return next ^ (next << 5);
}

const YARD = drawYard();

/** Reflectance of the empty yard, 0 to 200. */
function drawYard(): Float32Array {
  const { width, height } = DRAWN;
  const random = new Random(7);
  const yard = new Float32Array(width * height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const sky = y < height * 0.2;
      const wall = y < height * 0.55;
      let level = sky ? 185 - y / 2 : wall ? 120 : 80 + (y / height) * 30;
      // Bricks, and paving whose slabs grow towards the viewer.
      if (wall && !sky && (y % 8 === 0 || (x + (floor(y / 8) % 2) * 10) % 20 === 0)) level -= 25;
      const far = (y - height * 0.5) / height;
      if (!wall && (floor(8 / far) % 9 === 0 || abs(((x - width / 2) / far) % 60) < 2)) level -= 18;
      if (x > width * 0.15 && x < width * 0.25 && y > height * 0.3 && y < height * 0.58) level = 55;
      if (x > width * 0.45 && x < width * 0.57 && y > height * 0.28 && y < height * 0.42) level = 40;
      yard[at] = level + 10 * (random.next() - 0.5);
    }
  }
  return yard;
}

/** By how much the light of the lamp is less there than beside it. */
const LAMP_FALLS = Float64Array.from(YARD, (_, at) => {
  const far = hypot(((at % DRAWN.width) / DRAWN.width - 0.8) * 1.6, floor(at / DRAWN.width) / DRAWN.height - 0.2);
  return 1 + 6 * far * far;
});

const walker = (from: number, to: number, size: number, level: number, y = 0.92): Thing => ({
  ...{ from, to, width: size * 0.22, height: size, level, walks: true },
  at: (t) => [-0.1 + (1.2 * (t - from)) / (to - from), y],
});

const night = (t: number): Light => ({ exposure: 0.16 + 0 * t });
const flash =
  (from: number, to: number, lamp: number) =>
  (t: number): Light => {
    // The camera takes its exposure back within a second.
    const settled = (start: number) => min(1, max(0, (t - start) / 1));
    const on = t >= from && t < to;
    const exposure = on ? 0.5 - 0.18 * settled(from) : t >= to ? 0.32 + 0.18 * settled(to) : 0.5;
    return { exposure, lamp: on ? lamp : 0 };
  };

export const SCENES: readonly Scene[] = [
  { name: 'empty yard by day', seconds: 40, moves: [] },
  { name: 'person walks through, by day', seconds: 30, moves: [[9.2, 17.2]], things: [walker(9, 18, 0.42, 45)] },
  { name: 'person in clothes like the wall', seconds: 30, moves: [[9.2, 17.2]], things: [walker(9, 18, 0.42, 88)] },
  { name: 'person far away (0.35 % of the picture)', seconds: 30, moves: [[10, 20.9]], things: [walker(9, 22, 0.17, 30, 0.66)] },
  {
    ...{
      name: 'person comes, stands still for a while, goes',
      seconds: 60,
      moves: [
        [10.2, 14],
        [34, 37.3],
      ] as const,
    },
    things: [
      {
        ...{ from: 10, to: 38, width: 0.09, height: 0.42, level: 40, walks: true },
        at: (t) => [t < 14 ? -0.1 + 0.15 * (t - 10) : t < 34 ? 0.5 : 0.5 + 0.15 * (t - 34), 0.92],
      },
    ],
  },
  { name: 'person at night, much noise', seconds: 30, moves: [[9.2, 17.2]], light: night, noise: 10, things: [walker(9, 18, 0.42, 190)] },
  { name: 'empty yard at night, much noise', seconds: 60, moves: [], light: night, noise: 10 },
  { name: 'clouds: slow change of the light', seconds: 60, moves: [], light: (t) => ({ exposure: 0.75 + 0.3 * sin(t / 5) }) },
  {
    ...{ name: 'exposure jumps by two thirds of a stop, four times', seconds: 40, moves: [] },
    light: (t) => ({ exposure: t > 10 && floor(t / 6) % 2 === 0 ? 1 : 0.63 }),
  },
  {
    name: 'lamp switched on and off, twice',
    seconds: 50,
    moves: [],
    light: (t) => (t < 28 ? flash(10, 20, 0.9)(t) : flash(32, 42, 0.9)(t)),
  },
  {
    ...{ name: 'lamp goes on, then a person comes', seconds: 40, moves: [[13.2, 21.2]] },
    ...{ light: flash(11, 36, 0.9), things: [walker(13, 22, 0.42, 30)] },
  },
  { name: 'rain', seconds: 60, moves: [], rain: 60, noise: 5 },
  { name: 'person in the rain', seconds: 30, moves: [[9.2, 17.2]], rain: 60, noise: 5, things: [walker(9, 18, 0.42, 40)] },
  { name: 'branch in the wind, masked', seconds: 60, moves: [], branch: true, masks: ['0.68,0,0.32,0.6'] },
  {
    ...{ name: 'person, branch in the wind masked', seconds: 30, moves: [[9.2, 17.2]], branch: true, masks: ['0.68,0,0.32,0.6'] },
    things: [walker(9, 18, 0.42, 45)],
  },
  {
    ...{ name: 'branch in the wind, not masked', seconds: 60, moves: [], branch: true },
    shownOnly: true,
  },
  {
    ...{ name: 'car comes and parks', seconds: 60, moves: [[9.1, 14.8]] },
    things: [{ from: 9, to: 1000, width: 0.3, height: 0.22, level: 170, at: (t) => [min(0.4, -0.3 + 0.12 * (t - 9)), 0.95] }],
  },
  { name: 'bird, smaller than the smallest area', seconds: 30, moves: [], things: [{ ...walker(10, 14, 0.04, 20, 0.15), walks: false }] },
];

/** Draws a scene, picture by picture. Times must go forward, since noise and rain run on. */
export class ScenePlayer {
  readonly #random: Random;
  readonly #drops: { x: number; y: number; speed: number }[];

  /**
   * @param rate pictures per second
   * @param seed of noise and rain
   */
  constructor(
    private readonly scene: Scene,
    private readonly rate: number,
    seed: number,
  ) {
    this.#random = new Random(seed);
    this.#drops = Array.from({ length: scene.rain ?? 0 }, () => ({
      x: this.#random.next(),
      y: this.#random.next(),
      speed: 1.5 + this.#random.next(),
    }));
  }

  /** The picture at a time, seconds from the start, as the camera's sensor has it: in twice {@link SCENE_SIZE}. */
  draw(t: number): Luma {
    const { width, height } = DRAWN;
    const { light: lightAt = (): Light => ({ exposure: 1 }), noise = 3, branch, things = [] } = this.scene;
    const scene = YARD.slice();
    if (branch) drawBranch(scene, t);
    for (const thing of things) if (t >= thing.from && t < thing.to) drawThing(scene, thing, t);
    this.#rainOver(scene);
    const { exposure, lamp = 0 } = lightAt(t);
    const data = new Uint8Array(width * height);
    const random = this.#random;
    for (let at = 0; at < data.length; at++) {
      const light = lamp === 0 ? exposure : exposure + lamp / LAMP_FALLS[at]!;
      const level = scene[at]! * light + noise * random.noise() * 1.7;
      data[at] = min(255, max(0, level));
    }
    return { width, height, data };
  }

  #rainOver(scene: Float32Array): void {
    const { width, height } = DRAWN;
    for (const drop of this.#drops) {
      drop.y += drop.speed / this.rate;
      if (drop.y > 1) {
        drop.y = -0.1 * this.#random.next();
        drop.x = this.#random.next();
      }
      const length = round(14 * drop.speed);
      for (let step = 0; step < length; step++) {
        const y = floor(drop.y * height) + step;
        const x = floor(drop.x * width + step / 8);
        if (y >= 0 && y < height && x < width) scene[y * width + x] = (scene[y * width + x]! + 210) / 2;
      }
    }
  }
}

function drawThing(scene: Float32Array, thing: Thing, t: number): void {
  const { width, height } = DRAWN;
  const [left, bottom] = thing.at(t);
  const tall = thing.height * height;
  const broad = thing.width * width;
  const top = bottom * height - tall;
  for (let y = max(0, floor(top)); y < min(height, bottom * height); y++) {
    const down = (y - top) / tall;
    for (let x = max(0, floor(left * width)); x < min(width, left * width + broad); x++) {
      const across = (x - left * width) / broad - 0.5;
      if (thing.walks && !isBody(down, across, t)) continue;
      // Clothes have folds, and the head another level than the coat.
      scene[y * width + x] = thing.level + (thing.walks && down < 0.16 ? 60 : 0) + 8 * sin(9 * across + 7 * down);
    }
  }
}

/** A walking body: head, trunk, two legs that swing. */
function isBody(down: number, across: number, t: number): boolean {
  if (down < 0.16) return hypot((down - 0.08) / 0.08, across / 0.22) < 1;
  if (down < 0.55) return abs(across) < 0.34 + 0.1 * sin(6 * t) * down;
  const swing = 0.32 * sin(6 * t) * (down - 0.55);
  return abs(across - 0.14 - swing) < 0.12 || abs(across + 0.14 + swing) < 0.12;
}

/** Leaves at the upper right, which the wind moves to and fro. */
function drawBranch(scene: Float32Array, t: number): void {
  const { width, height } = DRAWN;
  const sway = 0.025 * sin(2.1 * t) + 0.012 * sin(5.3 * t + 1);
  const random = new Random(5);
  for (let leaf = 0; leaf < 46; leaf++) {
    const along = random.next();
    const cx = (0.98 - 0.24 * along + sway * (0.4 + along)) * width;
    const cy = (0.08 + 0.36 * along * random.next() + 0.5 * sway * along) * height;
    const level = 20 + 40 * random.next();
    for (let y = max(0, floor(cy - 4)); y < cy + 4; y++) {
      for (let x = floor(cx - 7); x < min(width, cx + 7); x++) {
        if (((x - cx) / 7) ** 2 + ((y - cy) / 4) ** 2 < 1) scene[y * width + x] = level;
      }
    }
  }
}
