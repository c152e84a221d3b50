import type { Login } from '../../config/first-password.ts';
import { AppError, ERRORS, type ErrorCode } from '../../core/errors.ts';
import { wholeJpegLength } from '../../frames/jpeg.ts';

/** Most bytes of a stream that are looked through for two pictures. */
const MAX_STREAM = 32 * 1024 * 1024;

/** Returns the Authorization header of Basic (RFC 7617, section 2); no header without a login. */
export const basicAuthorization = (login: Login | undefined): Record<string, string> =>
  login ? { Authorization: `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}` } : {};

/** Gets a URL of the camera. @throws AppError with the camera's own reason where it refuses */
export async function get(url: string, login: Login | undefined, signal: AbortSignal): Promise<Response> {
  const answer = await fetch(url, { headers: { Accept: 'application/json, */*;q=0.5', ...basicAuthorization(login) }, signal });
  if (answer.ok) return answer;
  const body = (await answer.json().catch(() => undefined)) as { error?: { code?: string; message?: string; hint?: string } } | undefined;
  const { code = '', message, hint } = body?.error ?? {};
  const known = Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'SNAPSHOT_FAILED';
  throw new AppError(known, `${new URL(url).pathname} is answered with ${answer.status}${message ? `: ${message}` : ''}`, {
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Reads an MJPEG stream until two whole pictures have come. Resolves to the number of bytes until then. @throws AppError NO_FRAMES */
export async function readTwoPictures(url: string, login: Login | undefined, signal: AbortSignal): Promise<number> {
  const answer = await get(url, login, signal);
  let held: Buffer = Buffer.alloc(0);
  let pictures = 0;
  let total = 0;
  for await (const chunk of answer.body ?? []) {
    total += chunk.length;
    held = Buffer.concat([held, chunk]);
    for (;;) {
      const start = held.indexOf(Buffer.of(0xff, 0xd8, 0xff));
      const length = start < 0 ? 0 : wholeJpegLength(held, start);
      if (length === 0) break;
      held = held.subarray(start + length);
      if (++pictures === 2) return total;
    }
    if (total > MAX_STREAM) break;
  }
  throw new AppError('NO_FRAMES', `${pictures} of two pictures came.`);
}
