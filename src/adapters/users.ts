import { generatePassword, type User, UserStore } from '../auth/users.ts';
import type { StateStore } from '../config/state.ts';

const ADMIN = 'admin';

/**
 * The users out of the state; changes are kept there. Where there are none yet, `admin` is made with a new password.
 * @param password of `admin` from the environment: it beats the stored one
 */
export function loadUsers(state: StateStore, password: string | undefined): { users: UserStore; newPassword: string | undefined } {
  const stored = state.state.users;
  let list: readonly User[] = stored;
  let newPassword: string | undefined;
  if (password !== undefined) list = [{ name: ADMIN, password, level: 'Administrator' }, ...stored.filter((user) => user.name !== ADMIN)];
  else if (stored.length === 0) {
    newPassword = generatePassword();
    list = [{ name: ADMIN, password: newPassword, level: 'Administrator' }];
    state.update({ users: [...list] });
  }
  const users = new UserStore(list);
  users.onChange((changed) => state.update({ users: [...changed] }));
  return { users, newPassword };
}
