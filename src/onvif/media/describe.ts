import { type MediaProfile, SOURCE_CONFIGURATION, VIDEO_SOURCE } from '../../device/profiles.ts';
import { METADATA } from '../../device/stream-names.ts';
import type { VideoStream } from '../../device/streams.ts';
import type { H264Settings } from '../../encode/encoder.ts';
import type { H264Profile } from '../../frames/h264-level.ts';
import type { Size } from '../../frames/size.ts';
import type { SoapObject } from '../service.ts';
import type { MediaModel } from './model.ts';

/** Upper estimate for a JPEG of high quality; only for BitrateLimit, which JPEG has no control for. */
const JPEG_BITS_PER_PIXEL = 2;
/** H.264 has no control for Quality: it is the best that the bit rate allows. */
export const H264_QUALITY = 100;
/** RTSP session timeout, as RTSP has it where nothing is said (RFC 2326, section 12.37). */
const SESSION_TIMEOUT = 'PT60S';
/** Where there is no multicast: address and port zero say so. */
export const NO_MULTICAST_ADDRESS = '0.0.0.0';

/** tt:Profile */
export const describeProfile = (model: MediaModel, profile: MediaProfile): SoapObject => ({
  attributes: { token: profile.token, fixed: profile.fixed },
  Name: profile.name,
  ...(profile.videoSource && { VideoSourceConfiguration: describeSourceConfiguration(model) }),
  ...(profile.stream && { VideoEncoderConfiguration: describeEncoder(model, profile.stream) }),
  ...(profile.metadata && { MetadataConfiguration: describeMetadata(model) }),
});

/** tt:MetadataConfiguration: all events, and nothing else. */
export const describeMetadata = (model: MediaModel): SoapObject => ({
  attributes: { token: METADATA.encoder },
  Name: METADATA.name,
  UseCount: model.profiles.filter((profile) => profile.metadata).length,
  Events: {},
  Analytics: false,
  Multicast: describeMulticast(model, METADATA),
  SessionTimeout: SESSION_TIMEOUT,
});

/** tt:VideoSourceConfiguration; its bounds are the whole real picture. */
export function describeSourceConfiguration(model: MediaModel): SoapObject {
  const { width, height } = model.pictures;
  return {
    attributes: { token: SOURCE_CONFIGURATION.token },
    Name: SOURCE_CONFIGURATION.name,
    UseCount: model.profiles.filter((profile) => profile.videoSource).length,
    SourceToken: VIDEO_SOURCE,
    Bounds: { attributes: { x: 0, y: 0, width, height } },
  };
}

/** tt:VideoEncoderConfiguration: what is asked of the encoder. */
export function describeEncoder(model: MediaModel, stream: VideoStream): SoapObject {
  const size = askedSize(model, stream);
  const frameRate = frameRateLimit(stream.control.settings().fps);
  const estimate = Math.ceil((size.width * size.height * frameRate * JPEG_BITS_PER_PIXEL) / 1000);
  return {
    attributes: { token: stream.encoder },
    Name: stream.name,
    UseCount: model.profiles.filter((profile) => profile.stream?.id === stream.id).length,
    Encoding: stream.encoding,
    Resolution: describeSize(size),
    Quality: stream.encoding === 'JPEG' ? stream.control.settings().quality : H264_QUALITY,
    RateControl: {
      FrameRateLimit: frameRate,
      EncodingInterval: 1,
      BitrateLimit: stream.encoding === 'JPEG' ? estimate : stream.control.settings().bitrate,
    },
    ...(stream.encoding === 'H264' && {
      H264: { GovLength: govLength(stream.control.settings()), H264Profile: H264_PROFILE[stream.control.settings().profile] },
    }),
    Multicast: describeMulticast(model, stream),
    SessionTimeout: SESSION_TIMEOUT,
  };
}

/** tt:H264Profile */
export const H264_PROFILE: Readonly<Record<H264Profile, string>> = { baseline: 'Baseline', main: 'Main', high: 'High' };

/** tt:MulticastConfiguration */
function describeMulticast({ multicast }: MediaModel, { encoder }: Pick<VideoStream, 'encoder'>): SoapObject {
  const { address, port, ttl } = multicast?.target(encoder) ?? { address: NO_MULTICAST_ADDRESS, port: 0, ttl: 1 };
  return { Address: { Type: 'IPv4', IPv4Address: address }, Port: port, TTL: ttl, AutoStart: multicast?.isStarted(encoder) ?? false };
}

/** tt:VideoResolution */
export const describeSize = ({ width, height }: Size): SoapObject => ({ Width: width, Height: height });

/** The size a stream is set to; that of the pictures where nothing can be set. */
export const askedSize = (model: MediaModel, { control }: VideoStream): Size =>
  control.options().sizes.length > 0 ? control.settings() : model.pictures;

/** A rate as ONVIF has it, in whole pictures per second: a limit, so rounded up. */
export const frameRateLimit = (fps: number): number => Math.max(1, Math.ceil(fps));

/** Pictures from one key frame to the next. */
export const govLength = ({ fps, keyframeInterval }: Pick<H264Settings, 'fps' | 'keyframeInterval'>): number =>
  Math.max(1, Math.round(fps * keyframeInterval));
