import type { Operation, SoapObject } from '../service.ts';
import type { PictureOptions, Range, Size } from './deps.ts';
import { describeSize } from './describe.ts';
import { type MediaModel, VIDEO_SOURCE, type VideoEncoder } from './model.ts';
import { optionalToken, token } from './tokens.ts';

/** What the configurations can be set to, and how many encoders run at once. */
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
      const count = (encoding: string) => model.encoders.filter((encoder) => encoder.encoding === encoding).length;
      const h264 = count('H264');
      return { TotalNumber: model.encoders.length, JPEG: count('JPEG'), ...(h264 > 0 && { H264: h264 }) };
    },
  },
];

/** The sizes an encoder can be set to; that of the pictures where nothing can be set. */
export function offeredSizes(model: MediaModel, { control }: VideoEncoder): readonly Size[] {
  const { sizes } = control.options();
  return sizes.length > 0 ? sizes : [model.pictures];
}

/** Frame rates in whole pictures per second, as ONVIF has them. */
export function frameRates({ fps }: PictureOptions): Range {
  const min = Math.max(1, Math.ceil(fps.min));
  return { min, max: Math.max(min, Math.floor(fps.max)) };
}

/** Whole qualities; the present one where the source decides. */
export function qualities(control: VideoEncoder['control']): Range {
  const range = control.options().quality;
  const present = control.settings().quality;
  return range ? { min: Math.ceil(range.min), max: Math.floor(range.max) } : { min: present, max: present };
}

/** The encoders that the tokens of the request, if any, speak of. Throws NoConfig, NoProfile. */
function askedEncoders(model: MediaModel, request: SoapObject): readonly VideoEncoder[] {
  const configuration = optionalToken(request, 'ConfigurationToken');
  const profileToken = optionalToken(request, 'ProfileToken');
  const profile = profileToken === undefined ? undefined : model.profile(profileToken);
  if (configuration !== undefined) return [model.encoder(configuration)];
  return profile ? model.compatibleEncoders(profile) : model.encoders;
}

/** tt:VideoEncoderConfigurationOptions */
function encoderOptions(model: MediaModel, encoders: readonly VideoEncoder[]): SoapObject {
  const jpeg = encoders.find((encoder) => encoder.encoding === 'JPEG');
  const quality = encoders.map((encoder) => qualities(encoder.control));
  return {
    QualityRange: range({ min: Math.min(...quality.map(({ min }) => min)), max: Math.max(...quality.map(({ max }) => max)) }),
    ...(jpeg && {
      JPEG: {
        ResolutionsAvailable: offeredSizes(model, jpeg).map(describeSize),
        FrameRateRange: range(frameRates(jpeg.control.options())),
        EncodingIntervalRange: only(1),
      },
    }),
  };
}

/** tt:IntRange */
const range = ({ min, max }: Range): SoapObject => ({ Min: min, Max: max });
const only = (value: number): SoapObject => ({ Min: value, Max: value });
