import type { CameraSettings } from '../settings.ts';
import { probe, untold } from './probe.ts';

/** Distance of the text from the edges of the picture, pixels. */
const MARGIN = 8;
/** The height of the picture divided by that of a letter. */
const LINES = 28;

/** ffmpeg's expressions for where a text begins. */
const X = { left: String(MARGIN), right: `w-tw-${MARGIN}` } as const;
const Y = { upper: String(MARGIN), lower: `h-th-${MARGIN}` } as const;

/** Returns ffmpeg's filter that draws the text, with strftime's conversions for the local time: white on a light shadow, as annotate_cv draws it. */
export function drawText({ annotate, annotatePosition }: Pick<CameraSettings, 'annotate' | 'annotatePosition'>): string {
  const [vertical, horizontal] = annotatePosition.split('-') as [keyof typeof Y, keyof typeof X];
  const look = `fontcolor=white:fontsize=h/${LINES}:box=1:boxcolor=black@0.4:boxborderw=4`;
  return `drawtext=text=${quoted(annotate)}:x=${X[horizontal]}:y=${Y[vertical]}:${look}`;
}

/** Returns the text as the argument of a function, in the value of an option, in a graph of filters. */
function quoted(text: string): string {
  const argument = escaped(text, /[\\':{}]/g);
  return escaped(escaped(`%{localtime:${argument}}`, /[\\':]/g), /[\\',;[\]]/g);
}

const escaped = (text: string, special: RegExp): string => text.replace(special, '\\$&');

/**
 * Resolves with whether this ffmpeg draws texts: it may have been built without, and the system may have no font. Rejects with an
 * AppError (CAPTURE_ENDED) where it does not come to say so.
 */
export async function canDrawText(ffmpeg: string, searchPath: string): Promise<boolean> {
  const graph = drawText({ annotate: '%T', annotatePosition: 'upper-left' });
  const args = ['-hide_banner', '-nostdin', '-f', 'lavfi', '-i', 'color=size=64x64', '-vf', graph, '-frames:v', '1', '-f', 'null', '-'];
  const result = await probe(ffmpeg, args, searchPath);
  if (result.code === null) throw untold('ffmpeg does not tell whether it draws texts', result);
  return result.code === 0;
}
