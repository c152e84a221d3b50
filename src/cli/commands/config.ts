import { type Action, type Group, JSON_FLAG } from '../command.ts';

const common = { positionals: [], flags: [JSON_FLAG], settings: [''] };
const handlers = () => import('../config.ts');

const check: Action = {
  ...common,
  name: 'check',
  summary: 'look for mistakes in the settings',
  more: 'Every mistake of the settings file is shown with its line and column, and those of flags and environment with their names.',
  synonyms: ['test', 'validate', 'verify', 'lint'],
  exits: { 0: 'all is well', 2: 'there are mistakes' },
  examples: [
    { line: 'onvif-camera config check', does: 'the file that a start would read' },
    { line: 'onvif-camera config check --config garden.yaml', does: 'another one' },
  ],
  load: async () => (await handlers()).checkConfig,
};

const print: Action = {
  ...common,
  name: 'print',
  summary: 'show the settings that hold, and where each comes from',
  more:
    'As a start with the same flags, environment and file would have them, with what clients have changed (the state). What is printed\n' +
    'can be read as a settings file. Passwords are not in it.',
  synonyms: ['show', 'dump', 'get', 'list'],
  exits: {},
  examples: [
    { line: 'onvif-camera config print', does: 'all settings' },
    { line: 'onvif-camera config print --json', does: 'for a program' },
  ],
  load: async () => (await handlers()).printConfig,
};

const path: Action = {
  ...common,
  name: 'path',
  summary: 'show which settings file is read, and where the state is',
  more: 'Users, passwords and what clients changed are in the data directory.',
  synonyms: ['file', 'where', 'location', 'dir'],
  exits: {},
  examples: [{ line: 'onvif-camera config path', does: 'both' }],
  load: async () => (await handlers()).showPaths,
};

/** `onvif-camera config …` */
export const config: Group = {
  name: 'config',
  summary: 'check the settings, show them, or where they are',
  more: 'docs/settings.md has all settings; onvif-camera.example.yaml is a settings file to begin with.',
  synonyms: ['configuration', 'settings', 'conf'],
  examples: [{ line: 'onvif-camera config check', does: 'after every change of the file' }],
  commands: [check, print, path],
};
