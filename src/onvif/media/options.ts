import type { Range } from '../../device/picture.ts';
import { VIDEO_SOURCE } from '../../device/profiles.ts';
import type { H264Video, JpegVideo, VideoStream } from '../../device/streams.ts';
import type { Size } from '../../frames/size.ts';
import { optionalToken, token } from '../args.ts';
import type { Operation, SoapObject } from '../service.ts';
import { describeSize, frameRateLimit, H264_PROFILE, H264_QUALITY } from './describe.ts';
import type { MediaModel } from './model.ts';

/** Operations that say what the configurations can be set to, and how many encoders run at once. */
export const optionOperations = (model: MediaModel): readonly Operation[] => [
  {
    name: 'GetVideoSourceConfigurationOptions',
    access: 'READ_MEDIA',
    handle: (request) => {
      const configuration = optionalToken(request, 'ConfigurationToken');
      if (configuration !== undefined) model.checkSourceConfiguration(configuration);
      const profile = optionalToken(request, 'ProfileToken');
      if (profile !== undefined) model.profile(profile);
      const { width, height } = model.pictures;
      return {
        Options: {
          attributes: { MaximumNumberOfProfiles: model.maxProfiles },
          BoundsRange: { XRange: only(0), YRange: only(0), WidthRange: only(width), HeightRange: only(height) },
          VideoSourceTokensAvailable: [VIDEO_SOURCE],
        },
      };
    },
  },
  {
    name: 'GetVideoEncoderConfigurationOptions',
    access: 'READ_MEDIA',
    handle: (request) => ({ Options: encoderOptions(model, askedEncoders(model, request)) }),
  },
  {
    // One per encoder: any number of viewers share it.
    name: 'GetGuaranteedNumberOfVideoEncoderInstances',
    access: 'READ_MEDIA',
    handle: (request) => {
      model.checkSourceConfiguration(token(request, 'ConfigurationToken'));
      const count = (encoding: string) => model.streams.filter((stream) => stream.encoding === encoding).length;
      const h264 = count('H264');
      return { TotalNumber: model.streams.length, JPEG: count('JPEG'), ...(h264 > 0 && { H264: h264 }) };
    },
  },
];

/** Returns the sizes in pixels that an encoder can be set to; that of the pictures where nothing can be set. */
export function offeredSizes(model: MediaModel, { control }: VideoStream): readonly Size[] {
  const { sizes } = control.options();
  return sizes.length > 0 ? sizes : [model.pictures];
}

/** Returns the range of FrameRateLimit: whole pictures per second. */
export function frameRates(stream: VideoStream): Range {
  const { fps } = stream.control.options();
  const min = frameRateLimit(fps.min);
  // The most of H.264 is the captured rate, which may be a fraction below a whole number: the limit is rounded up.
  const max = stream.encoding === 'H264' ? frameRateLimit(fps.max) : Math.floor(fps.max);
  return { min, max: Math.max(min, max) };
}

/** Returns the range of GovLength, pictures, for a range of seconds between key frames. */
export function govLengths(seconds: Range, fps: number): Range {
  const min = Math.max(1, Math.ceil(seconds.min * fps));
  return { min, max: Math.max(min, Math.floor(seconds.max * fps)) };
}

/** Returns the range of Quality, whole numbers; the present one alone where the source decides. */
export function qualities(control: JpegVideo['control']): Range {
  const range = control.options().quality;
  const present = control.settings().quality;
  return range ? { min: Math.ceil(range.min), max: Math.floor(range.max) } : { min: present, max: present };
}

/** Returns the encoders that the tokens of a request mean; all of them where it has none. Throws NoConfig, NoProfile. */
function askedEncoders(model: MediaModel, request: SoapObject): readonly VideoStream[] {
  const configuration = optionalToken(request, 'ConfigurationToken');
  const profileToken = optionalToken(request, 'ProfileToken');
  const profile = profileToken === undefined ? undefined : model.profile(profileToken);
  if (configuration !== undefined) return [model.stream(configuration)];
  return profile ? model.compatibleStreams(profile) : model.streams;
}

/** tt:VideoEncoderConfigurationOptions */
function encoderOptions(model: MediaModel, streams: readonly VideoStream[]): SoapObject {
  const jpeg = streams.find((stream) => stream.encoding === 'JPEG');
  const h264 = streams.find((stream) => stream.encoding === 'H264');
  const h264Options = h264 && describeH264Options(model, h264);
  return {
    QualityRange: jpeg ? range(qualities(jpeg.control)) : only(H264_QUALITY),
    ...(jpeg && {
      JPEG: {
        ResolutionsAvailable: offeredSizes(model, jpeg).map(describeSize),
        FrameRateRange: range(frameRates(jpeg)),
        EncodingIntervalRange: only(1),
      },
    }),
    // Bit rates came into the schema later, as an extension that repeats the rest. JPEG has none to be set.
    ...(h264 && { H264: h264Options, Extension: { H264: { ...h264Options, BitrateRange: range(h264.control.options().bitrate) } } }),
  };
}

/** tt:H264Options */
function describeH264Options(model: MediaModel, stream: H264Video): SoapObject {
  const options = stream.control.options();
  return {
    ResolutionsAvailable: offeredSizes(model, stream).map(describeSize),
    GovLengthRange: range(govLengths(options.keyframeInterval, stream.control.settings().fps)),
    FrameRateRange: range(frameRates(stream)),
    EncodingIntervalRange: only(1),
    H264ProfilesSupported: options.profiles.map((profile) => H264_PROFILE[profile]),
  };
}

/** tt:IntRange */
const range = ({ min, max }: Range): SoapObject => ({ Min: min, Max: max });
const only = (value: number): SoapObject => ({ Min: value, Max: value });
