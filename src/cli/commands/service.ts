import { type Action, type Group, JSON_FLAG } from '../command.ts';

const action = (part: Pick<Action, 'name' | 'summary' | 'more' | 'synonyms' | 'examples'> & Partial<Action>): Action => ({
  positionals: [],
  flags: [],
  settings: [],
  exits: {},
  ...part,
  load: async () => {
    const { serviceCommand } = await import('../service.ts');
    return serviceCommand(part.name as 'install');
  },
});

/** `onvif-camera service …` */
export const service: Group = {
  name: 'service',
  summary: 'have the camera start with the machine, as a service of systemd',
  more: 'For whoever has no package of it: the .deb brings its service along. With --camera NAME it is about one of several cameras.',
  synonyms: ['systemd', 'daemon', 'autostart', 'boot'],
  examples: [
    { line: 'sudo onvif-camera service install', does: 'starts it now, and with the machine' },
    { line: 'sudo onvif-camera service install --camera garden --source rpicam:1', does: 'a second camera beside it' },
  ],
  commands: [
    action({
      name: 'install',
      summary: 'start it now, and with the machine',
      more:
        'It makes the user onvif-camera, the settings file /etc/onvif-camera.yaml and the unit, and starts it; what is there already stays.\n' +
        'Settings (onvif-camera.yaml in this directory) and users of a camera that ran by hand are taken over. It has to run as root (sudo).',
      synonyms: ['enable', 'setup', 'start'],
      settings: ['camera.source', 'http.port', 'rtsp.port'],
      examples: [
        { line: 'sudo onvif-camera service install', does: 'the camera of this machine' },
        { line: 'sudo onvif-camera service install --camera garden --source rpicam:1', does: 'a second one, with ports of its own' },
      ],
    }),
    action({
      name: 'status',
      summary: 'whether it runs, since when, and what it says of itself',
      more: 'The exit code is 0 where it runs, else 1.',
      synonyms: ['state', 'show'],
      flags: [JSON_FLAG],
      exits: { 0: 'it runs', 1: 'it does not' },
      examples: [{ line: 'onvif-camera service status', does: 'how it is' }],
    }),
    action({
      name: 'remove',
      summary: 'stop it, and have it start no more',
      more: 'Settings, users and the identity stay where they are; it says where that is, and how to delete them. It has to run as root (sudo).',
      synonyms: ['uninstall', 'disable', 'stop', 'delete'],
      examples: [{ line: 'sudo onvif-camera service remove', does: 'undoes install' }],
    }),
    action({
      name: 'logs',
      summary: 'what it wrote to its log',
      more: 'The log is the journal of systemd; users other than root need the group adm or systemd-journal to read it.',
      synonyms: ['log', 'journal'],
      flags: [
        { name: 'lines', value: 'NUMBER', help: 'How many of the last ones, 1 to 100000 [100]' },
        { name: 'follow', help: 'Go on with what is written, until Ctrl+C' },
      ],
      examples: [{ line: 'sudo onvif-camera service logs --follow', does: 'watches it' }],
    }),
  ],
};
