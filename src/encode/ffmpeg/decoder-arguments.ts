import { PROBE_NOTHING } from './arguments.ts';

/** The option that keeps ffmpeg from making pictures up or leaving some out: `vsync` before FFmpeg 5.1, and gone in later ones. */
export type FrameModeOption = 'fps_mode' | 'vsync';

/** Marks the timestamp of a picture (microseconds) of which a JPEG is to be made; {@link decoderArguments} have the counterpart. */
export const markPicture = (evenTimestamp: number): number => evenTimestamp + 1;

/** Slices are decoded at once; threads for whole pictures would each hold one back. */
const DECODER_THREADS = 2;

/**
 * The command line of an ffmpeg that reads Matroska with H.264 and writes JPEGs back to back, of the pictures with marked
 * timestamps alone: which and how many is decided while it runs. For each it writes a line of the list that the "framecrc" muxer
 * makes, with timestamp and size, to its standard error. JPEGs have the full range of values and the matrix of ITU-R BT.601, the
 * usual Huffman tables and 4:2:0, as RFC 2435 can carry them.
 *
 * @param quality of the JPEGs, 1 to 100
 */
export function decoderArguments(quality: number, frameMode: FrameModeOption): string[] {
  const input = ['-flags', 'low_delay', '-thread_type', 'slice', '-threads', String(DECODER_THREADS), '-f', 'matroska', '-i', 'pipe:0'];
  const marked = "select='mod(round(t*1000000),2)'";
  return [
    ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'error', '-copyts'],
    ...[...PROBE_NOTHING, ...input],
    ...['-map', '0:v:0', '-vf', `${marked},scale=out_range=pc:out_color_matrix=bt601,format=yuvj420p`],
    ...['-c:v', 'mjpeg', '-threads', '1', '-huffman', 'default', '-qmin', '1', '-q:v', String(quantiser(quality))],
    ...[`-${frameMode}`, 'passthrough', '-enc_time_base', '1:1000000', '-flush_packets', '1'],
    ...['-f', 'tee', '[f=framecrc]pipe:2|[f=image2pipe]pipe:1'],
  ];
}

/** Largest quantiser scale of MPEG's encoders. */
const COARSEST = 31;

/** The quantiser scale of ffmpeg's JPEG encoder whose tables are about as fine as those of the usual quality. */
export function quantiser(quality: number): number {
  const percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  return Math.min(COARSEST, Math.max(1, Math.round(0.08 * percent)));
}
