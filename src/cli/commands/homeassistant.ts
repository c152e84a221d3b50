import { type Action, JSON_FLAG } from '../command.ts';

/** `onvif-camera homeassistant` */
export const homeassistant: Action = {
  name: 'homeassistant',
  summary: 'show what to type into Home Assistant, or add the camera there (--url)',
  more: 'Without --url it shows what to type there. The camera has to run, with the same --data-dir.',
  synonyms: ['ha', 'hass', 'home-assistant', 'home'],
  positionals: [],
  flags: [
    { name: 'url', value: 'URL', help: 'Where Home Assistant is: add the camera there' },
    { name: 'token-file', value: 'FILE', kind: 'file', help: 'A long-lived access token of it (FILE "-": standard input)' },
    {
      name: 'as',
      value: 'mjpeg|onvif',
      kind: ['mjpeg', 'onvif'],
      help: 'As which integration [onvif where there is H.264]',
    },
    { name: 'password-file', value: 'FILE', kind: 'file', help: 'The password of the camera, where it is not known here' },
    JSON_FLAG,
  ],
  settings: [],
  exits: { 5: 'no camera runs' },
  examples: [
    { line: 'onvif-camera homeassistant', does: 'what to type there' },
    { line: 'onvif-camera homeassistant --url http://homeassistant.local:8123', does: 'adds the camera, and asks for a token' },
  ],
  load: async () => (await import('../homeassistant.ts')).homeassistant,
};
