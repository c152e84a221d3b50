/** The post-processing stages: what they say when they are read, when the camera is configured, and while pictures come. */
import { readFileSync } from 'node:fs';
import { Refused } from './command-line.js';
import { compareVersions } from './options.js';

/** From this release on motion_detect knows its region's name. */
const REGION_NAMES = '1.6.0';

/**
 * Reads the file as the real program does: key by key, so that a stage may come twice.
 *
 * @returns {{ name: string, parameters: Record<string, any> }[]}
 */
export function readStages(file, scenario, messages) {
  let text;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new Refused(`${file}: cannot open file`);
  }
  try {
    JSON.parse(text);
  } catch {
    throw new Refused(`${file}(1): expected value`);
  }
  const known = ['negate', 'hdr'];
  if (!scenario.annotateStageMissing) known.push('annotate_cv');
  if (!scenario.motionStageMissing) known.push('motion_detect');
  const stages = [];
  for (const [, name, parameters] of text.matchAll(/"(\w+)"\s*:\s*(\{[^{}]*\})/g)) {
    const isKnown = known.includes(name);
    messages.line(isKnown ? `Reading post processing stage "${name}"` : `No post processing stage found for "${name}"`);
    if (isKnown) stages.push({ name, parameters: JSON.parse(parameters) });
  }
  return stages;
}

/** What motion_detect says of its region once the size of the small picture is known; without one it does nothing. */
export function configureMotion(stages, lores, messages) {
  const looking =
    lores.width > 0 && lores.height > 0 ? stages.filter(({ name, parameters }) => name === 'motion_detect' && parameters) : [];
  for (const { parameters } of looking) {
    const { roi_x = 0, roi_y = 0, roi_width = 1, roi_height = 1, region_threshold = 0.005, hskip = 1, vskip = 1, verbose = 0 } = parameters;
    const [width, height] = [Math.trunc(lores.width / hskip), Math.trunc(lores.height / vskip)];
    const [x, y, w, h] = [roi_x * width, roi_y * height, roi_width * width, roi_height * height].map(Math.trunc);
    const threshold = Math.trunc(region_threshold * w * h);
    if (verbose) messages.line(`Lores: ${width}x${height} roi: (${x},${y}) ${w}x${h} threshold: ${threshold}`);
  }
  return looking;
}

/** What motion_detect says at a frame. */
export function sayMotion(frame, looking, { moves, olderVersion }, messages) {
  const named = olderVersion === undefined || compareVersions(olderVersion, REGION_NAMES) >= 0;
  for (const { parameters } of looking) {
    const name = named ? parameters.region_name : undefined;
    const suffix = name === undefined ? '' : ` in region ${name}`;
    const own = parameters.verbose ? moves.filter(({ region }) => region === parameters.region_name) : [];
    if (own.some(({ from }) => from === frame)) messages.line(`Motion detected${suffix}`);
    if (own.some(({ to }) => to === frame)) messages.line(`Motion stopped${suffix}`);
  }
}
