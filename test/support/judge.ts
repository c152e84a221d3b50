import { Held } from '../../src/analysis/held.ts';
import { halved, type Luma } from '../../src/analysis/luma.ts';
import { PictureMotion } from '../../src/analysis/picture-motion.ts';
import { LOOK_MS, SourceMotion } from '../../src/analysis/source-motion.ts';
import { disjoint, readArea } from '../../src/frames/area.ts';
import { ModelledStage } from './motion-detect-stage.ts';
import { SCENES, type Scene, ScenePlayer } from './scenes.ts';

/** What looks at the pictures of a scene. */
interface Looker {
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

/** The ways, with the pictures per second that each sees. */
export const WAYS = { pictures: 4, camera: 15, both: 15 } as const;
export type Way = keyof typeof WAYS;

/** Seconds until motion counts as over, short, so that each false alarm counts. */
const HOLD_TIME = 3;
/** What is told up to this long before and after a movement belongs to it, seconds. */
const BEFORE = 0.5;
const AFTER = 1.5;

/** The defaults of the settings. */
export const DEFAULTS = { sensitivity: 50, smallestArea: 0.003 };

function lookerFor(way: Way, scene: Scene, settings: typeof DEFAULTS): Looker {
  const masks = (scene.masks ?? []).flatMap((mask) => readArea(mask) ?? []);
  if (way === 'pictures') return new PictureMotion({ ...settings, zones: [], masks });
  const source = new SourceMotion();
  const stage = new ModelledStage({ ...settings, regions: disjoint([], masks) }, WAYS[way], source);
  const pictures = new PictureMotion({ ...settings, zones: [], masks });
  let lookedAt = Number.NEGATIVE_INFINITY;
  return {
    look(luma, at) {
      stage.push(luma, at);
      if (way === 'camera') return source.look(at);
      if (at - lookedAt < LOOK_MS[source.isAwake(at) ? 'awake' : 'asleep']) return false;
      lookedAt = at;
      return pictures.look(luma, at);
    },
  };
}

/** Lets a detector see a scene and counts what it makes of it. @param seed of noise and rain */
export function judge(way: Way, scene: Scene, settings = DEFAULTS, seed = 99): Judgement {
  const rate = WAYS[way];
  const looker = lookerFor(way, scene, settings);
  const player = new ScenePlayer(scene, rate, seed);
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
  const inside = (t: number, [from, to]: readonly [number, number]) => t >= from - BEFORE && t <= to + AFTER;
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

/** For noise and rain that fall otherwise each time. */
export const SEEDS = [99, 1, 2];

/** What the ways make of every scene, as plain data. */
export const judgeAll = (seeds: readonly number[]) =>
  (Object.keys(WAYS) as Way[]).flatMap((way) =>
    SCENES.flatMap((scene) =>
      // Where neither plays a part, once is enough.
      (scene.noise === undefined ? seeds.slice(0, 1) : seeds).map((seed) => {
        const { hits, falseAlarms, delay, told } = judge(way, scene, DEFAULTS, seed);
        const { name, moves, shownOnly = false } = scene;
        return { way, scene: name, seed, moves: moves.length, hits, falseAlarms: falseAlarms.length, delay, told, shownOnly };
      }),
    ),
  );
