import type { Cancel } from '../../core/clock.ts';
import type { DeviceEvent, EventFeed } from '../../device/events.ts';
import { metadataStreamXml } from '../../protocols/notification/metadata-stream.ts';
import type { RtpBatch } from '../../protocols/rtp/batch.ts';
import { packetizeMetadata } from '../../protocols/rtp/metadata.ts';
import { Track, type TrackDescription, type TrackOptions } from './track.ts';

/** The one that most cameras take for it, of those that RFC 3551 leaves to be agreed on. */
export const METADATA_PAYLOAD_TYPE = 107;

export interface MetadataTrackOptions extends TrackOptions {
  readonly feed: EventFeed;
}

/**
 * What happens in the camera, as documents beside the picture (ONVIF Streaming Specification, section 5.2.1). Who begins to play
 * is told every state, and with him all who play already: they have one sequence of packets.
 */
export class MetadataTrack extends Track {
  readonly resumption = 'any';
  #unsubscribe: Cancel = () => {};
  #waiting: DeviceEvent[] = [];
  #cancelSend: Cancel | undefined;

  constructor(protected override readonly options: MetadataTrackOptions) {
    super(options);
  }

  async describe(): Promise<TrackDescription> {
    return { encoding: { name: 'vnd.onvif.metadata' }, payloadType: METADATA_PAYLOAD_TYPE };
  }

  /** Every state is told again. */
  requestKeyFrame(): void {
    this.#send([...this.#take(), ...this.options.feed.current()]);
  }

  /** The same for who asks for it from outside of RTSP. */
  synchronize(): void {
    if (this.watched) this.requestKeyFrame();
  }

  protected ready(): readonly RtpBatch[] {
    return [];
  }

  protected open(): void {
    const { feed, clock } = this.options;
    // Most players set up all tracks of a stream: that somebody plays this one does not say that he wants to know of anything.
    this.#unsubscribe = feed.subscribe((event) => {
      this.#waiting.push(event);
      // What happens at once goes in one document.
      this.#cancelSend ??= clock.after(0, () => this.#send(this.#take()));
    });
    this.requestKeyFrame();
  }

  protected close(): void {
    this.#unsubscribe();
    this.#take();
  }

  #take(): readonly DeviceEvent[] {
    this.#cancelSend?.();
    this.#cancelSend = undefined;
    return this.#waiting.splice(0);
  }

  #send(events: readonly DeviceEvent[]): void {
    const { stream, clock } = this.options;
    this.distribute(packetizeMetadata(stream, Buffer.from(metadataStreamXml(events)), stream.timestampAt(clock.monotonic())));
  }
}
