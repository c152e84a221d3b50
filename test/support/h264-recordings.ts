import { readFileSync } from 'node:fs';

/** What rpicam-vid 1.13 wrote with libx264: 44 pictures of 640x480, each of two slices, key frames at every 15th, no delimiters. */
export const LOW_LATENCY = 'h264-lowlatency-640x480';
/** The same without `--low-latency`: profile High, one slice, pictures out of order. */
export const WITH_DELAY = 'h264-default-640x480';

export const h264Recording = (name: string): Buffer => readFileSync(new URL(`../fixtures/h264/${name}`, import.meta.url));
