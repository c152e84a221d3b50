import type { SoapObject } from '../service.ts';
import type { Size } from './deps.ts';
import { type MediaModel, type MediaProfile, SOURCE_CONFIGURATION, VIDEO_SOURCE, type VideoEncoder } from './model.ts';

/** Upper estimate for a JPEG of high quality; only for BitrateLimit, which JPEG has no control for. */
const JPEG_BITS_PER_PIXEL = 2;
/** RTSP session timeout, as RTSP has it where nothing is said (RFC 2326, section 12.37). */
const SESSION_TIMEOUT = 'PT60S';
/** There is no multicast: address and port zero say so. */
export const NO_MULTICAST_ADDRESS = '0.0.0.0';

/** tt:Profile */
export const describeProfile = (model: MediaModel, profile: MediaProfile): SoapObject => ({
  attributes: { token: profile.token, fixed: profile.fixed },
  Name: profile.name,
  ...(profile.videoSource && { VideoSourceConfiguration: describeSourceConfiguration(model) }),
  ...(profile.encoder && { VideoEncoderConfiguration: describeEncoder(model, profile.encoder) }),
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
export function describeEncoder(model: MediaModel, encoder: VideoEncoder): SoapObject {
  const { fps, quality } = encoder.control.settings();
  const size = askedSize(model, encoder);
  const frameRate = frameRateLimit(fps);
  return {
    attributes: { token: encoder.token },
    Name: encoder.name,
    UseCount: model.profiles.filter((profile) => profile.encoder === encoder).length,
    Encoding: encoder.encoding,
    Resolution: describeSize(size),
    Quality: quality,
    RateControl: {
      FrameRateLimit: frameRate,
      EncodingInterval: 1,
      BitrateLimit: Math.ceil((size.width * size.height * frameRate * JPEG_BITS_PER_PIXEL) / 1000),
    },
    Multicast: { Address: { Type: 'IPv4', IPv4Address: NO_MULTICAST_ADDRESS }, Port: 0, TTL: 1, AutoStart: false },
    SessionTimeout: SESSION_TIMEOUT,
  };
}

/** tt:VideoResolution */
export const describeSize = ({ width, height }: Size): SoapObject => ({ Width: width, Height: height });

/** The size an encoder is set to; that of the pictures where nothing can be set. */
export const askedSize = (model: MediaModel, { control }: VideoEncoder): Size =>
  control.options().sizes.length > 0 ? control.settings() : model.pictures;

/** A rate as ONVIF has it, in whole pictures per second: a limit, so rounded up. */
export const frameRateLimit = (fps: number): number => Math.max(1, Math.ceil(fps));
