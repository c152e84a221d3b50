import type { PictureSettings, Range } from '../../device/picture.ts';
import type { H264Video, JpegVideo, VideoStream } from '../../device/streams.ts';
import type { H264Settings } from '../../encode/encoder.ts';
import { invalidArgument } from '../../protocols/soap/fault.ts';
import { child, decimal, integer, text, token } from '../args.ts';
import { refusalAs } from '../refusal.ts';
import type { Operation, SoapObject } from '../service.ts';
import { askedSize, describeEncoder, frameRateLimit, govLength, H264_PROFILE } from './describe.ts';
import type { MediaModel } from './model.ts';
import { multicastChange } from './multicast.ts';
import { frameRates, govLengths, offeredSizes, qualities } from './options.ts';

/** Operations on the video encoder configurations, one for each stream. */
export const videoEncoderOperations = (model: MediaModel): readonly Operation[] => [
  {
    name: 'GetVideoEncoderConfigurations',
    access: 'READ_MEDIA',
    handle: () => ({ Configurations: model.streams.map((stream) => describeEncoder(model, stream)) }),
  },
  {
    name: 'GetVideoEncoderConfiguration',
    access: 'READ_MEDIA',
    handle: (request) => ({ Configuration: describeEncoder(model, model.stream(token(request, 'ConfigurationToken'))) }),
  },
  {
    name: 'GetCompatibleVideoEncoderConfigurations',
    access: 'READ_MEDIA',
    handle: (request) => {
      const encoders = model.compatibleStreams(model.profile(token(request, 'ProfileToken')));
      return { Configurations: encoders.map((stream) => describeEncoder(model, stream)) };
    },
  },
  {
    // ForcePersistence is ignored: ONVIF made it obsolete, everything persists.
    name: 'SetVideoEncoderConfiguration',
    access: 'ACTUATE',
    handle: async (request) => {
      const configuration = child(request, 'Configuration');
      const stream = model.stream(token(child(configuration, 'attributes'), 'token'));
      checkUnchanged(stream, configuration);
      // All of it is read and checked before any of it is done.
      const target = multicastChange(model, stream, child(configuration, 'Multicast'));
      const change = stream.encoding === 'JPEG' ? jpegChange(model, stream, configuration) : h264Change(model, stream, configuration);
      const before = model.multicast?.target(stream.encoder);
      try {
        if (target) await model.multicast?.change(stream.encoder, target);
      } catch (error) {
        throw refusalAs('ConfigModify', error);
      }
      try {
        if (Object.keys(change).length > 0) await stream.control.change(change);
      } catch (error) {
        // A change is refused as a whole. Where the first half cannot be taken back, the client still learns of the cause alone.
        if (target && before) await model.multicast?.change(stream.encoder, before).catch(() => {});
        throw refusalAs('ConfigModify', error);
      }
      return {};
    },
  },
];

/** Throws ConfigModify where a name, an encoding or an interval would change, which cannot. */
function checkUnchanged(stream: VideoStream, configuration: SoapObject): void {
  const name = text(configuration, 'Name')?.trim();
  if (name !== undefined && name !== stream.name)
    throw invalidArgument('ConfigModify', 'The video encoder configuration cannot be renamed.');
  const encoding = text(configuration, 'Encoding')?.trim();
  if (encoding !== undefined && encoding !== stream.encoding)
    throw invalidArgument('ConfigModify', `The encoding of this configuration is ${stream.encoding}.`);
  if ((integer(child(configuration, 'RateControl'), 'EncodingInterval') ?? 1) !== 1)
    throw invalidArgument('ConfigModify', 'EncodingInterval can only be 1; use FrameRateLimit.');
}

/**
 * Returns what a tt:VideoEncoderConfiguration would change of a JPEG stream. What it leaves out stays, and so does what equals the
 * present configuration, offered or not. SessionTimeout and BitrateLimit are hints, which JPEG cannot follow. Throws ConfigModify
 * for what is not offered.
 */
const jpegChange = (model: MediaModel, stream: JpegVideo, configuration: SoapObject): Partial<PictureSettings> => ({
  ...sizeChange(model, stream, child(configuration, 'Resolution')),
  ...frameRateChange(stream, child(configuration, 'RateControl')),
  ...qualityChange(stream, qualityIn(configuration)),
});

