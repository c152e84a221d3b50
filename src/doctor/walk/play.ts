import type { Login } from '../../config/first-password.ts';
import { runProgram } from '../../platform/run-program.ts';

/** Number of pictures that ffmpeg has to decode: with one alone, a stream that stops would not show. */
const PICTURES = 3;
/** ffmpeg's names for the ways of carrying RTP. */
export const FFMPEG_TRANSPORTS = { tcp: 'tcp', udp: 'udp', tunnel: 'http' } as const;

/** What {@link playWithFfmpeg} takes. */
export interface PlayOptions {
  /** Path of the program. */
  readonly ffmpeg: string;
  /** PATH for the program. */
  readonly searchPath: string;
  /** Without credentials. */
  readonly url: string;
  readonly login: Login | undefined;
  /** For RTSP; left out: the stream comes by HTTP. */
  readonly transport?: keyof typeof FFMPEG_TRANSPORTS;
  /** Longest time that it may take. */
  readonly timeoutMs: number;
}

/**
 * Has ffmpeg decode a few pictures of a stream. Resolves to undefined where that went well, else to what ffmpeg said.
 *
 * Address and password go in by standard input, as a playlist of one entry: everybody on the machine can read command lines.
 */
export async function playWithFfmpeg({ ffmpeg, searchPath, url, login, transport, timeoutMs }: PlayOptions): Promise<string | undefined> {
  const playlist = `ffconcat version 1.0\nfile '${withLogin(url, login)}'\n${transport ? `option rtsp_transport ${FFMPEG_TRANSPORTS[transport]}\n` : ''}`;
  const args = [
    ...['-hide_banner', '-nostats', '-loglevel', 'warning'],
    ...['-protocol_whitelist', 'pipe,fd,http,tcp,udp,rtp,rtsp,httpproxy,crypto', '-safe', '0', '-f', 'concat', '-i', 'pipe:0'],
    ...['-frames:v', String(PICTURES), '-f', 'framecrc', 'pipe:1'],
  ];
  const { code, stdout, stderr } = await runProgram(ffmpeg, args, { timeoutMs, searchPath, input: playlist });
  // framecrc prints one line for each picture.
  const pictures = stdout.split('\n').filter((line) => /^0, /.test(line)).length;
  if (code === 0 && pictures >= PICTURES) return undefined;
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !/deprecated pixel format/.test(line));
  const telling =
    lines.find((line) => /unauthorized|refused|timed out|failed|not found|invalid|no answer|did not end/i.test(line)) ?? lines.at(-1);
  const said = telling?.replace(/^\[[^\]]*\] /, '').replace(/\/\/[^/\s'"]*@/g, '//') ?? `exit code ${code}`;
  return pictures > 0 ? `${pictures} of ${PICTURES} pictures came: ${said}` : said;
}

/** Returns a URL with a login, percent-encoded, quotes included, which would end the entry of the playlist. */
function withLogin(url: string, login: Login | undefined): string {
  const encode = (text: string) => encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
  const bare = url.replaceAll("'", '%27');
  return login ? bare.replace('://', `://${encode(login.user)}:${encode(login.password)}@`) : bare;
}
