import type { Cancel, Clock } from '../core/clock.ts';
import type { Logger } from '../core/log.ts';

/** What {@link EncodingAdvice} takes. */
export interface EncodingAdviceOptions {
  /** Returns whether ffmpeg is encoding the pictures of a Raspberry Pi's camera as H.264 at this moment. */
  readonly isTranscoding: () => boolean;
  readonly clock: Pick<Clock, 'every'>;
  readonly log: Logger;
}

/** Interval of looking. */
const LOOK_MS = 60_000;
/** Minutes of encoding without a break after which it is no passing visit. */
const LONG = 30;

/** Logs once, when H.264 is watched for long, as recorders do, that the camera itself could make it at less cost. */
export class EncodingAdvice {
  #looks = 0;
  #cancel: Cancel | undefined;

  constructor(private readonly options: EncodingAdviceOptions) {}

  /** Begins to look, once a minute. */
  start(): void {
    this.#cancel = this.options.clock.every(LOOK_MS, () => this.#look());
  }

  /** Ends looking. */
  stop(): void {
    this.#cancel?.();
  }

  #look(): void {
    const { isTranscoding, log } = this.options;
    this.#looks = isTranscoding() ? this.#looks + 1 : 0;
    if (this.#looks < LONG) return;
    log.info(
      `H.264 has been watched for ${LONG} minutes. If that is a recorder, which watches all day: with \`camera.encoding: h264\` the camera compresses to H.264 itself, for about half of the processor time; docs/which-pi.md says when that pays.`,
    );
    this.stop();
  }
}
