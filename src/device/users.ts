import { generatePassword, type User, UserStore } from '../auth/users.ts';
import type { State, StateStore } from '../config/state.ts';
import { AppError } from '../core/errors.ts';

const ADMIN = 'admin';

/**
 * Returns the users of the state, and stores changes there. Where there is no administrator yet, `admin` is made with a new
 * password, which is returned too.
 *
 * @param password of `admin` from the environment: it beats the stored one, is not stored, and clients cannot change it
 */
export function loadUsers(state: StateStore, password: string | undefined): { users: UserStore; newPassword: string | undefined } {
  const stored = state.state.users;
  const others = stored.filter((user) => user.name !== ADMIN);
  if (password !== undefined) {
    const admin: User = { name: ADMIN, password, level: 'Administrator' };
    return { users: new UserStore([admin, ...others], (changed) => keepOthers(state, admin, changed), ADMIN), newPassword: undefined };
  }
  const newPassword = stored.some((user) => user.level === 'Administrator') ? undefined : generatePassword();
  if (newPassword !== undefined) state.update({ users: [{ name: ADMIN, password: newPassword, level: 'Administrator' }, ...others] });
  return { users: new UserStore(state.state.users, (changed) => state.update({ users: [...changed] })), newPassword };
}

/** Keeps all users but the administrator of the environment, of whom what is stored stays. @throws AppError (USER_FIXED) where he is changed */
function keepOthers(state: StateStore, fixed: User, changed: readonly User[]): void {
  const now = changed.find((user) => user.name === fixed.name);
  if (now?.password !== fixed.password || now.level !== fixed.level)
    throw new AppError(
      'USER_FIXED',
      `The user "${fixed.name}" and his password are set by the variable ONVIF_CAMERA_PASSWORD where the camera is started.`,
    );
  const kept: State['users'] = state.state.users.filter((user) => user.name === fixed.name);
  state.update({ users: [...kept, ...changed.filter((user) => user.name !== fixed.name)] });
}
