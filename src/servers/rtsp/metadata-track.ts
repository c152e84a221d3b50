import type { Cancel } from '../../core/clock.ts';
import type { DeviceEvent, EventFeed } from '../../device/events.ts';
import { metadataStreamXml } from '../../protocols/notification/message.ts';
import type { RtpBatch } from '../../protocols/rtp/batch.ts';
import { packetizeMetadata } from '../../protocols/rtp/metadata.ts';
import { Track, type TrackDescription, type TrackOptions } from './track.ts';

/** Payload type of metadata: the one that most cameras take, of those that RFC 3551 (section 6) leaves to be agreed on. */
export const METADATA_PAYLOAD_TYPE = 107;

/** A track, and the events that it tells. */
export interface MetadataTrackOptions extends TrackOptions {
  readonly feed: EventFeed;
}

/**
 * A track of what happens in the camera, as documents beside the picture (ONVIF Streaming Specification, section 5.2.1). A client
 * that begins to play is told every state, and with it all that play already: they have one sequence of packets.
 */
export class MetadataTrack extends Track {
  readonly resumption = 'retold';
  #unsubscribe: Cancel = () => {};
  #waiting: DeviceEvent[] = [];
  #cancelSend: Cancel | undefined;

  constructor(protected override readonly options: MetadataTrackOptions) {
    super(options);
  }

  async describe(): Promise<TrackDescription> {
    return { encoding: { name: 'vnd.onvif.metadata' }, payloadType: METADATA_PAYLOAD_TYPE };
  }

  /** Tells every state again. */
  requestKeyFrame(): void {
    this.#send([...this.#take(), ...this.options.feed.current()], true);
  }

  /** Tells every state again if somebody plays it (SetSynchronizationPoint of the media service). */
  synchronize(): void {
    if (this.watched) this.requestKeyFrame();
  }

  protected ready(): readonly RtpBatch[] {
    return [];
  }

  protected open(): void {
    const { feed, clock } = this.options;
    // Players set it up unasked, beside the picture: none of the topics is wanted because of it.
    this.#unsubscribe = feed.subscribe((event) => {
      this.#waiting.push(event);
      // What happens at once goes in one document.
      this.#cancelSend ??= clock.after(0, () => this.#send(this.#take(), false));
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

  /** @param complete whether every state is among them */
  #send(events: readonly DeviceEvent[], complete: boolean): void {
    const { stream, clock } = this.options;
    const document = Buffer.from(metadataStreamXml(events));
    this.distribute(packetizeMetadata(stream, document, stream.timestampAt(clock.monotonic()), complete));
  }
}
