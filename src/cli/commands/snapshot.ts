import type { Action } from '../command.ts';

/** `onvif-camera snapshot FILE` */
export const snapshot: Action = {
  name: 'snapshot',
  summary: 'take one picture (FILE "-": standard output)',
  more:
    'The picture comes from the server that runs with the same --data-dir, or else straight from the camera. With --source it\n' +
    'comes from there.',
  synonyms: ['picture', 'photo', 'capture', 'shot', 'still'],
  positionals: [{ name: 'FILE', what: 'one file name', kind: 'file' }],
  flags: [],
  settings: ['camera.'],
  exits: { 4: 'there is no such camera (with --source)' },
  examples: [
    { line: 'onvif-camera snapshot picture.jpg', does: 'what the camera sees now' },
    { line: 'onvif-camera snapshot - --source v4l2:/dev/video0 > picture.jpg', does: 'straight from a webcam' },
  ],
  load: async () => (await import('../snapshot.ts')).snapshot,
};
