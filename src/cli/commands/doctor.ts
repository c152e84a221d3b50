import { type Action, JSON_FLAG } from '../command.ts';

/** `onvif-camera doctor` */
export const doctor: Action = {
  name: 'doctor',
  summary: 'find out what is wrong, and how to put it right',
  more:
    'It looks at program, machine, camera and network, and walks through the running camera as a recorder does. Give it the options\n' +
    'that the camera is started with, such as --config and --data-dir, and run it as the same user, or with sudo. It changes nothing.\n' +
    'For the login it takes the password that is kept in the data directory, or else asks. docs/doctor.md explains each check.',
  synonyms: ['check', 'diagnose', 'diagnostics', 'debug', 'test-setup', 'troubleshoot', 'selftest'],
  positionals: [],
  flags: [
    JSON_FLAG,
    { name: 'report', value: 'FILE', kind: 'file', help: 'Write a report without secrets, for a bug report' },
    { name: 'password-file', value: 'FILE', kind: 'file', help: 'The password of the camera, where it is not known here' },
  ],
  settings: [''],
  exits: { 0: 'all is well, or there are warnings alone', 1: 'there are errors' },
  examples: [
    { line: 'onvif-camera doctor', does: 'what is wrong here' },
    { line: 'onvif-camera doctor --report report.md', does: 'for a bug report; with sudo in front it sees most' },
    { line: 'onvif-camera doctor --json', does: 'for a program' },
  ],
  load: async () => (await import('../doctor.ts')).doctor,
};
