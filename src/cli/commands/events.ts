import { type Action, JSON_FLAG } from '../command.ts';

/** `onvif-camera events` */
export const events: Action = {
  name: 'events',
  summary: 'show live what the camera tells recorders',
  more:
    'It subscribes like a recorder, by ONVIF, and goes on until it is stopped (Ctrl-C), also after the camera was away. The camera is the\n' +
    'one that runs with the same --data-dir, or with --url any other: the address of its page, or of its ONVIF device service.',
  synonyms: ['event', 'motion', 'watch', 'listen', 'subscribe'],
  positionals: [],
  flags: [
    { name: 'url', value: 'URL', help: 'Another camera: http://192.168.1.60:8080' },
    { name: 'user', value: 'NAME', help: 'Who logs in there [admin]' },
    { name: 'password-file', value: 'FILE', kind: 'file', help: 'The password of the camera, where it is not known here' },
    JSON_FLAG,
  ],
  settings: [],
  exits: { 5: 'no camera runs' },
  examples: [
    { line: 'onvif-camera events', does: 'a line for each event' },
    { line: 'onvif-camera events --json', does: 'the same, one JSON object a line' },
    { line: 'onvif-camera events --url http://192.168.1.60 --user admin', does: 'of another camera; asks for its password' },
  ],
  load: async () => (await import('../events.ts')).events,
};
