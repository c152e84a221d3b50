import type { Cancel, Clock } from '../core/clock.ts';
import { type CodedPicture, MAX_UNIT_BYTES } from '../frames/access-unit.ts';
import { AnnexBSplitter } from '../frames/annex-b-splitter.ts';
import { UnitAssembler } from '../frames/unit-assembler.ts';
import { FlvDemuxer } from '../protocols/flv/demuxer.ts';
import { FlvPictures } from '../protocols/flv/pictures.ts';

/** What is done with each picture that is read; see CaptureEvents.unit. */
export type OnPicture = (picture: CodedPicture, ownTime?: number) => void;

/** Reads the H.264 that a program writes, in chunks of any size. */
export interface H264Output {
  /** @throws FlvError where it cannot be read; nothing more may be pushed then */
  push(chunk: Buffer): void;
  /** Nothing more comes. */
  close(): void;
}

/** Passes on what can be decoded: from a key frame on. */
class FromKeyFrame {
  #waits = true;

  constructor(private readonly onPicture: OnPicture) {}

  pass(picture: CodedPicture, ownTime?: number): void {
    if (this.#waits && !picture.keyframe) return;
    this.#waits = false;
    this.onPicture(picture, ownTime);
  }

  /** Something is missing: what comes can be decoded again from the next key frame on. */
  wait(): void {
    this.#waits = true;
  }
}

/** Reads FLV, which tells the end and the time of each picture. */
export class FlvOutput implements H264Output {
  readonly #pictures = new FlvPictures();
  readonly #demuxer: FlvDemuxer;

  constructor(onPicture: OnPicture) {
    const out = new FromKeyFrame(onPicture);
    this.#demuxer = new FlvDemuxer((video) => {
      const picture = this.#pictures.read(video);
      if (picture) out.pass(picture, video.timestamp);
    }, MAX_UNIT_BYTES);
  }

  push(chunk: Buffer): void {
    this.#demuxer.push(chunk);
  }

  close(): void {}
}

/** Share of the time from picture to picture after which a silence is the end of one, and its limits, milliseconds. */
const SILENCE = { share: 1 / 4, least: 3, most: 25 };
/** How often a silence may turn out to have been none; each time it has to last twice as long. After that the next picture alone ends one. */
const MAX_TORN = 3;
/** In another turn of the event loop, milliseconds: what waits in the pipe is read before. */
const NEXT_TURN_MS = 1;

/**
 * Reads a byte stream (H.264 annex B). It does not say where a picture ends before the next one begins; waiting for that would
 * make each late by the time between them, so a silence ends it.
 */
export class AnnexBOutput implements H264Output {
  readonly #out: FromKeyFrame;
  readonly #assembler = new UnitAssembler();
  readonly #splitter: AnnexBSplitter;
  #silenceMs: number;
  #torn = 0;
  #lastAt = 0;
  /** When the bytes came that were there when it was silent for long enough. */
  #silentSince: number | undefined;
  #cancel: Cancel | undefined;

  /** @param fps pictures per second that are to be expected */
  constructor(
    onPicture: OnPicture,
    fps: number,
    private readonly clock: Clock,
  ) {
    this.#out = new FromKeyFrame(onPicture);
    this.#silenceMs = Math.min(SILENCE.most, Math.max(SILENCE.least, (1000 / fps) * SILENCE.share));
    this.#splitter = new AnnexBSplitter({ unit: (nals) => this.#onUnit(nals), torn: () => this.#onTorn() }, MAX_UNIT_BYTES);
  }

  push(chunk: Buffer): void {
    this.#lastAt = this.clock.monotonic();
    this.#splitter.push(chunk);
    if (this.#splitter.pending && this.#torn <= MAX_TORN) this.#cancel ??= this.clock.after(this.#silenceMs, this.#listen);
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  readonly #listen = (): void => {
    this.#cancel = undefined;
    if (!this.#splitter.pending) return;
    const left = this.#silenceMs - (this.clock.monotonic() - this.#lastAt);
    if (left > 0) this.#cancel = this.clock.after(Math.ceil(left), this.#listen);
    else if (this.#silentSince !== this.#lastAt) {
      // We may have been held up ourselves.
      this.#silentSince = this.#lastAt;
      this.#cancel = this.clock.after(NEXT_TURN_MS, this.#listen);
    } else this.#splitter.silence();
  };

  #onUnit(nals: readonly Buffer[]): void {
    const picture = this.#assembler.assemble(nals);
    if (picture) this.#out.pass(picture);
  }

  #onTorn(): void {
    this.#torn++;
    this.#silenceMs *= 2;
    this.#out.wait();
  }
}
