import { type H264Profile, h264Level } from '../../frames/h264-level.ts';
import type { Size } from '../../frames/size.ts';
import { X264_THREADS, X264_TOOLS } from '../../frames/x264.ts';
import { SECOND_OUTPUT } from '../../platform/program.ts';

/** FFmpeg's names of the encoders: that of the machine, through V4L2, and the one in software. */
export type Codec = 'h264_v4l2m2m' | 'libx264';

/** What one ffmpeg is to make, from its start to its end. */
export interface EncodingPlan {
  readonly codec: Codec;
  /** Size of the pictures that go in. */
  readonly from: Size;
  /** Size of those that come out. */
  readonly to: Size;
  /** Pictures per second that are to be expected; the bit rate is kept on this assumption. */
  readonly frameRate: number;
  /** Bit rate on average, kbit/s. */
  readonly bitrate: number;
  /** Seconds from one key frame to the next. */
  readonly keyframeInterval: number;
  readonly profile: H264Profile;
  /** Pictures per second at most, by which the level is chosen: the measured rate goes up and down around it. */
  readonly mostFps: number;
}

/** Returns a plan without its rates, which are a little different each time: they are measured, also the highest one where none is set. */
export const withoutRates = (plan: EncodingPlan) => ({ ...plan, frameRate: undefined, mostFps: undefined });

/** Parts of a picture per second in which x264 is told the rate. */
const RATE_UNIT = 1000;
/**
 * Intervals after which the encoder makes a key frame by itself. Key frames are asked for one by one; this is for an encoder that
 * does not listen.
 */
const BACKSTOP = 2;
const toolsOf = (profile: H264Profile) => Object.entries(X264_TOOLS[profile]).flatMap(([name, value]) => [`-${name}`, value]);
/** profile_idc (H.264, A.2), since FFmpeg has no names for this encoder. The level is left to the driver: FFmpeg cannot set it. */
const PROFILE_NUMBERS: Readonly<Record<H264Profile, number>> = { baseline: 66, main: 77, high: 100 };
/** Lets ffmpeg begin without probing its input: the track header says what it is. */
export const PROBE_NOTHING = ['-probesize', '32', '-analyzeduration', '0'];

/** The end of the command line but for the output's name: FLV, each picture at once. */
export const TO_FLV = ['-f', 'flv', '-flvflags', 'no_duration_filesize', '-flush_packets', '1'];
/**
 * What the timestamp of a picture, microseconds, tells ffmpeg beside its time, which is a multiple of `step`: that it has to become a
 * key frame, that the sub stream gets it too, and that it has to become a key frame there. FFmpeg may count the times of a stream
 * from its first picture, so that one must not be marked as a key frame, of either stream; it is one anyway.
 */
export const TIME_MARKS = { step: 8, keyframe: 1, subKeyframe: 2, sub: 4 } as const;
/** ffmpeg's expressions for the timestamps that ask for a key frame, and for those of the pictures that the sub stream gets. */
const KEY_FRAME = 'mod(round(t*1000000),2)';
const SUB = "select='gte(mod(round(t*1000000),8),4)'";
const SUB_KEY_FRAME = 'gte(mod(round(t*1000000),4),2)';

/**
 * Returns the arguments of an ffmpeg that reads Matroska with JPEGs and writes FLV with H.264, one unit for each picture, at
 * once. FFmpeg 4.2 and later understand them. `-fflags nobuffer` is left out: it loses the first picture.
 *
 * @param sub the sub stream, of the same pictures and no larger, which goes to {@link SECOND_OUTPUT}. It costs nothing while no
 * picture is marked for it
 */
export function ffmpegArguments(plan: EncodingPlan, sub?: EncodingPlan): string[] {
  const input = [
    ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'error'],
    // More threads here would each hold a picture back.
    ...[...PROBE_NOTHING, '-flags', 'low_delay', '-threads', '1', ...decoderScale(plan), '-f', 'matroska', '-i', 'pipe:0'],
  ];
  const main = ['-map', '0:v:0', '-vf', filters(plan), ...codecArguments(plan), ...TO_FLV, 'pipe:1'];
  if (!sub) return [...input, ...main];
  // A graph of its own: in one for both FFmpeg 7 holds back the pictures of the one until the other gets its next.
  const graph = `${SUB},${narrowed(decodedSize(plan), sub.to)}`;
  const output = `pipe:${SECOND_OUTPUT}`;
  return [...input, ...main, '-map', '0:v:0', '-vf', graph, ...codecArguments(sub, SUB_KEY_FRAME), ...TO_FLV, output];
}

