import type { Clock } from '../../../src/core/clock.ts';
import { BatchWriter, type RtpBatch } from '../../../src/protocols/rtp/batch.ts';
import { cnameOf, newRtpStream, Track, type TrackDescription } from '../../../src/servers/rtsp/track.ts';

const PAYLOAD_TYPE = 107;

/** A track that is no picture: documents that the test sends, each in one packet. */
export class MetadataTrack extends Track {
  readonly resumption = 'retold';
  /** "open" and "close", as there is demand. */
  readonly demand: string[] = [];

  constructor(clock: Clock, name = 'metadata') {
    super({ name, stream: newRtpStream(PAYLOAD_TYPE), cname: cnameOf('test'), clock });
  }

  async describe(): Promise<TrackDescription> {
    return { encoding: { name: 'vnd.onvif.metadata' }, payloadType: PAYLOAD_TYPE };
  }

  requestKeyFrame(): void {}

  /** A document of this moment, to all who play it. */
  say(text: string): void {
    const { stream, clock } = this.options;
    const bytes = Buffer.from(text);
    const writer = new BatchWriter(stream, 1, bytes.length, stream.timestampAt(clock.monotonic()), true);
    bytes.copy(writer.buffer, writer.next(bytes.length));
    this.distribute(writer.finish());
  }

  protected ready(): readonly RtpBatch[] {
    return [];
  }

  protected open(): void {
    this.demand.push('open');
  }

  protected close(): void {
    this.demand.push('close');
  }
}
