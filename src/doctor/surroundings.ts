import { readdirSync } from 'node:fs';
import type { SourceSpec } from '../camera/source-spec.ts';
import type { RunFile } from '../config/run-file.ts';
import type { Config } from '../config/schema.ts';
import type { State } from '../config/state.ts';
import type { Clock } from '../core/clock.ts';
import type { AppError } from '../core/errors.ts';
import type { InterfaceAddresses } from '../platform/interfaces.ts';
import type { Tools } from '../platform/machine/tools.ts';
import type { Tree } from '../platform/machine/tree.ts';

/** User and password with which the client's walk logs in. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/** The settings, as `serve` would have them. */
export interface LoadedSettings {
  readonly config: Config;
  /** Keys that were set by flags, environment or file. */
  readonly explicit: ReadonlySet<string>;
  /** The file that was read, if any. */
  readonly file: string | undefined;
  readonly spec: SourceSpec;
  readonly dataDir: string;
  /** Why they cannot be used; then the rest are the defaults. */
  readonly fault: AppError | undefined;
}

/** The user that runs this program. */
export interface User {
  /** Undefined on systems that have none. */
  readonly uid: number | undefined;
  readonly name: string;
  /** Group ids, the first one included. */
  readonly groups: readonly number[];
}

/** All that the checks look at, so that tests can put something else in its place. */
export interface Surroundings {
  /** Of this program: "0.1.0". */
  readonly version: string;
  /** Of Node.js: "20.19.0". */
  readonly nodeVersion: string;
  /** "arm64" */
  readonly architecture: string;
  readonly settings: LoadedSettings;
  /** The server that runs with this data directory. */
  readonly server: RunFile | undefined;
  /** Whether the running server is announced; undefined: it does not say, or does not run. */
  readonly announced: boolean | undefined;
  /** What persists; undefined where there is nothing yet or it cannot be read. */
  readonly state: State | undefined;
  /** The server's web port as others reach it: "http://192.168.1.50:8080"; by the loopback where it listens there alone. */
  readonly base: string | undefined;
  /** Undefined: the camera asks for none, or see `noLogin`. */
  readonly login: Login | undefined;
  /** Why there is no login although the camera asks for one, and whether one was given that is wrong. */
  readonly noLogin: { readonly error: AppError; readonly given: boolean } | undefined;
  readonly user: User;
  readonly interfaces: () => InterfaceAddresses;
  /** The system's files, from "/" on. */
  readonly tree: Tree;
  /** The system's tools. */
  readonly tools: Tools;
  /** Where they are looked up, as in PATH: also where only root's PATH leads. */
  readonly toolPath: string;
  /** Where the camera's programs are looked up, as in PATH. */
  readonly searchPath: string;
  readonly clock: Clock;
  /** Loads sharp, or rejects. */
  readonly loadImageLibrary: () => Promise<ImageLibrary>;
}

/** What is used of sharp. */
export type ImageLibrary = (jpeg: Uint8Array) => { raw(): { toBuffer(): Promise<Uint8Array> } };

/** The board, as its firmware calls it: "Raspberry Pi 4 Model B Rev 1.4"; undefined where there is none. */
export const boardOf = ({ tree }: Pick<Surroundings, 'tree'>): string | undefined => tree.text('/proc/device-tree/model') || undefined;

/** Whether it is a Raspberry Pi, which tells more of itself than others. */
export const isPi = (surroundings: Pick<Surroundings, 'tree'>): boolean => boardOf(surroundings)?.startsWith('Raspberry Pi') === true;

/** Whether this user may look into the data directory, so that what is not seen there is not there. */
export function mayLook({ settings: { dataDir } }: Pick<Surroundings, 'settings'>): boolean {
  try {
    readdirSync(dataDir);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EACCES';
  }
}

/** Why there is no running camera to be asked, and what to do. */
export const explainNoServer = (surroundings: Surroundings): string => {
  const { dataDir } = surroundings.settings;
  return mayLook(surroundings)
    ? `no camera runs with the data directory ${dataDir}: start it (\`onvif-camera\`), then ask again`
    : `${surroundings.user.name} may not look into the data directory ${dataDir}: \`sudo onvif-camera doctor\``;
};
