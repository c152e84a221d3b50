import type { Track } from './track.ts';

/** What clients play at one URL: a picture, and the tracks beside it. */
export interface Stream {
  /** Last part of its URL: "mjpeg". */
  readonly name: string;
  /** In the order of the session description; at least one, and always the same. */
  readonly tracks: readonly Track[];
}
