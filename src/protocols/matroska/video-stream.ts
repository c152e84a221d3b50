import type { ParameterSets } from '../../frames/access-unit.ts';
import type { Size } from '../../frames/size.ts';
import { writeAvcConfiguration } from '../h264/avc.ts';

/**
 * The least Matroska (RFC 9559) that carries pictures of known capture times through a pipe: EBML header, a Segment without
 * an end, one track of JPEGs or H.264, then one Cluster for each picture. Sizes and ids are EBML's (RFC 8794).
 */

const ID = {
  EBML: 0x1a45dfa3,
  EBMLMaxIDLength: 0x42f2,
  EBMLMaxSizeLength: 0x42f3,
  DocType: 0x4282,
  DocTypeVersion: 0x4287,
  DocTypeReadVersion: 0x4285,
  Segment: 0x18538067,
  Info: 0x1549a966,
  TimestampScale: 0x2ad7b1,
  MuxingApp: 0x4d80,
  WritingApp: 0x5741,
  Tracks: 0x1654ae6b,
  TrackEntry: 0xae,
  TrackNumber: 0xd7,
  TrackUID: 0x73c5,
  TrackType: 0x83,
  FlagLacing: 0x9c,
  DefaultDuration: 0x23e383,
  CodecID: 0x86,
  CodecPrivate: 0x63a2,
  Video: 0xe0,
  PixelWidth: 0xb0,
  PixelHeight: 0xba,
  Cluster: 0x1f43b675,
  Timestamp: 0xe7,
  SimpleBlock: 0xa3,
} as const;

/** A Segment that ends when the pipe does: all size bits set (RFC 8794 section 6.2). */
const UNKNOWN_SIZE = Buffer.from([0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
/** One tick is a microsecond: nanoseconds. */
const TIMESTAMP_SCALE = 1000;
const TRACK = 1;
const TRACK_TYPE_VIDEO = 1;
/** Track number, 16 bits of time from the Cluster's, flags: a key frame or not, no lacing (RFC 9559 section 10.2). */
const BLOCK_HEADER = { keyframe: Buffer.from([0x80 | TRACK, 0, 0, 0x80]), other: Buffer.from([0x80 | TRACK, 0, 0, 0]) };

/** The only track: its size in pixels, and its rate. */
export interface VideoTrack extends Size {
  /** Pictures per second as the reader is told; the timestamps count. */
  readonly frameRate: number;
}

/** Returns the first bytes of a stream of JPEGs. */
export const mjpegStreamHeader = (track: VideoTrack): Buffer => streamHeader(track, [element(ID.CodecID, [Buffer.from('V_MJPEG')])]);

/** Returns the first bytes of a stream of H.264, whose pictures are samples as {@link lengthPrefixed} writes them. */
export const h264StreamHeader = (track: VideoTrack, sets: ParameterSets): Buffer =>
  streamHeader(track, [element(ID.CodecID, [Buffer.from('V_MPEG4/ISO/AVC')]), element(ID.CodecPrivate, [writeAvcConfiguration(sets)])]);

function streamHeader({ width, height, frameRate }: VideoTrack, codec: readonly Buffer[]): Buffer {
  return Buffer.concat([
    element(ID.EBML, [
      element(ID.EBMLMaxIDLength, [unsigned(4)]),
      element(ID.EBMLMaxSizeLength, [unsigned(8)]),
      element(ID.DocType, [Buffer.from('matroska')]),
      element(ID.DocTypeVersion, [unsigned(4)]),
      element(ID.DocTypeReadVersion, [unsigned(2)]),
    ]),
    idBytes(ID.Segment),
    UNKNOWN_SIZE,
    element(ID.Info, [
      element(ID.TimestampScale, [unsigned(TIMESTAMP_SCALE)]),
      element(ID.MuxingApp, [Buffer.from('onvif-camera')]),
      element(ID.WritingApp, [Buffer.from('onvif-camera')]),
    ]),
    element(ID.Tracks, [
      element(ID.TrackEntry, [
        element(ID.TrackNumber, [unsigned(TRACK)]),
        element(ID.TrackUID, [unsigned(1)]),
        element(ID.TrackType, [unsigned(TRACK_TYPE_VIDEO)]),
        element(ID.FlagLacing, [unsigned(0)]),
        element(ID.DefaultDuration, [unsigned(Math.round(1e9 / frameRate))]),
        ...codec,
        element(ID.Video, [element(ID.PixelWidth, [unsigned(width)]), element(ID.PixelHeight, [unsigned(height)])]),
      ]),
    ]),
  ]);
}

/**
 * Returns what comes in front of a picture, which follows as it is.
 *
 * @param timestamp microseconds from the start of the stream, 0 or more
 * @param size bytes of the picture
 * @param keyframe whether decoding can begin with it
 */
export function clusterHeader(timestamp: number, size: number, keyframe = true): Buffer {
  const time = element(ID.Timestamp, [unsigned(timestamp)]);
  const header = keyframe ? BLOCK_HEADER.keyframe : BLOCK_HEADER.other;
  const block = Buffer.concat([idBytes(ID.SimpleBlock), sizeBytes(header.length + size), header]);
  return Buffer.concat([idBytes(ID.Cluster), sizeBytes(time.length + block.length + size), time, block]);
}

function element(id: number, content: readonly Buffer[]): Buffer {
  const size = content.reduce((sum, piece) => sum + piece.length, 0);
  return Buffer.concat([idBytes(id), sizeBytes(size), ...content]);
}

/** An id holds its own length marker: its bytes without leading zeros. */
function idBytes(id: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(id);
  return bytes.subarray(bytes.findIndex((byte) => byte !== 0));
}

/** A size in the eight-byte form, whatever its value. */
function sizeBytes(size: number): Buffer {
  const bytes = unsigned(size);
  bytes[0] = 0x01;
  return bytes;
}

function unsigned(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
