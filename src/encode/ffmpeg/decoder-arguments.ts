import { codecArguments, type EncodingPlan, PROBE_NOTHING, TO_FLV } from './arguments.ts';

/**
 * The option that keeps ffmpeg from making up pictures or leaving some out: `vsync` before FFmpeg 5.1, which later releases have
 * dropped.
 */
export type FrameModeOption = 'fps_mode' | 'vsync';

/** Slices are decoded at once; threads for whole pictures would each hold one back. */
const DECODER_THREADS = 2;

/** The arguments up to the picture: H.264 in Matroska, of which only units with marked timestamps go on; see `MARK` in unit-feeder.ts. */
const INPUT = [
  ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'error', '-copyts', ...PROBE_NOTHING],
  ...['-flags', 'low_delay', '-thread_type', 'slice', '-threads', String(DECODER_THREADS), '-f', 'matroska', '-i', 'pipe:0'],
  ...['-map', '0:v:0'],
];
const MARKED = "select='mod(round(t*1000000),2)'";
/**
 * ffmpeg's expression for the timestamps that ask for a key frame. FFmpeg counts them from the first picture that it encodes,
 * which has the lower mark, or from the stream's beginning.
 */
const MARKED_KEY_FRAME = 'gte(mod(round(t*1000000),4),2)';

/**
 * Returns the arguments of an ffmpeg that reads H.264 in Matroska and writes JPEGs back to back. For each JPEG it writes a line of
 * its "framecrc" muxer, with timestamp and size, to its standard error. The JPEGs have the full range of values, the matrix of
 * ITU-R BT.601, the usual Huffman tables and 4:2:0, so that RTP can carry them (RFC 2435).
 *
 * @param quality of the JPEGs, 1 to 100
 */
export const decoderArguments = (quality: number, frameMode: FrameModeOption): string[] => [
  ...[...INPUT, '-vf', `${MARKED},scale=out_range=pc:out_color_matrix=bt601,format=yuvj420p`],
  ...['-c:v', 'mjpeg', '-threads', '1', '-huffman', 'default', '-qmin', '1', '-q:v', String(quantiser(quality))],
  ...[`-${frameMode}`, 'passthrough', '-enc_time_base', '1:1000000', '-flush_packets', '1'],
  ...['-f', 'tee', '[f=framecrc]pipe:2|[f=image2pipe]pipe:1'],
];

/** Returns the arguments of an ffmpeg that reads H.264 in Matroska, makes other H.264 of it, smaller as a rule, and writes FLV. */
export function transcoderArguments(plan: EncodingPlan): string[] {
  const { width, height } = plan.to;
  const scale = `scale=w=${width}:h=${height}:flags=bilinear:out_range=tv:out_color_matrix=bt601,format=yuv420p`;
  return [...INPUT, '-vf', `${MARKED},${scale}`, ...codecArguments(plan, MARKED_KEY_FRAME), ...TO_FLV, 'pipe:1'];
}

/** Largest quantiser scale of MPEG's encoders. */
const COARSEST = 31;

/**
 * Returns the quantiser scale of ffmpeg's JPEG encoder, 1 to 31, whose tables are about as fine as those of a quality.
 * @param quality JPEG quality as libjpeg counts it, 1 to 100
 */
export function quantiser(quality: number): number {
  const percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  return Math.min(COARSEST, Math.max(1, Math.round(0.08 * percent)));
}
