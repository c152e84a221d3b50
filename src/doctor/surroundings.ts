import { readdirSync } from 'node:fs';
import type { SourceSpec } from '../camera/source-spec.ts';
import type { Login } from '../config/first-password.ts';
import { startCommand } from '../config/places.ts';
import type { RunFile } from '../config/run-file.ts';
import type { Config } from '../config/schema.ts';
import type { State } from '../config/state.ts';
import type { Clock } from '../core/clock.ts';
import type { AppError } from '../core/errors.ts';
import type { InterfaceAddresses } from '../platform/interfaces.ts';
import type { Tools } from '../platform/machine/tools.ts';
import type { Tree } from '../platform/machine/tree.ts';
import { type Result, skipped } from './check.ts';

/** The settings that `serve` would have with the same flags, environment and file. */
export interface LoadedSettings {
  readonly config: Config;
  /** Keys that were set by flags, environment or file. */
  readonly explicit: ReadonlySet<string>;
  /** The file that was read, if any. */
  readonly file: string | undefined;
  /** `config.camera.source`, parsed. */
  readonly spec: SourceSpec;
  /** Directory of the state. */
  readonly dataDir: string;
  /** Why the settings file cannot be used; then the rest is without it. Undefined: it can. */
  readonly fault: AppError | undefined;
}

/** The user that runs this program. */
export interface User {
  /** Undefined: the system has none. */
  readonly uid: number | undefined;
  readonly name: string;
  /** IDs of all groups, the first one included. */
  readonly groups: readonly number[];
}

/** Everything that the checks look at; tests hand in something else. */
export interface Surroundings {
  /** Version of this program: "0.1.0". */
  readonly version: string;
  /** Version of Node.js: "20.19.0". */
  readonly nodeVersion: string;
  /** Architecture of the processor: "arm64". */
  readonly architecture: string;
  readonly settings: LoadedSettings;
  /** The server that runs with this data directory; undefined: none is seen. */
  readonly server: RunFile | undefined;
  /** Whether the running server is announced; undefined: it does not say, or does not run. */
  readonly announced: boolean | undefined;
  /** The state; undefined: there is none, or it cannot be read. */
  readonly state: State | undefined;
  /** Origin of the web server as others reach it: "http://192.168.1.50:8080"; that of loopback where it listens there alone. */
  readonly base: string | undefined;
  /** Undefined: the camera asks for none, or there is none (see `noLogin`). */
  readonly login: Login | undefined;
  /** Why there is no login although the camera asks for one, and whether a wrong one was given. */
  readonly noLogin: { readonly error: AppError; readonly given: boolean } | undefined;
  readonly user: User;
  readonly interfaces: () => InterfaceAddresses;
  /** The files of the system, from "/" on. */
  readonly tree: Tree;
  /** Runs the tools of the system. */
  readonly tools: Tools;
  /** Directories in which the tools are looked up, as in PATH: those of root's PATH included. */
  readonly toolPath: string;
  /** Directories in which the programs of the camera are looked up, as in PATH. */
  readonly searchPath: string;
  readonly clock: Clock;
  /** Loads sharp; rejects where it cannot be loaded. */
  readonly loadImageLibrary: () => Promise<ImageLibrary>;
}

/** The part of sharp that is used. */
export type ImageLibrary = (jpeg: Uint8Array) => { raw(): { toBuffer(): Promise<Uint8Array> } };

/** Returns the name of the board from its firmware: "Raspberry Pi 4 Model B Rev 1.4"; undefined: there is none. */
export const boardOf = ({ tree }: Pick<Surroundings, 'tree'>): string | undefined => tree.text('/proc/device-tree/model') || undefined;

/** Returns whether the machine is a Raspberry Pi, which tells more of itself than others. */
export const isPi = (surroundings: Pick<Surroundings, 'tree'>): boolean => boardOf(surroundings)?.startsWith('Raspberry Pi') === true;

/** Returns whether this user may look into the data directory: only then is what is not seen not there. */
export function mayLook({ settings: { dataDir } }: Pick<Surroundings, 'settings'>): boolean {
  try {
    readdirSync(dataDir);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EACCES';
  }
}

/** Returns why there is no running camera to ask, and what to do. */
export const explainNoServer = (surroundings: Surroundings): string => {
  const { dataDir } = surroundings.settings;
  return mayLook(surroundings)
    ? `no camera runs with the data directory ${dataDir}: start it (\`${startCommand(dataDir)}\`), then ask again`
    : `${surroundings.user.name} may not look into the data directory ${dataDir}: \`sudo onvif-camera doctor\``;
};

/** Returns whether a kind of camera has to be there, may be, or is not asked for, by `camera.source`. */
export function wanted({ settings: { spec } }: Pick<Surroundings, 'settings'>, kind: 'rpicam' | 'v4l2'): 'yes' | 'perhaps' | 'no' {
  if (spec.kind === 'auto') return 'perhaps';
  return spec.kind === kind ? 'yes' : 'no';
}

/** Returns the result of a check of something that the chosen source does without. */
export const unwanted = ({ settings: { config } }: Pick<Surroundings, 'settings'>): Result =>
  skipped(`camera.source is ${config.camera.source}, which does not need it`);
