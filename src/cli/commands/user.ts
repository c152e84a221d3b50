import { type Action, type Flag, type Group, JSON_FLAG, type Positional } from '../command.ts';

const NAME: Positional = { name: 'NAME', what: 'a user name' };
/** The user levels of ONVIF. */
const LEVELS = ['Administrator', 'Operator', 'User'];
const NEW_PASSWORD: readonly Flag[] = [
  { name: 'password-file', value: 'FILE', kind: 'file', help: 'Takes the password from the first line of a file ("-": standard input)' },
  { name: 'generate', help: 'Makes a password, and shows it this once' },
  { name: 'weak', help: 'Takes a password of fewer than 8 characters' },
];
const common = { settings: [], exits: {} };
const handlers = () => import('../user.ts');

const list: Action = {
  ...common,
  name: 'list',
  summary: 'show who may log in',
  more: 'Passwords are not shown.',
  synonyms: ['ls', 'show'],
  positionals: [],
  flags: [JSON_FLAG],
  examples: [{ line: 'onvif-camera user list', does: 'names and levels' }],
  load: async () => (await handlers()).listUsers,
};

const add: Action = {
  ...common,
  name: 'add',
  summary: 'let somebody else log in',
  more: 'The password is asked for, twice, unless one of the options says where it comes from.',
  synonyms: ['create', 'new', 'useradd', 'adduser'],
  positionals: [NAME],
  flags: [{ name: 'level', value: LEVELS.join('|'), kind: LEVELS, help: 'What he may do [User: watch]' }, ...NEW_PASSWORD, JSON_FLAG],
  examples: [
    { line: 'onvif-camera user add recorder --generate', does: 'for a recorder; shows the password' },
    { line: 'onvif-camera user add max --level administrator', does: 'may change everything; asks for the password' },
    { line: 'onvif-camera user add max --password-file - < secret.txt', does: 'for a script' },
  ],
  load: async () => (await handlers()).addUser,
};

const password: Action = {
  ...common,
  name: 'password',
  summary: 'give a user another password',
  more: 'The password is asked for, twice, unless one of the options says where it comes from. Whoever watches with the old one is cut off.',
  synonyms: ['passwd', 'pass', 'pw', 'reset', 'setpassword'],
  positionals: [NAME],
  flags: [...NEW_PASSWORD, JSON_FLAG],
  examples: [
    { line: 'onvif-camera user password admin', does: 'asks for the new password' },
    { line: 'onvif-camera user password admin --generate', does: 'makes one and shows it' },
  ],
  load: async () => (await handlers()).setPassword,
};

const remove: Action = {
  ...common,
  name: 'remove',
  summary: 'let a user log in no longer',
  more: 'Whatever he watches ends at once. The last Administrator stays.',
  synonyms: ['delete', 'del', 'rm', 'userdel', 'deluser'],
  positionals: [NAME],
  flags: [JSON_FLAG],
  examples: [{ line: 'onvif-camera user remove max', does: 'he cannot log in any more' }],
  load: async () => (await handlers()).removeUser,
};

const level: Action = {
  ...common,
  name: 'level',
  summary: 'set what a user may do',
  more: 'Administrator: change everything. Operator: watch and move. User: watch. The last Administrator stays one.',
  synonyms: ['role', 'rights', 'permission', 'promote', 'usermod'],
  positionals: [NAME, { name: 'LEVEL', what: `a level (${LEVELS.join(', ')})`, kind: LEVELS }],
  flags: [JSON_FLAG],
  examples: [{ line: 'onvif-camera user level max operator', does: 'capital letters do not matter' }],
  load: async () => (await handlers()).setLevel,
};

/** `onvif-camera user …` */
export const user: Group = {
  name: 'user',
  summary: 'show, add, change and remove those who may log in',
  more:
    'The same users hold for the page, ONVIF, RTSP and everything else. The camera that runs with the same --data-dir takes a change\n' +
    'over at once; where none runs, it holds from the next start on. With sudo it also works for a camera that is a service.',
  synonyms: ['users', 'account', 'accounts', 'login'],
  examples: [
    { line: 'onvif-camera user add max', does: 'asks for his password' },
    { line: 'onvif-camera user password admin', does: 'when it is lost' },
  ],
  commands: [list, add, password, remove, level],
};
