import { element, envelope } from './envelope.ts';
import { EVERYONE, type TypeName } from './names.ts';

/** "Which of you are of these types?", to everyone (WS-Discovery, section 5.2). */
export const buildProbe = (types: readonly TypeName[], messageId: string): string =>
  envelope({
    action: 'Probe',
    messageId,
    to: EVERYONE,
    types,
    body: `<d:Probe>${element('d:Types', types.map(({ prefix, local }) => `${prefix}:${local}`).join(' '))}</d:Probe>`,
  });
