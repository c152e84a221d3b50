import { type MediaProfile, SOURCE_CONFIGURATION, VIDEO_SOURCE } from '../../device/profiles.ts';
import { METADATA } from '../../device/stream-names.ts';
import type { VideoStream } from '../../device/streams.ts';
import type { H264Settings } from '../../encode/encoder.ts';
import type { H264Profile } from '../../frames/h264-level.ts';
import type { Size } from '../../frames/size.ts';
import type { SoapObject } from '../service.ts';
import type { MediaModel } from './model.ts';

/** Upper estimate for a JPEG of high quality: BitrateLimit must say something, and JPEG has no bit rate to be set. */
const JPEG_BITS_PER_PIXEL = 2;
/** What Quality says of H.264, which has no control for it: the best that the bit rate allows. */
export const H264_QUALITY = 100;
/** The default timeout of an RTSP session (RFC 2326, section 12.37), xs:duration. */
const SESSION_TIMEOUT = 'PT60S';
/** The address that says, with port 0, that there is no multicast. */
export const NO_MULTICAST_ADDRESS = '0.0.0.0';

/** tt:Profile with the configurations that are in it. */
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

/** tt:VideoSourceConfiguration; its bounds are the whole picture, in pixels. */
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

/** tt:VideoEncoderConfiguration: what the encoder is set to. BitrateLimit is in kbit/s. */
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

/** tt:H264Profile by the name in the settings. */
export const H264_PROFILE: Readonly<Record<H264Profile, string>> = { baseline: 'Baseline', main: 'Main', high: 'High' };

/** tt:MulticastConfiguration */
function describeMulticast({ multicast }: MediaModel, { encoder }: Pick<VideoStream, 'encoder'>): SoapObject {
  const { address, port, ttl } = multicast?.target(encoder) ?? { address: NO_MULTICAST_ADDRESS, port: 0, ttl: 1 };
  return { Address: { Type: 'IPv4', IPv4Address: address }, Port: port, TTL: ttl, AutoStart: multicast?.isStarted(encoder) ?? false };
}

/** tt:VideoResolution, pixels. */
export const describeSize = ({ width, height }: Size): SoapObject => ({ Width: width, Height: height });

/** Returns the size in pixels that a stream is set to; that of the pictures where it cannot be set. */
export const askedSize = (model: MediaModel, { control }: VideoStream): Size =>
  control.options().sizes.length > 0 ? control.settings() : model.pictures;

/** Returns a frame rate as a FrameRateLimit: whole pictures per second, rounded up as it is a limit. */
export const frameRateLimit = (fps: number): number => Math.max(1, Math.ceil(fps));

/** Returns GovLength: pictures from one key frame to the next, at `fps` pictures per second and `keyframeInterval` seconds. */
export const govLength = ({ fps, keyframeInterval }: Pick<H264Settings, 'fps' | 'keyframeInterval'>): number =>
  Math.max(1, Math.round(fps * keyframeInterval));
