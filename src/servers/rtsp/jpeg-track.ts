import type { AppError } from '../../core/errors.ts';
import { type Logger, LogThrottle } from '../../core/log.ts';
import type { Frame } from '../../frames/frame.ts';
import { countBuffer } from '../../platform/memory.ts';
import type { RtpBatch } from '../../protocols/rtp/batch.ts';
import { JPEG_PAYLOAD_TYPE, packetizeJpeg } from '../../protocols/rtp/jpeg.ts';
import { RtpJpegReader } from '../../protocols/rtp/jpeg-header.ts';
import type { Hub } from '../../streams/hub.ts';
import type { TrackDescription } from './track.ts';
import { VideoTrack, type VideoTrackOptions } from './video-track.ts';

/** Makes a JPEG that RTP can carry out of one that it cannot. Rejects where it cannot be read, or there is no image library. */
export type Recode = (jpeg: Buffer) => Promise<Buffer>;

/** The JPEGs, and what makes those that RTP cannot carry anew. */
export interface JpegTrackOptions extends VideoTrackOptions {
  readonly hub: Hub;
  readonly recode: Recode;
  readonly log: Logger;
}

/** A track of the camera's JPEGs as they are (RFC 2435). Those that RTP cannot carry are encoded anew, once for all clients. */
export class JpegTrack extends VideoTrack {
  readonly resumption = 'any';
  readonly #reader = new RtpJpegReader();
  readonly #throttle: LogThrottle;
  #last: { readonly frame: Frame; readonly batch: RtpBatch } | undefined;
  #recoding = false;
  #release: (() => void) | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(protected override readonly options: JpegTrackOptions) {
    super(options);
    this.#throttle = new LogThrottle(options.clock);
  }

  async describe(): Promise<TrackDescription | AppError> {
    return this.cameraFailure() ?? { encoding: { name: 'JPEG' }, payloadType: JPEG_PAYLOAD_TYPE, frameRate: this.options.fps() };
  }

  requestKeyFrame(): void {
    // Every JPEG can be decoded by itself.
  }

  protected ready(after: number | undefined): readonly RtpBatch[] {
    const { hub } = this.options;
    const { latest } = hub;
    if (hub.status.state !== 'live' || !latest || !this.isAfter(latest.monotonic, after)) return [];
    if (this.#last?.frame !== latest) this.#packetize(latest);
    return this.#last?.frame === latest ? [this.#last.batch] : [];
  }

  protected open(): void {
    const { hub } = this.options;
    this.#release = hub.lease();
    this.#unsubscribe = hub.subscribe((frame) => this.#take(frame));
  }

  protected close(): void {
    this.#unsubscribe?.();
    this.#release?.();
    this.#last = undefined;
  }

  #take(frame: Frame): void {
    const refusal = this.#packetize(frame);
    if (refusal === undefined) this.distribute(this.#last!.batch);
    else if (!this.#recoding) void this.#recode(frame, refusal);
  }

  /** @returns why RTP cannot carry it */
  #packetize(frame: Frame, jpeg: Buffer = frame.jpeg): string | undefined {
    const { stream } = this.options;
    const header = this.#reader.read(jpeg);
    if ('refusal' in header) return header.refusal;
    this.#last = { frame, batch: packetizeJpeg(stream, header, jpeg, stream.timestampAt(frame.monotonic)) };
    countBuffer(this.#last.batch.framed.length);
    return undefined;
  }

  async #recode(frame: Frame, refusal: string): Promise<void> {
    const { recode, log } = this.options;
    this.#recoding = true;
    try {
      const jpeg = await recode(frame.jpeg);
      if (!this.watched) return;
      const again = this.#packetize(frame, jpeg);
      if (again === undefined) this.distribute(this.#last!.batch);
      else throw new Error(again);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#throttle.log((fields) => log.warn(`RTSP cannot carry the pictures (${refusal}), nor can they be encoded anew: ${why}`, fields));
    } finally {
      this.#recoding = false;
    }
  }
}
