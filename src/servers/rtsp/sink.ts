import type { RtpBatch } from '../../protocols/rtp/batch.ts';

/** Where a track's packets go: one for each playing session, and one for a multicast group. */
export interface Sink {
  /** Sends the packets of one picture. Must not block; a sink that cannot keep up skips whole pictures. */
  deliver(batch: RtpBatch): void;
  /** Sends one compound RTCP packet. */
  report(rtcp: Buffer): void;
  /** Forgets the pictures that wait. The rest of one that has been begun may still go out. */
  drop(): void;
}

/**
 * What a sink that missed something may go on with. `any`: every picture can be decoded by itself. `keyframe`: only what
 * begins with a key frame. `retold`: what comes is no picture, and all of it counts; after a gap, only what begins with all that still
 * holds, which is told when a key frame is asked for, and else never.
 */
export type Resumption = 'any' | 'keyframe' | 'retold';
