import type { H264Profile } from './h264-level.ts';

/** The options, by their names, with which libx264 uses the tools of a profile: it declares one only where its stream needs it. The level is its own finding. */
export const X264_TOOLS: Readonly<Record<H264Profile, Readonly<Record<string, string>>>> = {
  baseline: {},
  main: { coder: '1' },
  high: { coder: '1', '8x8dct': '1' },
};

/** Threads of libx264, each with a slice of its own: half of a Pi's cores, since the capture wants its share. */
export const X264_THREADS = 2;
