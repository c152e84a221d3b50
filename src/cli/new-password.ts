import { checkStrength } from '../auth/user-changes.ts';
import { generatePassword } from '../auth/users.ts';
import { AppError } from '../core/errors.ts';
import type { Arguments } from './command.ts';
import type { Context } from './context.ts';
import { askSecret, canAsk, findSecret } from './secrets.ts';

/** Number of tries to type the same password twice. */
const ATTEMPTS = 3;

/** A password for a user that is added or changed. */
export interface NewPassword {
  readonly password: string;
  /** Whether it was made here, and so is to be shown. */
  readonly generated: boolean;
}

/**
 * Resolves to a new password for a user: from --password-file, made with --generate, or typed twice on the terminal.
 *
 * @throws AppError USAGE, PASSWORD_WEAK
 */
export async function newPassword(name: string, { flags }: Arguments, context: Context): Promise<NewPassword> {
  const [file, weak] = [flags['password-file'], flags.weak === true];
  if (flags.generate === true) {
    if (file !== undefined) throw new AppError('USAGE', 'A password comes from --password-file, or is made with --generate: not both.');
    return { password: generatePassword(), generated: true };
  }
  const given = await findSecret({ name: 'password', file: file === undefined ? undefined : String(file), environment: [] }, context);
  if (given === undefined && !canAsk(context))
    throw new AppError('USAGE', `There is no terminal to ask for the password of "${name}".`, {
      hint: 'Give it with --password-file FILE ("-": standard input), or have one made with --generate.',
    });
  const password = given ?? (await askTwice(name, weak, context));
  checkStrength(password, { weak });
  return { password, generated: false };
}

async function askTwice(name: string, weak: boolean, context: Context): Promise<string> {
  const stop = new AbortController();
  void context.stopRequested.then(() => stop.abort());
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const password = await askSecret(`New password of "${name}" (it is not shown): `, context, stop.signal);
    // Checked before it is typed once more.
    checkStrength(password, { weak });
    if ((await askSecret('Once more: ', context, stop.signal)) === password) return password;
    context.stderr.write('The two are not the same.\n');
  }
  throw new AppError('USAGE', 'No password was set.', { hint: 'Try again, or have one made with --generate.' });
}
