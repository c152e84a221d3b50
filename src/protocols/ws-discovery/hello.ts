import { type AppSequence, describeTarget, envelope, type Target } from './envelope.ts';
import { EVERYONE } from './names.ts';

/** "I am here", to everyone (WS-Discovery, section 4.1). */
export const buildHello = (target: Target, messageId: string, sequence: AppSequence): string =>
  envelope({
    action: 'Hello',
    messageId,
    to: EVERYONE,
    sequence,
    types: target.types,
    body: `<d:Hello>${describeTarget(target)}</d:Hello>`,
  });
