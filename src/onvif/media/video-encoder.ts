import { invalidArgument, SoapFault } from '../../protocols/soap/fault.ts';
import { child, integer, text } from '../args.ts';
import type { Operation, SoapObject } from '../service.ts';
import type { PictureSettings } from './deps.ts';
import { askedSize, describeEncoder, frameRateLimit, NO_MULTICAST_ADDRESS } from './describe.ts';
import type { MediaModel, VideoEncoder } from './model.ts';
import { frameRates, offeredSizes, qualities } from './options.ts';
import { refusal } from './refusal.ts';
import { token } from './tokens.ts';

/** The video encoder configurations. */
export const videoEncoderOperations = (model: MediaModel): readonly Operation[] => [
  {
    name: 'GetVideoEncoderConfigurations',
    access: 'READ_MEDIA',
    handle: () => ({ Configurations: model.encoders.map((encoder) => describeEncoder(model, encoder)) }),
  },
  {
    name: 'GetVideoEncoderConfiguration',
    access: 'READ_MEDIA',
    handle: (request) => ({ Configuration: describeEncoder(model, model.encoder(token(request, 'ConfigurationToken'))) }),
  },
  {
    name: 'GetCompatibleVideoEncoderConfigurations',
    access: 'READ_MEDIA',
    handle: (request) => {
      const encoders = model.compatibleEncoders(model.profile(token(request, 'ProfileToken')));
      return { Configurations: encoders.map((encoder) => describeEncoder(model, encoder)) };
    },
  },
  {
    // ForcePersistence is not looked at: ONVIF made it obsolete, everything persists.
    name: 'SetVideoEncoderConfiguration',
    access: 'ACTUATE',
    handle: async (request) => {
      const configuration = child(request, 'Configuration');
      const encoder = model.encoder(token(child(configuration, 'attributes'), 'token'));
      const change = changeOf(model, encoder, configuration);
      if (Object.keys(change).length === 0) return {};
      try {
        await encoder.control.change(change);
      } catch (error) {
        throw refusal(error);
      }
      return {};
    },
  },
];

/**
 * What a VideoEncoderConfiguration would change. What it leaves out stays, and so does what equals the present
 * configuration, offered or not. SessionTimeout and BitrateLimit are hints that a device may adapt, and JPEG cannot follow.
 * Throws ConfigModify for what is not offered.
 */
function changeOf(model: MediaModel, encoder: VideoEncoder, configuration: SoapObject): Partial<PictureSettings> {
  checkFixedParts(encoder, configuration);
  return {
    ...sizeChange(model, encoder, child(configuration, 'Resolution')),
    ...frameRateChange(encoder, child(configuration, 'RateControl')),
    ...qualityChange(encoder, text(configuration, 'Quality')),
  };
}

function checkFixedParts(encoder: VideoEncoder, configuration: SoapObject): void {
  const name = text(configuration, 'Name')?.trim();
  if (name !== undefined && name !== encoder.name)
    throw invalidArgument('ConfigModify', 'The video encoder configuration cannot be renamed.');
  const encoding = text(configuration, 'Encoding')?.trim();
  if (encoding !== undefined && encoding !== encoder.encoding)
    throw invalidArgument('ConfigModify', `The encoding of this configuration is ${encoder.encoding}.`);
  const address = text(child(child(configuration, 'Multicast'), 'Address'), 'IPv4Address')?.trim();
  if (address !== undefined && address !== NO_MULTICAST_ADDRESS)
    throw invalidArgument('ConfigModify', `There is no multicast; its address can only be ${NO_MULTICAST_ADDRESS}.`);
  if ((integer(child(configuration, 'RateControl'), 'EncodingInterval') ?? 1) !== 1)
    throw invalidArgument('ConfigModify', 'EncodingInterval can only be 1; use FrameRateLimit.');
}

function sizeChange(model: MediaModel, encoder: VideoEncoder, resolution: SoapObject): Partial<PictureSettings> {
  const present = askedSize(model, encoder);
  const width = integer(resolution, 'Width') ?? present.width;
  const height = integer(resolution, 'Height') ?? present.height;
  if (width === present.width && height === present.height) return {};
  const sizes = offeredSizes(model, encoder);
  if (!sizes.some((size) => size.width === width && size.height === height))
    throw invalidArgument(
      'ConfigModify',
      `Resolution ${width}x${height} is not offered; choose ${sizes.map((size) => `${size.width}x${size.height}`).join(', ')}.`,
    );
  return { width, height };
}

function frameRateChange({ control }: VideoEncoder, rateControl: SoapObject): Partial<PictureSettings> {
  const fps = integer(rateControl, 'FrameRateLimit');
  if (fps === undefined || fps === frameRateLimit(control.settings().fps)) return {};
  const { min, max } = frameRates(control.options());
  if (fps < min || fps > max) throw invalidArgument('ConfigModify', `FrameRateLimit must be ${min} to ${max}.`);
  return { fps };
}

/** Quality is a float in ONVIF; JPEG has whole ones. */
function qualityChange({ control }: VideoEncoder, asked: string | undefined): Partial<PictureSettings> {
  if (asked === undefined) return {};
  const quality = asked.trim() === '' ? Number.NaN : Number(asked);
  if (!Number.isFinite(quality)) throw new SoapFault('Sender', ['InvalidArgs'], 'Quality must be a number.');
  if (Math.round(quality) === control.settings().quality) return {};
  const { min, max } = qualities(control);
  if (quality < min || quality > max) throw invalidArgument('ConfigModify', `Quality must be ${min} to ${max}.`);
  return { quality: Math.round(quality) };
}
