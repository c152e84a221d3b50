import { AppError } from '../../core/errors.ts';
import type { H264Source } from '../../device/streams.ts';
import type { AccessUnit } from '../../frames/access-unit.ts';
import { readSps } from '../../frames/h264-sps.ts';
import type { RtpBatch } from '../../protocols/rtp/batch.ts';
import { packetizeH264 } from '../../protocols/rtp/h264.ts';
import type { Sink } from './sink.ts';
import type { TrackDescription } from './track.ts';
import { VideoTrack, type VideoTrackOptions } from './video-track.ts';

/** Payload type of H.264: the first of those that RFC 3551 (section 6) leaves to be agreed on. */
export const H264_PAYLOAD_TYPE = 96;
/** Camera and encoder start within this, milliseconds; the same as for a snapshot. */
const PARAMETER_SETS_TIMEOUT_MS = 10_000;
/** How long a client that goes on playing is kept waiting for a key frame: as long as an encoder needs to start, milliseconds. */
const RESUME_TIMEOUT_MS = 3000;

/** The camera, and what gives its pictures as H.264. */
export interface H264TrackOptions extends VideoTrackOptions {
  readonly encoder: H264Source;
}

/** A track of H.264 (RFC 6184). A late client gets the running group of pictures from its key frame on. */
export class H264Track extends VideoTrack {
  readonly resumption = 'keyframe';
  #group: RtpBatch[] = [];
  #unsubscribe: (() => void) | undefined;

  constructor(protected override readonly options: H264TrackOptions) {
    super(options);
  }

  async describe(signal: AbortSignal): Promise<TrackDescription | AppError> {
    const failure = this.cameraFailure();
    if (failure) return failure;
    const { encoder, fps } = this.options;
    const sets = await encoder.parameterSets(PARAMETER_SETS_TIMEOUT_MS, signal);
    if (!sets) return encoder.status.error ?? new AppError('NO_FRAMES', 'There is no picture to encode.');
    return { encoding: { name: 'H264', ...sets }, payloadType: H264_PAYLOAD_TYPE, frameRate: fps(), size: readSps(sets.sps) };
  }

  /** Asks for a key frame later than `after`, and waits for it. */
  override async resume(after: number): Promise<() => void> {
    if (this.ready(after).length > 0) return () => {};
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        resolve(() => this.remove(waiter));
      };
      const waiter: Sink = { deliver: done, report() {}, drop() {} };
      const cancel = this.options.clock.after(RESUME_TIMEOUT_MS, done);
      const first = !this.watched;
      this.add(waiter, this.position());
      // Beside others it has been asked for already; not so where an encoder still runs for a client that has just left.
      if (first) this.requestKeyFrame();
    });
  }

  requestKeyFrame(): void {
    this.options.encoder.requestKeyFrame();
  }

  protected ready(after: number | undefined): readonly RtpBatch[] {
    const { group } = this.options.encoder;
    // Of a group whose beginning a client has had its decoder may have forgotten what the rest needs.
    if (!group[0] || !this.isAfter(group[0].monotonic, after)) return [];
    // The encoder may be running still for a client that has just left.
    if (!this.watched) this.#group = group.map((unit) => this.#packetize(unit));
    return this.#group;
  }

  protected open(): void {
    this.#unsubscribe = this.options.encoder.subscribe((unit) => {
      const batch = this.#packetize(unit);
      if (unit.keyframe) this.#group = [];
      // One that began without a key frame, or grew too long for the encoder to keep, is of no use to a late client.
      if (unit.keyframe || (this.#group.length > 0 && this.options.encoder.group.length > 0)) this.#group.push(batch);
      else this.#group = [];
      this.distribute(batch);
    });
  }

  protected close(): void {
    this.#unsubscribe?.();
    this.#group = [];
  }

  #packetize(unit: AccessUnit): RtpBatch {
    const { stream } = this.options;
    return packetizeH264(stream, unit.nals, stream.timestampAt(unit.monotonic));
  }
}
