import { runProgram } from '../../platform/run-program.ts';
import type { CameraSettings } from '../settings.ts';

const PROBE_TIMEOUT_MS = 5000;

/** From the edge of the picture, in pixels. */
const MARGIN = 8;
/** The height of the picture by that of a letter. */
const LINES = 28;

/** Where a text begins. */
const X = { left: String(MARGIN), right: `w-tw-${MARGIN}` } as const;
const Y = { upper: String(MARGIN), lower: `h-th-${MARGIN}` } as const;

/** ffmpeg's filter that draws the text, with strftime's conversions of this moment in local time: white on a light shadow, as annotate_cv draws it. */
export function drawText({ annotate, annotatePosition }: Pick<CameraSettings, 'annotate' | 'annotatePosition'>): string {
  const [vertical, horizontal] = annotatePosition.split('-') as [keyof typeof Y, keyof typeof X];
  const look = `fontcolor=white:fontsize=h/${LINES}:box=1:boxcolor=black@0.4:boxborderw=4`;
  return `drawtext=text=${quoted(annotate)}:x=${X[horizontal]}:y=${Y[vertical]}:${look}`;
}

/** As the argument of a function in the text, which is the value of an option, which stands in a graph of filters. */
function quoted(text: string): string {
  const argument = escaped(text, /[\\':{}]/g);
  return escaped(escaped(`%{localtime:${argument}}`, /[\\':]/g), /[\\',;[\]]/g);
}

const escaped = (text: string, special: RegExp): string => text.replace(special, '\\$&');

/** Whether this ffmpeg draws texts: it may have been built without, and the system may have no font. */
export async function canDrawText(ffmpeg: string, searchPath: string): Promise<boolean> {
  const graph = drawText({ annotate: '%T', annotatePosition: 'upper-left' });
  const args = ['-hide_banner', '-nostdin', '-f', 'lavfi', '-i', 'color=size=64x64', '-vf', graph, '-frames:v', '1', '-f', 'null', '-'];
  return (await runProgram(ffmpeg, args, { timeoutMs: PROBE_TIMEOUT_MS, searchPath })).code === 0;
}
