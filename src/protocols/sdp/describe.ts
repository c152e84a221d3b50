import type { Size } from '../../frames/size.ts';

/** What a track carries, by its name in `a=rtpmap`. */
export type Encoding =
  | { readonly name: 'JPEG' }
  /** With the parameter sets (NAL units without start codes), so that a decoder is ready before the first packet. */
  | { readonly name: 'H264'; readonly sps: Buffer; readonly pps: Buffer }
  /** XML documents (ONVIF Streaming Specification section 5.2.1.1). */
  | { readonly name: 'vnd.onvif.metadata' };

/** One track of a session: its packets in RTP. */
export interface MediaDescription {
  readonly encoding: Encoding;
  /** 26 for JPEG (RFC 3551), 96 to 127 for what is agreed on here. */
  readonly payloadType: number;
  /** The group to which the packets go, its port (RTP), and how many routers they may pass plus one. Undefined: they go to clients. */
  readonly multicast?: { readonly address: string; readonly port: number; readonly ttl: number } | undefined;
  /** Frames per second. */
  readonly frameRate?: number | undefined;
  /** Pixels. */
  readonly size?: Size | undefined;
  /** Kilobits per second, where it is known. */
  readonly bandwidth?: number | undefined;
  /** URL of the track, relative to the Content-Base. */
  readonly control: string;
}

/** A session description, before it is written. */
export interface SessionDescription {
  /** Number that stays with this session (RFC 8866 section 5.2). */
  readonly id: number;
  /** Number that grows when the description changes. */
  readonly version: number;
  /** The server's own address, IPv6 without brackets. */
  readonly origin: string;
  /** Name of the session, which players show. */
  readonly name: string;
  /** One for each track, in their order. */
  readonly media: readonly MediaDescription[];
}

/** RTP clock of video, Hz (RFC 2435 section 3, RFC 6184 section 8.2.1), and of ONVIF's metadata beside it. */
const CLOCK_RATE = 90_000;

/**
 * Returns a session description for DESCRIBE (RFC 8866; RFC 2326 appendix C), CRLF at each end of a line.
 *
 * All tracks are `recvonly`: in RTSP the direction is the client's, and ONVIF Streaming marks the back channel,
 * from client to camera, with `sendonly`. GStreamer and gortsplib take a `sendonly` stream for that and never play it.
 */
export function formatSessionDescription(session: SessionDescription): string {
  // Most sessions have one address for all of their tracks (RFC 8866 section 5.7).
  const common = connection(session.origin, session.media[0]?.multicast);
  const lines = [
    'v=0',
    `o=- ${session.id} ${session.version} IN ${addressType(session.origin)} ${session.origin}`,
    `s=${text(session.name)}`,
    `c=IN ${common}`,
    't=0 0',
    'a=control:*',
    'a=range:npt=now-',
    ...session.media.flatMap((each) => media(each, session.origin, common)),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** @param common address of the session */
function media(description: MediaDescription, origin: string, common: string): string[] {
  const { encoding, payloadType, multicast, frameRate, size, bandwidth, control } = description;
  const own = connection(origin, multicast);
  return [
    `m=${encoding.name === 'vnd.onvif.metadata' ? 'application' : 'video'} ${multicast?.port ?? 0} RTP/AVP ${payloadType}`,
    ...(own === common ? [] : [`c=IN ${own}`]),
    ...(bandwidth === undefined ? [] : [`b=AS:${Math.ceil(bandwidth)}`]),
    `a=rtpmap:${payloadType} ${encoding.name}/${CLOCK_RATE}`,
    ...(encoding.name === 'H264' ? [`a=fmtp:${payloadType} ${h264Parameters(encoding.sps, encoding.pps)}`] : []),
    ...(frameRate === undefined ? [] : [`a=framerate:${Number(frameRate.toFixed(3))}`]),
    ...(size === undefined ? [] : [`a=x-dimensions:${size.width},${size.height}`]),
    'a=recvonly',
    `a=control:${control}`,
  ];
}

/** RFC 6184 section 8.1. Profile, constraints and level are the three bytes behind the header of the SPS. */
function h264Parameters(sps: Buffer, pps: Buffer): string {
  const sets = [sps, pps].map((set) => set.toString('base64')).join(',');
  return `packetization-mode=1;profile-level-id=${sps.toString('hex', 1, 4)};sprop-parameter-sets=${sets}`;
}

const addressType = (address: string): string => (address.includes(':') ? 'IP6' : 'IP4');

/** IPv6 has no time to live here (RFC 8866 section 5.7). */
function connection(origin: string, multicast: MediaDescription['multicast']): string {
  if (!multicast) return addressType(origin) === 'IP6' ? 'IP6 ::' : 'IP4 0.0.0.0';
  const type = addressType(multicast.address);
  return `${type} ${multicast.address}${type === 'IP4' ? `/${multicast.ttl}` : ''}`;
}

/** One line that is not empty. */
const text = (value: string): string => value.replace(/\p{Cc}+/gu, ' ').trim() || '-';
