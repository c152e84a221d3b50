import { join } from 'node:path';
import type { Area } from '../../frames/area.ts';
import { levelFor } from '../../frames/sensitivity.ts';
import { readOwnFile, writeFileAtomically } from '../../platform/files.ts';
import { toAscii } from '../ascii.ts';
import type { MotionWatch } from '../source.ts';

/** Longest text that annotate_cv draws, in ASCII characters: it keeps 256 bytes, the last of them a zero. */
const ANNOTATE_CHARACTERS = 255;
/** Largest file of this program's that may be there, bytes: some hundred for each region, and up to 256 characters of text. */
const MAX_BYTES = 64 * 1024;

/** The small picture that motion is looked for in, pixels. */
export const LORES = { width: 128, height: 96 };
/** One in so many of its pixels is compared, across and down. */
const SKIP = 2;
/** Comparisons a second: somebody walking has gone on by a good part of his width from one to the next. */
const COMPARISONS = 5;
/** Share of its area that a moving thing changes from one comparison to the next: its edges. */
const CHANGING_SHARE = 0.5;
/** Levels of grey, of 255, that a pixel has to change by, with a sensitivity of 1 and of 100. */
const LEVELS = { insensitive: 36, sensitive: 5 };
/** Share of its level that a pixel has to change by besides, as noise grows with the light. */
const LEVEL_SHARE = 0.1;

/** A stage with its parameters, in the order in which they are to stand in the file. */
type Stage = readonly [name: string, parameters: Readonly<Record<string, unknown>>];

/** Returns the stage that draws a text: white on a light shadow. */
export const annotateStage = (text: string): Stage => [
  'annotate_cv',
  { text: toAscii(text).slice(0, ANNOTATE_CHARACTERS), fg: 255, bg: 0, scale: 1.0, thickness: 2, alpha: 0.3 },
];

/**
 * Returns one stage for each region: each looks at its own rectangle, and says with its name when something begins to move in it.
 * @param fps pictures per second of the capture
 */
export function motionStages({ regions, sensitivity, smallestArea }: MotionWatch, fps: number): Stage[] {
  const level = levelFor(sensitivity, LEVELS);
  return regions.map((region, number) => [
    'motion_detect',
    {
      ...{ roi_x: rounded(region.x), roi_y: rounded(region.y), roi_width: rounded(region.width), roi_height: rounded(region.height) },
      ...{ difference_m: LEVEL_SHARE, difference_c: Math.round(level), region_threshold: thresholdOf(region, smallestArea) },
      ...{ frame_period: Math.max(1, Math.round(fps / COMPARISONS)), hskip: SKIP, vskip: SKIP, verbose: 1 },
      // A release that knows no names says nothing of this one.
      ...(regions.length > 1 ? { region_name: String(number + 1) } : {}),
    },
  ]);
}

/** Returns the share of a region that has to change; one pixel of the small picture is the least. */
function thresholdOf({ width, height }: Area, smallestArea: number): number {
  const pixels = (LORES.width / SKIP) * (LORES.height / SKIP) * width * height;
  return rounded(Math.min(1, Math.max(1 / pixels, (CHANGING_SHARE * smallestArea) / (width * height))));
}

const rounded = (share: number) => Math.round(share * 1e5) / 1e5;

/** Returns the stages as rpicam-apps reads them: an object in which a name may come more than once, which no JavaScript object can hold. */
export const stagesAsJson = (stages: readonly Stage[]): string =>
  `{${stages.map(([name, parameters]) => `${JSON.stringify(name)}:${JSON.stringify(parameters)}`).join(',')}}\n`;

/** Writes the stages to a file, since rpicam-vid takes them in no other way. Returns its path. @throws Error where it cannot be written */
export function writePostProcessFile(dir: string, stages: readonly Stage[]): string {
  const file = join(dir, 'post-process.json');
  const content = stagesAsJson(stages);
  // A file that is there will do on a read-only disk too, and spares the card.
  if (contentOf(file) !== content) writeFileAtomically(file, content);
  return file;
}

function contentOf(file: string): string | undefined {
  try {
    return readOwnFile(file, { maxBytes: MAX_BYTES })?.text;
  } catch {
    return undefined;
  }
}
