import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { boundaryOf, MultipartParser } from '../../src/web/page/multipart.ts';

/** What a picture shows, decoded: equal for equal pictures. Throws for what is no whole picture. */
export async function shown(jpeg: Uint8Array): Promise<string> {
  const { data, info } = await sharp(jpeg, { failOn: 'truncated' }).raw().toBuffer({ resolveWithObject: true });
  return `${info.width}x${info.height} ${createHash('sha256').update(data).digest('hex')}`;
}

export interface Watched {
  /** What the pictures showed, in order. */
  readonly pictures: readonly string[];
  /** The stream ended before it was told to. */
  readonly ended: boolean;
}

/**
 * Watches a multipart stream.
 * @param enough called after each picture, with the number of pictures and the milliseconds so far; true ends it
 */
export async function watch(answer: Response, enough: (count: number, ms: number) => boolean): Promise<Watched> {
  // Some put the dashes of the delimiter into the boundary, too.
  const boundary = boundaryOf(answer.headers.get('content-type'))?.replace(/^--/, '');
  if (!answer.ok || boundary === undefined || answer.body === null)
    throw new Error(`no stream: ${answer.status} ${answer.headers.get('content-type')} ${await answer.text()}`);
  const began = performance.now();
  const decoded: Promise<string>[] = [];
  let done = false;
  const parser = new MultipartParser(boundary, ({ body }) => {
    if (done) return;
    decoded.push(shown(body));
    done = enough(decoded.length, performance.now() - began);
  });
  for await (const chunk of answer.body) {
    parser.push(chunk);
    if (done) break;
  }
  return { pictures: await Promise.all(decoded), ended: !done };
}
