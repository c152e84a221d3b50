import { join } from 'node:path';
import type { Area } from '../../frames/area.ts';
import { levelFor } from '../../frames/sensitivity.ts';
import { readOwnFile, writeFileAtomically } from '../../platform/files.ts';
import { toAscii } from '../ascii.ts';
import type { MotionWatch } from '../source.ts';

/** annotate_cv has room for 256 bytes, the last of them a zero. */
const ANNOTATE_CHARACTERS = 255;
/** Ours has some hundred bytes for each region, and up to 256 characters of text. */
const MAX_BYTES = 64 * 1024;

/** The small picture that motion is looked for in, and what is left out of it: every other pixel. */
export const LORES = { width: 128, height: 96 };
const SKIP = 2;
/** Comparisons a second: someone who walks has gone on by a good part of his width from one to the next. */
const COMPARISONS = 5;
/** A thing that goes on changes about this share of its area from one comparison to the next: its edges. */
const CHANGING_SHARE = 0.5;
/** Levels of grey that a pixel has to change by, with a sensitivity of 1 and of 100. */
const LEVELS = { insensitive: 36, sensitive: 5 };
/** And this share of its level, as noise grows with the light. */
const LEVEL_SHARE = 0.1;

/** A stage with its parameters, in the order in which they are to stand in the file. */
type Stage = readonly [name: string, parameters: Readonly<Record<string, unknown>>];

/** White on a light shadow, as annotate_cv draws it. */
export const annotateStage = (text: string): Stage => [
  'annotate_cv',
  { text: toAscii(text).slice(0, ANNOTATE_CHARACTERS), fg: 255, bg: 0, scale: 1.0, thickness: 2, alpha: 0.3 },
];

/**
 * One stage for each region: each looks at its own rectangle, and says with its name when something begins to move in it.
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

/** The share of a region that has to change. One pixel of the small picture is the least. */
function thresholdOf({ width, height }: Area, smallestArea: number): number {
  const pixels = (LORES.width / SKIP) * (LORES.height / SKIP) * width * height;
  return rounded(Math.min(1, Math.max(1 / pixels, (CHANGING_SHARE * smallestArea) / (width * height))));
}

const rounded = (share: number) => Math.round(share * 1e5) / 1e5;

/** The stages as rpicam-apps reads them: an object in which a name may come more than once, so that no object of ours can hold them. */
export const stagesAsJson = (stages: readonly Stage[]): string =>
  `{${stages.map(([name, parameters]) => `${JSON.stringify(name)}:${JSON.stringify(parameters)}`).join(',')}}\n`;

/** Post-processing has no options on the command line, but a file. @returns its path; throws where it cannot be written */
export function writePostProcessFile(dir: string, stages: readonly Stage[]): string {
  const file = join(dir, 'post-process.json');
  const content = stagesAsJson(stages);
  // One that is there is good on a read-only disk too, and spares the card.
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
