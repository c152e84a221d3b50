import { Held } from '../../src/analysis/held.ts';
import { halved, type Luma } from '../../src/analysis/luma.ts';
import type { MotionSettings } from '../../src/analysis/picture-motion.ts';
import { type Scene, ScenePlayer } from './scenes.ts';

/** What looks at the pictures of a scene. */
export interface Looker {
  look(luma: Luma, at: number): boolean;
}

export interface Judgement {
  readonly scene: Scene;
  /** Of {@link Scene.moves}, how many were told. */
  readonly hits: number;
  /** Times at which motion began although nothing moved, seconds. */
  readonly falseAlarms: readonly number[];
  /** From the begin of a movement to its telling, seconds, the longest; undefined: none was told. */
  readonly delay: number | undefined;
  /** For how long motion was told in all, seconds, hold time included. */
  readonly told: number;
}

/** Seconds until motion counts as over. */
export const HOLD_TIME = 3;
/** What is told up to this long after a movement belongs to it, seconds. */
const AFTERMATH = 1.5;

/** Lets a detector see a scene at a rate, pictures per second, and counts what it makes of it. */
export function judge(scene: Scene, looker: Looker, rate: number): Judgement {
  const player = new ScenePlayer(scene);
  const held = new Held({ on: 0, off: HOLD_TIME * 1000 });
  const begins: number[] = [];
  const seen: number[] = [];
  let told = 0;
  for (let k = 0; k < scene.seconds * rate; k++) {
    const t = k / rate;
    const before = held.state;
    const moving = looker.look(halved(player.draw(t)), 1000 * t);
    if (moving) seen.push(t);
    if (held.update(moving, 1000 * t)) told += 1 / rate;
    if (held.state && !before) begins.push(t);
  }
  const inside = (t: number, [from, to]: readonly [number, number]) => t >= from - 1 && t <= to + AFTERMATH;
  const delays = scene.moves.map((move) => {
    const first = seen.find((t) => inside(t, move));
    return first === undefined ? undefined : Math.max(0, first - move[0]);
  });
  const known = delays.filter((delay) => delay !== undefined);
  return {
    scene,
    hits: known.length,
    falseAlarms: begins.filter((t) => !scene.moves.some((move) => inside(t, move))),
    delay: known.length === 0 ? undefined : Math.max(...known),
    told,
  };
}

export const DEFAULT_MOTION: Omit<MotionSettings, 'masks'> = { sensitivity: 50, smallestArea: 0.003, zones: [] };
