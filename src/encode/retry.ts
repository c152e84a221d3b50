import type { BackoffPolicy } from '../core/backoff.ts';

/** When an ffmpeg that ended is started again: soon at first, since that usually helps; 30 s keep a broken one quiet. */
export const RETRY: BackoffPolicy = { firstMs: 200, maxMs: 30_000 };
