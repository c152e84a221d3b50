import { type AppSequence, describeTarget, envelope, type Target } from './envelope.ts';
import type { Probe, Resolve } from './message.ts';
import { ANONYMOUS } from './names.ts';

/** The answer to a Probe that matches, or to a Resolve that names us (WS-Discovery, sections 5.3 and 6.3). */
export function buildMatches(request: Probe | Resolve, target: Target, messageId: string, sequence: AppSequence): string {
  const name = `${request.kind}Match`;
  return envelope({
    soap: request.soap,
    action: `${name}es`,
    messageId,
    to: ANONYMOUS,
    relatesTo: request.messageId,
    sequence,
    types: target.types,
    body: `<d:${name}es><d:${name}>${describeTarget(target)}</d:${name}></d:${name}es>`,
  });
}
