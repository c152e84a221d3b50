import type { Action } from '../command.ts';

/** `onvif-camera`, or `onvif-camera serve` */
export const serve: Action = {
  name: 'serve',
  summary: 'run the camera',
  more: 'It runs until it is stopped (Ctrl+C). The first start makes a password for the user "admin" and shows it once.',
  synonyms: ['start', 'run', 'server'],
  positionals: [],
  flags: [],
  settings: [''],
  exits: { 0: 'stopped by a signal', 3: 'a port is taken', 4: 'there is no such camera (with --source)' },
  examples: [
    { line: 'onvif-camera', does: 'the camera that is there' },
    { line: 'onvif-camera --source test --fps 5', does: 'a test pattern, without a camera' },
    { line: 'onvif-camera --config garden.yaml', does: 'with settings of a file' },
  ],
  load: async () => (await import('../serve.ts')).serve,
};
