import type { Cancel, Clock } from '../core/clock.ts';
import { type CodedPicture, MAX_UNIT_BYTES } from '../frames/access-unit.ts';
import { AnnexBSplitter } from '../frames/annex-b-splitter.ts';
import { UnitAssembler } from '../frames/unit-assembler.ts';
import { FlvDemuxer } from '../protocols/flv/demuxer.ts';
import { FlvPictures } from '../protocols/flv/pictures.ts';

/** Called with each picture that is read; see {@link CaptureEvents.unit}. */
export type OnPicture = (picture: CodedPicture, ownTime?: number) => void;

/** Reads the H.264 that a program writes, in chunks of any size. */
export interface H264Output {
  /** Takes the next bytes. @throws FlvError where they cannot be read; nothing more may be pushed then */
  push(chunk: Buffer): void;
  /** Drops what is left, and timers with it. */
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

  /** Begins anew with the next key frame, since something is missing before it. */
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

  /** Takes the next bytes. @throws FlvError where they are no FLV */
  push(chunk: Buffer): void {
    this.#demuxer.push(chunk);
  }

  /** Does nothing: there are no timers. */
  close(): void {}
}

/** The silence that ends a picture: a share of the time from picture to picture, and its limits in milliseconds. */
const SILENCE = { share: 1 / 4, least: 3, most: 25 };
/**
 * How often a silence may fall within a picture; each time it then has to last twice as long. After that only the next picture ends
 * one.
 */
const MAX_TORN = 3;
/** Until another turn of the event loop, milliseconds: what waits in the pipe is read before. */
const NEXT_TURN_MS = 1;

/**
 * Reads a byte stream (H.264, annex B). In it only the beginning of the next picture shows where one ends; waiting for that would
 * make each late by the time between them, so a silence ends a picture too.
 */
export class AnnexBOutput implements H264Output {
  readonly #out: FromKeyFrame;
  readonly #assembler = new UnitAssembler();
  readonly #splitter: AnnexBSplitter;
  #silenceMs: number;
  /** How often a silence fell within a picture. */
  #torn = 0;
  /** When the last bytes came, monotonic, milliseconds. */
  #lastAt = 0;
  /** `#lastAt` when it was first found silent for long enough. */
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

  /** Takes the next bytes. Never throws. */
  push(chunk: Buffer): void {
    this.#lastAt = this.clock.monotonic();
    this.#splitter.push(chunk);
    if (this.#splitter.pending && this.#torn <= MAX_TORN) this.#cancel ??= this.clock.after(this.#silenceMs, this.#listen);
  }

  /** Drops an unfinished picture and its timer. */
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
      // This process may have been held up.
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
