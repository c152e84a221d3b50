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

interface Judgement {
  /** Of {@link Scene.moves}, how many were told. */
  readonly hits: number;
  /** How often motion began although nothing moved. */
  readonly falseAlarms: number;
  /** From the begin of a movement to its telling, seconds, the longest; undefined: none was told. */
  readonly delay: number | undefined;
  /** For how long motion was told in all, seconds, hold time included. */
  readonly told: number;
}

/** The ways, with the pictures per second that each sees. */
const WAYS = { pictures: 4, camera: 15, both: 15 } as const;
type Way = keyof typeof WAYS;

/** Seconds until motion counts as over, short, so that each false alarm counts. */
const HOLD_TIME = 3;
/** What is told up to this long before and after a movement belongs to it, seconds. */
const BEFORE = 0.5;
const AFTER = 1.5;

/** The defaults of the settings. */
const DEFAULTS = { sensitivity: 50, smallestArea: 0.003 };

function lookerFor(way: Way, scene: Scene): Looker {
  const masks = (scene.masks ?? []).flatMap((mask) => readArea(mask) ?? []);
  const pictures = new PictureMotion({ ...DEFAULTS, zones: [], masks });
  if (way === 'pictures') return pictures;
  const source = new SourceMotion();
  const stage = new ModelledStage({ ...DEFAULTS, regions: disjoint([], masks) }, WAYS[way], source);
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

const inside = (t: number, [from, to]: readonly [number, number]) => t >= from - BEFORE && t <= to + AFTER;

/** Lets a detector see a scene and counts what it makes of it. */
class Judge {
  readonly #looker: Looker;
  readonly #held = new Held({ on: 0, off: HOLD_TIME * 1000 });
  readonly #begins: number[] = [];
  readonly #seen: number[] = [];
  #told = 0;

  constructor(
    private readonly way: Way,
    private readonly scene: Scene,
  ) {
    this.#looker = lookerFor(way, scene);
  }

  /** @param t seconds from the start */
  look(luma: Luma, t: number): void {
    const before = this.#held.state;
    const moving = this.#looker.look(luma, 1000 * t);
    if (moving) this.#seen.push(t);
    if (this.#held.update(moving, 1000 * t)) this.#told += 1 / WAYS[this.way];
    if (this.#held.state && !before) this.#begins.push(t);
  }

  get judgement(): Judgement {
    const { moves } = this.scene;
    const delays = moves.flatMap((move) => {
      const first = this.#seen.find((t) => inside(t, move));
      return first === undefined ? [] : [Math.max(0, first - move[0])];
    });
    return {
      hits: delays.length,
      falseAlarms: this.#begins.filter((t) => !moves.some((move) => inside(t, move))).length,
      delay: delays.length === 0 ? undefined : Math.max(...delays),
      told: this.#told,
    };
  }
}

/**
 * Lets ways that see as many pictures look at the same ones: drawing them takes most of the time.
 * @param seed of noise and rain
 */
function judgeScene(ways: readonly Way[], scene: Scene, seed: number) {
  const rate = WAYS[ways[0]!];
  const player = new ScenePlayer(scene, rate, seed);
  const judges = ways.map((way) => ({ way, judge: new Judge(way, scene) }));
  for (let k = 0; k < scene.seconds * rate; k++) {
    const luma = halved(player.draw(k / rate));
    for (const { judge } of judges) judge.look(luma, k / rate);
  }
  const { name, moves, shownOnly = false } = scene;
  return judges.map(({ way, judge }) => ({ way, scene: name, seed, moves: moves.length, ...judge.judgement, shownOnly }));
}

/** For noise and rain that fall otherwise each time. */
export const SEEDS = [99, 1, 2];

/** What the ways make of every scene, as plain data. */
export const judgeAll = (seeds: readonly number[]) =>
  SCENES.flatMap((scene) =>
    // Where neither plays a part, once is enough.
    (scene.noise === undefined ? seeds.slice(0, 1) : seeds).flatMap((seed) => [
      ...judgeScene(['pictures'], scene, seed),
      ...judgeScene(['camera', 'both'], scene, seed),
    ]),
  );
