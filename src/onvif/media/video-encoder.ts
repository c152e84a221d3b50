import { invalidArgument, SoapFault } from '../../protocols/soap/fault.ts';
import { child, integer, text } from '../args.ts';
import type { Operation, SoapObject } from '../service.ts';
import type { H264Settings, PictureSettings, Range } from './deps.ts';
import { askedSize, describeEncoder, frameRateLimit, govLength } from './describe.ts';
import type { H264Encoder, JpegEncoder, VideoEncoder } from './encoders.ts';
import type { MediaModel } from './model.ts';
import { multicastChange } from './multicast.ts';
import { frameRates, govLengths, offeredSizes, qualities } from './options.ts';
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
      checkFixedParts(encoder, configuration);
      // All of it is read before any of it is done.
      const target = multicastChange(model, encoder, child(configuration, 'Multicast'));
      const change = encoder.encoding === 'JPEG' ? jpegChange(model, encoder, configuration) : h264Change(model, encoder, configuration);
      const before = model.multicast?.target(encoder.token);
      try {
        if (target) await model.multicast?.change(encoder.token, target);
      } catch (error) {
        throw refusal(error);
      }
      try {
        if (Object.keys(change).length > 0) await encoder.control.change(change);
      } catch (error) {
        // What is refused is refused as a whole; that it cannot be taken back is no news for the client.
        if (target && before) await model.multicast?.change(encoder.token, before).catch(() => {});
        throw refusal(error);
      }
      return {};
    },
  },
];

function checkFixedParts(encoder: VideoEncoder, configuration: SoapObject): void {
  const name = text(configuration, 'Name')?.trim();
  if (name !== undefined && name !== encoder.name)
    throw invalidArgument('ConfigModify', 'The video encoder configuration cannot be renamed.');
  const encoding = text(configuration, 'Encoding')?.trim();
  if (encoding !== undefined && encoding !== encoder.encoding)
    throw invalidArgument('ConfigModify', `The encoding of this configuration is ${encoder.encoding}.`);
  if ((integer(child(configuration, 'RateControl'), 'EncodingInterval') ?? 1) !== 1)
    throw invalidArgument('ConfigModify', 'EncodingInterval can only be 1; use FrameRateLimit.');
}

/**
 * What a VideoEncoderConfiguration would change. What it leaves out stays, and so does what equals the present
 * configuration, offered or not. SessionTimeout and BitrateLimit are hints that a device may adapt, and JPEG cannot follow.
 * Throws ConfigModify for what is not offered.
 */
const jpegChange = (model: MediaModel, encoder: JpegEncoder, configuration: SoapObject): Partial<PictureSettings> => ({
  ...sizeChange(model, encoder, child(configuration, 'Resolution')),
  ...frameRateChange(encoder, child(configuration, 'RateControl')),
  ...qualityChange(encoder, qualityIn(configuration)),
});

/** The same for H.264, where Quality is the hint that cannot be followed: the bit rate decides. */
function h264Change(model: MediaModel, encoder: H264Encoder, configuration: SoapObject): Partial<H264Settings> {
  qualityIn(configuration);
  const rateControl = child(configuration, 'RateControl');
  const rate = frameRateChange(encoder, rateControl);
  return {
    ...sizeChange(model, encoder, child(configuration, 'Resolution')),
    ...rate,
    ...bitrateChange(encoder, rateControl),
    ...keyframeChange(encoder, child(configuration, 'H264'), rate.fps),
  };
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

function frameRateChange(encoder: VideoEncoder, rateControl: SoapObject): { readonly fps?: number } {
  const fps = integer(rateControl, 'FrameRateLimit');
  if (fps === undefined || fps === frameRateLimit(encoder.control.settings().fps)) return {};
  checkRange('FrameRateLimit', fps, frameRates(encoder));
  return { fps };
}

/** The Quality that is asked for, a float in ONVIF. Throws Sender / InvalidArgs. */
function qualityIn(configuration: SoapObject): number | undefined {
  const asked = text(configuration, 'Quality');
  if (asked === undefined) return undefined;
  const quality = asked.trim() === '' ? Number.NaN : Number(asked);
  if (!Number.isFinite(quality)) throw new SoapFault('Sender', ['InvalidArgs'], 'Quality must be a number.');
  return quality;
}

/** JPEG has whole qualities. */
function qualityChange({ control }: JpegEncoder, quality: number | undefined): Partial<PictureSettings> {
  if (quality === undefined || Math.round(quality) === control.settings().quality) return {};
  checkRange('Quality', quality, qualities(control));
  return { quality: Math.round(quality) };
}

function bitrateChange({ control }: H264Encoder, rateControl: SoapObject): Partial<H264Settings> {
  const bitrate = integer(rateControl, 'BitrateLimit');
  if (bitrate === undefined || bitrate === control.settings().bitrate) return {};
  checkRange('BitrateLimit', bitrate, control.options().bitrate);
  return { bitrate };
}

/**
 * GovLength counts pictures, and we keep seconds.
 * @param newFps undefined: the frame rate stays
 */
function keyframeChange({ control }: H264Encoder, h264: SoapObject, newFps: number | undefined): Partial<H264Settings> {
  const { profile, keyframeInterval: seconds, fps: rates } = control.options();
  const asked = text(h264, 'H264Profile')?.trim();
  if (asked !== undefined && asked !== profile) throw invalidArgument('ConfigModify', `H264Profile can only be ${profile}.`);
  const settings = control.settings();
  const length = integer(h264, 'GovLength');
  const same = length === govLength(settings);
  if (length === undefined || (same && newFps === undefined)) return {};
  const fps = Math.min(newFps ?? settings.fps, rates.max);
  // A length that is only sent back goes as far as it can with another frame rate.
  if (!same) checkRange('GovLength', length, govLengths(seconds, fps));
  return { keyframeInterval: Math.min(seconds.max, Math.max(seconds.min, length / fps)) };
}

function checkRange(name: string, value: number, { min, max }: Range): void {
  if (value < min || value > max) throw invalidArgument('ConfigModify', `${name} must be ${min} to ${max}.`);
}