/** The same for H.264, where Quality is the hint that cannot be followed: the bit rate decides. */
function h264Change(model: MediaModel, stream: H264Video, configuration: SoapObject): Partial<H264Settings> {
  qualityIn(configuration);
  const rateControl = child(configuration, 'RateControl');
  const rate = frameRateChange(stream, rateControl);
  return {
    ...sizeChange(model, stream, child(configuration, 'Resolution')),
    ...rate,
    ...bitrateChange(stream, rateControl),
    ...keyframeChange(stream, child(configuration, 'H264'), rate.fps),
    ...profileChange(stream, child(configuration, 'H264')),
  };
}

function sizeChange(model: MediaModel, stream: VideoStream, resolution: SoapObject): Partial<PictureSettings> {
  const present = askedSize(model, stream);
  const width = integer(resolution, 'Width') ?? present.width;
  const height = integer(resolution, 'Height') ?? present.height;
  if (width === present.width && height === present.height) return {};
  const sizes = offeredSizes(model, stream);
  if (!sizes.some((size) => size.width === width && size.height === height))
    throw invalidArgument(
      'ConfigModify',
      `Resolution ${width}x${height} is not offered; choose ${sizes.map((size) => `${size.width}x${size.height}`).join(', ')}.`,
    );
  return { width, height };
}

function frameRateChange(stream: VideoStream, rateControl: SoapObject): { readonly fps?: number } {
  const fps = integer(rateControl, 'FrameRateLimit');
  if (fps === undefined || fps === frameRateLimit(stream.control.settings().fps)) return {};
  checkRange('FrameRateLimit', fps, frameRates(stream));
  return { fps };
}

/** Reads Quality, an xs:float. Throws Sender / InvalidArgs. */
function qualityIn(configuration: SoapObject): number | undefined {
  return decimal(configuration, 'Quality');
}

/** JPEG has whole qualities: the asked one is rounded. */
function qualityChange({ control }: JpegVideo, quality: number | undefined): Partial<PictureSettings> {
  if (quality === undefined || Math.round(quality) === control.settings().quality) return {};
  checkRange('Quality', quality, qualities(control));
  return { quality: Math.round(quality) };
}

function bitrateChange({ control }: H264Video, rateControl: SoapObject): Partial<H264Settings> {
  const bitrate = integer(rateControl, 'BitrateLimit');
  if (bitrate === undefined || bitrate === control.settings().bitrate) return {};
  checkRange('BitrateLimit', bitrate, control.options().bitrate);
  return { bitrate };
}

/**
 * GovLength counts pictures; the setting is in seconds.
 * @param newFps the frame rate that the same request sets; undefined: it stays
 */
function keyframeChange({ control }: H264Video, h264: SoapObject, newFps: number | undefined): Partial<H264Settings> {
  const { keyframeInterval: seconds, fps: rates } = control.options();
  const settings = control.settings();
  const length = integer(h264, 'GovLength');
  const same = length === govLength(settings);
  if (length === undefined || (same && newFps === undefined)) return {};
  const fps = Math.min(newFps ?? settings.fps, rates.max);
  // A length that is only sent back is not refused for another frame rate: it goes as far as it can.
  if (!same) checkRange('GovLength', length, govLengths(seconds, fps));
  return { keyframeInterval: Math.min(seconds.max, Math.max(seconds.min, length / fps)) };
}

function profileChange({ control }: H264Video, h264: SoapObject): Partial<H264Settings> {
  const asked = text(h264, 'H264Profile')?.trim();
  if (asked === undefined || asked === H264_PROFILE[control.settings().profile]) return {};
  const { profiles } = control.options();
  const profile = profiles.find((each) => H264_PROFILE[each] === asked);
  if (profile === undefined)
    throw invalidArgument('ConfigModify', `H264Profile can be ${profiles.map((each) => H264_PROFILE[each]).join(', ')}.`);
  return { profile };
}

function checkRange(name: string, value: number, { min, max }: Range): void {
  if (value < min || value > max) throw invalidArgument('ConfigModify', `${name} must be ${min} to ${max}.`);
}
