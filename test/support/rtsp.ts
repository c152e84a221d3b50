import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RtspProblem, RtspReader, type RtspRequest } from '../../src/protocols/rtsp/reader.ts';

/** What a reader said, in order. */
export type Heard =
  | { readonly request: RtspRequest }
  | { readonly channel: number; readonly payload: string }
  | { readonly problem: RtspProblem };

/** A reader that notes what it calls. */
export function listeningReader(): { reader: RtspReader; heard: Heard[] } {
  const heard: Heard[] = [];
  const reader = new RtspReader({
    request: (request) => heard.push({ request }),
    frame: (channel, payload) => heard.push({ channel, payload: payload.toString('hex') }),
    problem: (problem) => heard.push({ problem }),
  });
  return { reader, heard };
}

/** What a reader makes of chunks. */
export function read(...chunks: (string | Buffer)[]): Heard[] {
  const { reader, heard } = listeningReader();
  for (const chunk of chunks) reader.push(Buffer.from(chunk as string, 'latin1'));
  return heard;
}

export const requestsOf = (heard: readonly Heard[]): RtspRequest[] => heard.flatMap((one) => ('request' in one ? [one.request] : []));

/** What a client sent, from test/fixtures/rtsp. */
export const recording = (name: string): Buffer => readFileSync(join(import.meta.dirname, '../fixtures/rtsp', name));
