import type { Problem } from './answers.ts';
import { SMALLER_WIDTHS, type SmallerWidth } from './stream-sizes.ts';

/** Rates a viewer may ask for, pictures per second. */
const MAX_FPS = 120;
const MIN_FPS = 0.01;

/** What a request for pictures asks for. */
export interface Asked {
  /** Pictures per second at most; undefined: all. */
  readonly fps: number | undefined;
  /** Pixels; undefined: as the camera has it. */
  readonly width: SmallerWidth | undefined;
}

/** Reads `?fps=` and `?width=`; what is wrong with them comes back as the problem to answer with. */
export function readAsked(query: { readonly fps?: unknown; readonly width?: unknown }): Asked | { readonly problem: Problem } {
  const fps = query.fps === undefined ? undefined : Number(query.fps);
  if (fps !== undefined && !(fps >= MIN_FPS && fps <= MAX_FPS))
    return { problem: { code: 'BAD_FPS', message: `fps must be a number from ${MIN_FPS} to ${MAX_FPS}.` } };
  const width = SMALLER_WIDTHS.find((each) => String(each) === query.width);
  if (query.width !== undefined && width === undefined)
    return { problem: { code: 'BAD_WIDTH', message: `width must be one of ${SMALLER_WIDTHS.join(', ')}.` } };
  return { fps, width };
}
