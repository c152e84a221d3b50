import { readFfmpegMessage } from './messages.ts';
import { probe, untold } from './probe.ts';

/** A pixel format that a device offers. */
export interface VideoFormat {
  /** ffmpeg's name: "mjpeg", "yuyv422". */
  readonly name: string;
  /** Whether the device compresses the pictures itself. */
  readonly compressed: boolean;
  /** Width and height in pixels; empty when the device takes any. */
  readonly sizes: readonly (readonly [number, number])[];
}

/** Returns the formats in what `ffmpeg -f v4l2 -list_formats all` prints. */
export function parseFormats(text: string): VideoFormat[] {
  return text.split('\n').flatMap((line) => {
    const match = /\] (Raw|Compressed)\s*:\s*(\S+) :\s*(.*?) :(.*)$/.exec(line);
    if (!match) return [];
    const sizes = [...match[4]!.matchAll(/(\d+)x(\d+)/g)].map(([, w, h]) => [Number(w), Number(h)] as const);
    return [{ name: match[2]!, compressed: match[1] === 'Compressed', sizes: match[4]!.includes('{') ? [] : sizes }];
  });
}

/** Asks a device for its formats. Rejects with an AppError if it is not there, busy, or no camera, or if ffmpeg does not come to tell. */
export async function listFormats(ffmpeg: string, device: string, searchPath: string): Promise<VideoFormat[]> {
  const args = ['-hide_banner', '-nostdin', '-f', 'v4l2', '-list_formats', 'all', '-i', device];
  // Exit code 1 is normal here: listing ends with "Immediate exit requested".
  const result = await probe(ffmpeg, args, searchPath);
  const formats = parseFormats(result.stderr);
  if (formats.length > 0) return formats;
  for (const line of result.stderr.split('\n')) {
    const meaning = readFfmpegMessage(line, device);
    if (meaning) throw meaning.error;
  }
  if (result.code === null) throw untold(`ffmpeg does not tell the formats of ${device}`, result);
  return [];
}
