import type { Login } from '../config/first-password.ts';
import { AppError } from '../core/errors.ts';
import type { Context } from './context.ts';
import { findLogin, type RunningCamera } from './running-camera.ts';
import { askSecret, canAsk, findSecret } from './secrets.ts';

/** Where the login of a camera may come from. */
export interface LoginWays {
  readonly camera: RunningCamera;
  /** Data directory of the camera. */
  readonly dataDir: string;
  /** `--password-file`, where it was given. */
  readonly passwordFile: string | undefined;
  /** Whether nobody is asked, even on a terminal; left out: somebody may be. */
  readonly quiet?: boolean;
}

/**
 * Resolves to the camera's login: the one given by file or environment, else the one in the state, else one that is asked for on the
 * terminal. Undefined: the camera asks for none.
 *
 * @throws AppError CAMERA_PASSWORD, or USAGE for a file that cannot be used
 */
export async function readLogin(
  { camera, dataDir, passwordFile, quiet = false }: LoginWays,
  context: Context,
  signal: AbortSignal,
): Promise<Login | undefined> {
  const given = await findSecret({ name: 'password', file: passwordFile, environment: [context.env.ONVIF_CAMERA_PASSWORD] }, context);
  try {
    return await findLogin(camera, dataDir, given);
  } catch (error) {
    const wrong = error instanceof AppError && error.code === 'CAMERA_PASSWORD';
    if (!wrong || given !== undefined || quiet || !canAsk(context)) throw error;
    return findLogin(camera, dataDir, await askSecret(`Password of "admin" at ${camera.host} (it is not shown): `, context, signal));
  }
}
