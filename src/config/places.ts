import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';

/** Name of the settings file, in the working directory and in the directory of the system's settings. */
export const DEFAULT_CONFIG_FILE = 'onvif-camera.yaml';
/** Directory of the system's settings, those of the service among them. */
export const SYSTEM_CONFIG_DIR = '/etc';

/** A name for `--camera`: it is part of the names of files, of the service and of its user. */
const INSTANCE = /^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/;

/**
 * Returns the path of the settings file of the system's service.
 *
 * @param instance name of the camera; undefined: the one that has no name
 */
export const systemConfigFile = (instance: string | undefined, dir: string = SYSTEM_CONFIG_DIR): string =>
  instance === undefined ? join(dir, DEFAULT_CONFIG_FILE) : join(dir, 'onvif-camera', `${instance}.yaml`);

/** Returns the data directory of the system's service, that of StateDirectory= in its unit. */
export const systemDataDir = (instance: string | undefined): string =>
  join('/var/lib', instance === undefined ? 'onvif-camera' : `onvif-camera-${instance}`);

/** Returns the name of the service that has a data directory, as it is typed: "onvif-camera@garden"; undefined: it is no service's. */
export function serviceOf(dataDir: string): string | undefined {
  const [own, instance] = /^\/var\/lib\/onvif-camera(?:-(.+))?$/.exec(dataDir) ?? [];
  if (own === undefined) return undefined;
  return instance === undefined ? 'onvif-camera' : `onvif-camera@${instance}`;
}

/** Returns what to type to start the camera that has a data directory. */
export function startCommand(dataDir: string): string {
  const service = serviceOf(dataDir);
  return service === undefined ? 'onvif-camera' : `sudo systemctl start ${service}`;
}

/** Returns the name if a camera can have it. @throws AppError USAGE */
export function checkInstance(name: string): string {
  if (!INSTANCE.test(name))
    throw new AppError('USAGE', `--camera takes a name of at most 32 letters, digits, "-" and "_", not "${name}".`, {
      hint: 'It is the name of a settings file: --camera garden reads /etc/onvif-camera/garden.yaml.',
    });
  return name;
}

/** The settings file to read. */
export interface ConfigPlace {
  /** Its path. */
  readonly file: string;
  /** Whether the file, or a camera, was named, so that a missing file is an error. */
  readonly asked: boolean;
  /** Whether it is the file of the service: then the state is the service's too, unless the file says otherwise. */
  readonly ofService: boolean;
}

/**
 * Returns the settings file that counts: the one of `--config`, else that of `--camera`, else `onvif-camera.yaml` in the
 * working directory, else that of the service.
 *
 * @throws AppError USAGE, CONFIG_UNREADABLE
 */
export function findConfigFile(config: string | undefined, instance: string | undefined, dir: string = SYSTEM_CONFIG_DIR): ConfigPlace {
  if (instance !== undefined) checkInstance(instance);
  if (config !== undefined) return { file: config, asked: true, ofService: false };
  const system = systemConfigFile(instance, dir);
  const there = existsSync(system);
  if (instance === undefined) {
    const ofService = !existsSync(DEFAULT_CONFIG_FILE) && there;
    return { file: ofService ? system : DEFAULT_CONFIG_FILE, asked: false, ofService };
  }
  if (there) return { file: system, asked: true, ofService: true };
  throw new AppError('CONFIG_UNREADABLE', `There is no camera "${instance}" on this machine: there is no ${system}.`, {
    hint: `\`sudo onvif-camera service install --camera ${instance}\` makes one.`,
  });
}
