import { type Action, JSON_FLAG } from '../command.ts';

/** `onvif-camera status` */
export const status: Action = {
  name: 'status',
  summary: 'show what the camera does, and who watches',
  more: 'The camera is the one that runs with the same --data-dir. Times are those of this machine.',
  synonyms: ['state', 'info', 'viewers', 'who', 'ps', 'top'],
  positionals: [],
  flags: [JSON_FLAG],
  settings: [],
  exits: { 5: 'no camera runs' },
  examples: [
    { line: 'onvif-camera status', does: 'for people' },
    { line: 'onvif-camera status --json', does: 'for programs; docs/api.md explains it' },
  ],
  load: async () => (await import('../status.ts')).status,
};
