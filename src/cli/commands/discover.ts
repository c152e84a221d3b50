import { type Action, JSON_FLAG } from '../command.ts';

/** `onvif-camera discover` */
export const discover: Action = {
  name: 'discover',
  summary: 'list the ONVIF cameras of the network',
  more: 'It asks by WS-Discovery, as recorders do. Cameras of the same network answer, if their discovery is on.',
  synonyms: ['find', 'scan', 'search', 'list', 'probe', 'discovery'],
  positionals: [],
  flags: [JSON_FLAG, { name: 'timeout', value: 'SECONDS', help: 'How long to listen, 0.1 to 600 [3]' }],
  settings: [],
  exits: { 0: 'done, whether a camera answered or not' },
  examples: [
    { line: 'onvif-camera discover', does: 'who answers within three seconds' },
    { line: 'onvif-camera discover --json --timeout 10', does: 'for a program, and with more patience' },
  ],
  load: async () => (await import('../discover.ts')).discover,
};
