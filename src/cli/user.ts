import { checkNew, knownUser, levelOfName } from '../auth/user-changes.ts';
import { ACCESS_LEVELS, type AccessLevel } from '../auth/users.ts';
import { AppError, EXIT } from '../core/errors.ts';
import { visible } from '../core/terminal.ts';
import type { Arguments, Handler } from './command.ts';
import type { Context } from './context.ts';
import { newPassword } from './new-password.ts';
import { printJson, table } from './output.ts';
import { prepare } from './prepare.ts';
import { openUserList, type UserList } from './user-list.ts';

/** `onvif-camera user list`: shows names and levels. */
export const listUsers: Handler = async (args, context) => {
  const { users } = await open(args, context);
  const list = await users.list();
  if (args.flags.json === true)
    printJson(
      list.map(({ name, level, fixed }) => ({ name, level, ...(fixed && { fixed }) })),
      context,
    );
  else
    context.stdout.write(
      table(
        ['NAME', 'LEVEL'],
        list.map(({ name, level, fixed }) => [name, level, ...(fixed ? ['set by ONVIF_CAMERA_PASSWORD'] : [])]),
      ),
    );
  return EXIT.ok;
};

/** `onvif-camera user add NAME`: lets another user log in. */
export const addUser: Handler = async (args, context) => {
  const { users, name } = await open(args, context);
  const level = args.flags.level === undefined ? 'User' : readLevel(String(args.flags.level));
  // Checked before somebody types a password in vain.
  checkNew(await users.list(), name);
  const { password, generated } = await newPassword(name, args, context);
  await users.add({ name, password, level }, { weak: args.flags.weak === true });
  return tell(args, context, users, { name, level, ...(generated && { password }) }, `User "${name}" added: ${level}.`);
};

/** `onvif-camera user password NAME`: gives a user another password. */
export const setPassword: Handler = async (args, context) => {
  const { users, name } = await open(args, context);
  const { level } = knownUser(await users.list(), name);
  const { password, generated } = await newPassword(name, args, context);
  await users.change(name, { password }, { weak: args.flags.weak === true });
  return tell(args, context, users, { name, level, ...(generated && { password }) }, `"${name}" has another password.`);
};

/** `onvif-camera user remove NAME`: lets a user log in no longer. */
export const removeUser: Handler = async (args, context) => {
  const { users, name } = await open(args, context);
  await users.remove(name);
  return tell(args, context, users, { name }, `User "${name}" removed.`);
};

/** `onvif-camera user level NAME LEVEL`: sets what a user may do. */
export const setLevel: Handler = async (args, context) => {
  const level = readLevel(args.positionals[1] ?? '');
  const { users, name } = await open(args, context);
  await users.change(name, { level }, { weak: false });
  return tell(args, context, users, { name, level }, `"${name}" is ${level} now.`);
};

async function open(args: Arguments, context: Context): Promise<{ readonly users: UserList; readonly name: string }> {
  const { dataDir } = await prepare(args, context);
  return { users: await openUserList(dataDir), name: args.positionals[0] ?? '' };
}

function readLevel(text: string): AccessLevel {
  const level = levelOfName(text);
  if (!level) throw new AppError('USAGE', `A level is one of ${ACCESS_LEVELS.join(', ')}, not "${text}".`);
  return level;
}

interface Outcome {
  readonly name: string;
  readonly level?: AccessLevel;
  /** A password that was made here, and so is to be shown. */
  readonly password?: string;
}

/** Prints what was done, and from when on it holds. */
function tell(args: Arguments, context: Context, { running }: UserList, outcome: Outcome, text: string): number {
  if (args.flags.json === true) {
    printJson({ ...outcome, running }, context);
    return EXIT.ok;
  }
  const { password } = outcome;
  const when = running ? '' : ' The camera does not run; it holds from the next start on.';
  context.stdout.write(
    `${visible(text + when)}\n${password === undefined ? '' : `Password: ${password}   (write it down: it is shown this once)\n`}`,
  );
  return EXIT.ok;
}
