import { AppError } from '../core/errors.ts';
import type { Context } from './context.ts';
import { findLogin, type Login, type RunningCamera } from './running-camera.ts';
import { askSecret, canAsk, findSecret } from './secrets.ts';

export interface LoginWays {
  readonly camera: RunningCamera;
  readonly dataDir: string;
  /** `--password-file`, where it was given. */
  readonly passwordFile: string | undefined;
  /** Whether nobody is asked, even on a terminal. */
  readonly quiet?: boolean;
}

/**
 * Returns the camera's login: as given, or else as stored. Asks for it where that is wrong and somebody is there. Undefined
 * where the camera asks for none.
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
