import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { program } from './programs.ts';

const STANDIN = fileURLToPath(new URL('ffmpeg-h264', import.meta.url));

/**
 * A link to the stand-in for ffmpeg as an encoder, which is how that is used; its log is empty.
 * @param dir where the link is made
 * @param what it shall do, see test/support/ffmpeg-h264
 * @returns the path of the link
 */
export function linkEncoder(dir: string, what: object = {}): string {
  const ffmpeg = join(dir, 'ffmpeg');
  symlinkSync(STANDIN, ffmpeg);
  writeFileSync(`${ffmpeg}.json`, JSON.stringify(what));
  writeFileSync(`${ffmpeg}.log`, '');
  return ffmpeg;
}

/**
 * Options with which the camera serves H.264, for tests that are not about what is in the pictures: encoded by ffmpeg, and by the
 * stand-in where ffmpeg is not installed. In CI ffmpeg has to be there.
 * @param dir where the stand-in is linked
 */
export function withH264(dir: string): string[] {
  const real = program('ffmpeg') !== undefined || process.env.CI !== undefined;
  return ['--h264', 'on', ...(real ? [] : ['--h264-ffmpeg-path', linkEncoder(dir)])];
}
