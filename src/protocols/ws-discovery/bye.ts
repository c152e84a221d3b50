import { type AppSequence, envelope, reference } from './envelope.ts';
import { EVERYONE } from './names.ts';

/** "I am leaving", to everyone (WS-Discovery, section 4.2). */
export const buildBye = (address: string, messageId: string, sequence: AppSequence): string =>
  envelope({ action: 'Bye', messageId, to: EVERYONE, sequence, body: `<d:Bye>${reference(address)}</d:Bye>` });