/** Returns whether an ffmpeg that does the one can do the other as well, of the same decoded pictures. */
export const canShare = (plan: EncodingPlan, sub: EncodingPlan): boolean =>
  plan.codec === 'libx264' && sub.codec === 'libx264' && fits(sub.to, decodedSize(plan));

/** Says that the values have the narrow range, and nothing of where the colours were sampled: the parameter sets do not depend on who scaled. */
const NARROW = ['mergeplanes=0x000102:yuv420p', 'setparams=range=tv'];
/**
 * The filters from the full range of values that JPEGs have to the narrow one (ITU-R BT.601) that players expect, whatever is
 * written in the stream. Tables cost a third of what the scaler takes for it. mergeplanes then gives the planes, unchanged, the
 * format of the narrow range, which the scaler would convert once more.
 */
const NARROW_RANGE = [
  'format=yuvj420p',
  "lutyuv=y='round(16+val*219/255)':u='round(128+(val-128)*224/255)':v='round(128+(val-128)*224/255)'",
  ...NARROW,
].join(',');

/** How often the decoder can halve a JPEG: its blocks of 8 by 8 are left with 4, 2 or 1. */
const MOST_HALVINGS = 3;

/**
 * Returns how often the decoder may halve the picture, which is cheaper than to decode all of it, without making it smaller than
 * what is encoded.
 */
function halvings({ from, to }: EncodingPlan): number {
  let times = 0;
  while (times < MOST_HALVINGS && fits(to, halved(from, times + 1))) times++;
  return times;
}

const fits = (small: Size, large: Size): boolean => small.width <= large.width && small.height <= large.height;
const halved = ({ width, height }: Size, times: number): Size => ({
  width: Math.ceil(width / 2 ** times),
  height: Math.ceil(height / 2 ** times),
});

function decoderScale(plan: EncodingPlan): readonly string[] {
  const times = halvings(plan);
  return times > 0 ? ['-lowres', String(times)] : [];
}

const decodedSize = (plan: EncodingPlan): Size => halved(plan.from, halvings(plan));
const filters = (plan: EncodingPlan): string => narrowed(decodedSize(plan), plan.to);

/**
 * Returns what is done to pictures before they are encoded. The matrix stays JPEG's, BT.601, at every size: {@link codecArguments}
 * declares it.
 */
function narrowed(decoded: Size, to: Size): string {
  if (decoded.width === to.width && decoded.height === to.height) return NARROW_RANGE;
  return [`scale=w=${to.width}:h=${to.height}:flags=bilinear:out_range=tv`, 'format=yuv420p', ...NARROW].join(',');
}

/**
 * Returns the arguments for the encoder and all that it is told; nothing of input and output.
 * @param keyFrames ffmpeg's expression for the times `t` that ask for a key frame
 */
export function codecArguments(
  { codec, to, frameRate, bitrate, keyframeInterval, profile, mostFps }: EncodingPlan,
  keyFrames = KEY_FRAME,
): string[] {
  const rate = `${bitrate}k`;
  const groupSize = Math.max(2, Math.ceil(BACKSTOP * keyframeInterval * frameRate));
  return [
    ...['-c:v', codec, '-b:v', rate, '-g', String(groupSize)],
    // Keeps the capture times to the microsecond.
    ...['-enc_time_base', '1:1000000', '-force_key_frames', `expr:${keyFrames}`],
    ...['-color_range', 'tv', '-colorspace', 'bt470bg', '-color_primaries', 'bt709', '-color_trc', 'bt709'],
    // Each B picture would wait for the next one.
    ...['-bf', '0'],
    ...(codec === 'libx264'
      ? [
          ...['-preset', 'ultrafast', '-tune', 'zerolatency', '-threads', String(X264_THREADS)],
          ...['-profile:v', profile, ...toolsOf(profile), '-level:v', h264Level({ ...to, fps: mostFps, bitrate, profile })],
          ...['-maxrate', rate, '-bufsize', rate, '-sc_threshold', '0', '-forced-idr', '1'],
          // Else it would take the rate of what is read, of which a part may be left out.
          ...['-x264-params', `fps=${Math.round(frameRate * RATE_UNIT)}/${RATE_UNIT}`],
        ]
      : // It knows its parameter sets only once it has made a picture: they have to come in band.
        ['-flags:v', '-global_header', '-profile:v', String(PROFILE_NUMBERS[profile])]),
  ];
}
