import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { ANNOTATE_POSITIONS, AUTOFOCUS_MODES, HDR_MODES, MAX_ANNOTATE_LENGTH } from '../camera/settings.ts';
import { AppError, ERRORS, messageOf } from '../core/errors.ts';
import { H264_PROFILES } from '../frames/h264-level.ts';
import { checkPrivateDirectory, directoryError, FileTooLargeError, readOwnFile, writeFileAtomically } from '../platform/files.ts';
import { dropFirstPassword } from './first-password.ts';
import type { Config } from './schema.ts';
import { bringForward, type Format, withUnknown } from './state-format.ts';

/**
 * The version rises when a key changes its meaning, with a step from the version before. A new key alone does not raise it: a program
 * that does not know a key keeps it.
 */
const FORMAT: Format = { version: 1, migrations: {} };

const positive = z.number().check(z.positive());
const notNegative = z.number().check(z.nonnegative());
const portNumber = z.int().check(z.gte(1), z.lte(65_535));

const encoderSchema = z._default(
  z.partial(
    z.object({
      ...{ width: notNegative, height: notNegative, fps: notNegative },
      ...{ bitrate: positive, keyframeInterval: positive, profile: z.enum(H264_PROFILES) },
    }),
  ),
  {},
);

/** The schema of `state.json`. */
export const stateSchema = z.object({
  version: z.int().check(z.positive()),
  /** Identity of this camera, the same for ever. */
  uuid: z.guid(),
  /** The MAC address by which recorders know it, lower case with colons. */
  mac: z.catch(z.optional(z.string().check(z.regex(/^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/))), undefined),
  users: z.array(z.object({ name: z.string(), password: z.string(), level: z.enum(['Administrator', 'Operator', 'User']) })),
  /** Settings of the capture that clients changed, in the units of the schema; width and height before rotation. */
  camera: z._default(
    z.partial(
      z.object({
        ...{ width: positive, height: positive, fps: positive, quality: positive },
        ...{ brightness: z.number(), contrast: notNegative, saturation: notNegative, sharpness: notNegative },
        ...{ ev: z.number(), shutter: notNegative, gain: notNegative, awbGains: z.array(notNegative) },
        hdr: z.enum(HDR_MODES),
        autofocus: z.enum(AUTOFOCUS_MODES),
        lensPosition: z.union([notNegative, z.enum(['default', ''])]),
        annotate: z.string().check(z.maxLength(MAX_ANNOTATE_LENGTH)),
        annotatePosition: z.enum(ANNOTATE_POSITIONS),
      }),
    ),
    {},
  ),
  /** Settings of the H.264 encoder that clients changed; 0 is as captured. */
  h264: encoderSchema,
  /** Settings of the small stream's encoder that clients changed; 0 as in the schema. */
  sub: encoderSchema,
  /**
   * The H.264 encoders that the last trial found to work (`h264.encoder` being `wanted`), and the ffmpeg that has them: its path, when
   * it was changed (milliseconds since the Unix epoch) and its size in bytes. They are tried again where this cannot be read.
   */
  encoder: z.catch(
    z.optional(
      z.object({
        ffmpeg: z.string(),
        modified: z.number(),
        size: z.number(),
        wanted: z.string(),
        hardware: z.boolean(),
        software: z.boolean(),
      }),
    ),
    undefined,
  ),
  /** Multicast by the token of an encoder: the group that clients chose, and whether it is sent until they stop it. */
  multicast: z._default(
    z.record(
      z.string(),
      z.object({
        address: z.optional(z.string()),
        port: z.optional(portNumber),
        ttl: z.optional(z.int().check(z.gte(1), z.lte(255))),
        autoStart: z._default(z.boolean(), false),
      }),
    ),
    {},
  ),
  /** What clients changed of the camera's identity and of the ports. */
  device: z.prefault(
    z.object({
      name: z.optional(z.string()),
      location: z._default(z.string(), ''),
      discoverable: z._default(z.boolean(), true),
      scopes: z._default(z.array(z.string()), []),
      httpPort: z.optional(portNumber),
      rtspPort: z.optional(portNumber),
    }),
    {},
  ),
  /** MetadataVersion of WS-Discovery, which rises whenever the fingerprint of the description changes. */
  metadata: z.optional(z.object({ version: z.int().check(z.positive()), fingerprint: z.string() })),
  /** Logins of the page: see StoredSession. */
  sessions: z.optional(
    z.array(z.object({ hash: z.string(), name: z.string(), proof: z.string(), remembered: z.boolean(), expires: z.number() })),
  ),
  /** Media profiles that clients made. */
  profiles: z._default(
    z.array(
      z.object({
        token: z.string(),
        name: z.string(),
        videoSource: z.optional(z.string()),
        videoEncoder: z.optional(z.string()),
        metadata: z.optional(z.string()),
      }),
    ),
    [],
  ),
});

/** What is kept between runs. */
export type State = z.infer<typeof stateSchema>;

/** A section of the configuration of which clients change settings: these are kept in the state under the same name. */
export type Section = Extract<keyof State, keyof Config>;
/** Every {@link Section}. */
export const SECTIONS = Object.keys({ camera: true, h264: true, sub: true } satisfies Record<Section, true>) as Section[];

const FILE = 'state.json';

/** Longest file that is read, bytes; with all that clients may keep, it has some 20 kB. */
const MAX_BYTES = 1024 * 1024;

/** `state.json` in the data directory: what is kept between runs, in memory and on the disk alike. */
export class StateStore {
  /** Path to which a damaged file was moved; undefined where it was not damaged. */
  readonly putAside: string | undefined;
  /** What the owner should know about the directory and the file, as sentences. */
  readonly warnings: readonly string[];
  #state: State;
  /** The file as it was read: it may be of another version of the program, and have more in it. */
  #origin: Origin | undefined;

  /**
   * Reads the file, or begins a new state and writes it. A directory that cannot be written will do where there is a state. The file of
   * an older version is brought to the present one, and kept beside it as `state.json.v1` or the like; what a newer version has and
   * this one does not know stays in the file. A damaged file is moved aside: see {@link putAside}.
   *
   * @throws AppError if the directory cannot be used, belongs to another user, or holds the state of a newer version that this one
   *   cannot read
   */
  constructor(
    private readonly dir: string,
    private readonly format: Format = FORMAT,
  ) {
    const warnings: string[] = [];
    try {
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      const open = checkPrivateDirectory(dir);
      if (open !== undefined) warnings.push(open);
      const path = join(dir, FILE);
      // Even a damaged file holds passwords.
      const found = read(path, { makePrivate: true }, format);
      if (found?.exposed) warnings.push(`Others on this machine can read the passwords in ${path}, and its mode cannot be changed.`);
      if (found?.state) {
        this.#state = found.state;
        this.#origin = found.origin;
        const { version = format.version } = found.origin ?? {};
        if (version > format.version)
          warnings.push(`${path} was written by a newer onvif-camera. What this one does not know stays in it.`);
        if (version < format.version) warnings.push(...this.#migrate(path, version, found.text));
      } else {
        this.#state = stateSchema.parse({ version: format.version, uuid: randomUUID(), users: [] });
        if (found) this.putAside = this.#replaceDamaged(path);
        else this.#write(this.#state);
      }
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw directoryError(`The data directory ${dir} cannot be used`, error);
    }
    this.warnings = warnings;
    dropFirstPassword(dir, this.#state.users);
  }

  /**
   * Resets the state but for the identity. Throws an AppError, with nothing changed, if it cannot be written.
   * @param hard false: users and ports stay too, so that the camera can still be reached
   */
  reset(hard: boolean): void {
    const { uuid, mac, users, device, metadata } = this.#state;
    const fresh = stateSchema.parse({ version: this.format.version, uuid, mac, users: [], metadata });
    const { httpPort, rtspPort } = device;
    const reachable = { ...fresh, users, device: { ...fresh.device, httpPort, rtspPort } };
    const origin = this.#origin;
    this.#origin = undefined;
    try {
      this.update(hard ? fresh : reachable);
    } catch (error) {
      this.#origin = origin;
      throw error;
    }
  }

  /** The present state. */
  get state(): Readonly<State> {
    return this.#state;
  }

  /** Changes the state, in the file and here. Throws an AppError, with nothing changed, if it cannot be written. */
  update(change: Partial<Omit<State, 'version'>>): void {
    const next = { ...this.#state, ...change };
    try {
      this.#write(next);
    } catch (error) {
      throw directoryError(`The change cannot be kept in ${this.dir}`, error);
    }
    this.#state = next;
    if (change.users) dropFirstPassword(this.dir, next.users);
  }

  /** Moves a damaged file aside and writes a new one; where that fails, all stays as it was. Returns the path of the old one. */
  #replaceDamaged(path: string): string {
    const aside = `${path}.damaged-${new Date().toISOString().replace(/[:.]/g, '-')}`;
    renameSync(path, aside);
    try {
      this.#write(this.#state);
    } catch (error) {
      renameSync(aside, path);
      throw error;
    }
    return aside;
  }

  /** Keeps the file of an older version and writes the new one. Returns what the owner should know, as sentences. */
  #migrate(path: string, version: number, text: string): string[] {
    const kept = `${path}.v${version}`;
    try {
      writeFileAtomically(kept, text);
      this.#write(this.#state);
      return [];
    } catch (error) {
      // Used all the same, as every state that cannot be written, and migrated again at the next start.
      return [`The state cannot be written in its new version (${messageOf(error)}); it is used as it is.`];
    }
  }

  #write(state: State): void {
    const { read, raw, version = 0 } = this.#origin ?? {};
    const whole = { ...(withUnknown(state, read, raw) as State), version: Math.max(version, this.format.version) };
    writeFileAtomically(join(this.dir, FILE), `${JSON.stringify(whole, null, 2)}\n`);
  }
}

/** Returns the state in a data directory that may be another process's; undefined where it cannot be read. Changes nothing. */
export function readState(dir: string): State | undefined {
  try {
    const found = examineState(dir);
    return found === 'damaged' ? undefined : found;
  } catch {
    return undefined;
  }
}

/** Returns the settings that clients have changed, by key: they hold where the owner has not set them. */
export function persistedSettings(state: State | undefined): ReadonlyMap<string, unknown> {
  if (!state) return new Map();
  const { device } = state;
  const all: (readonly [key: string, value: unknown])[] = [
    ['name', device.name],
    ['http.port', device.httpPort],
    ['rtsp.port', device.rtspPort],
    ...SECTIONS.flatMap((name) => Object.entries(state[name]).map(([key, value]) => [`${name}.${key}`, value] as const)),
  ];
  return new Map(all.filter(([, value]) => value !== undefined));
}

/** A file as it was read: its version, what this program made of it, and its whole content. */
interface Origin {
  readonly version: number;
  readonly read: unknown;
  readonly raw: unknown;
}

/**
 * Returns the state in a data directory that a camera has used. Changes nothing.
 * @throws AppError NO_STATE, STATE_TOO_NEW, DATA_DIR
 */
export function readExistingState(dir: string): State {
  const path = join(dir, FILE);
  let found: Found | undefined;
  try {
    found = read(path);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw directoryError(`The state in ${dir} cannot be read`, error);
  }
  if (!found) throw new AppError('NO_STATE', `No camera has run with the data directory ${dir}: there is no ${FILE} in it.`);
  if (found.state) return found.state;
  throw new AppError('DATA_DIR', `${path} is damaged.`, { hint: 'Start the camera: it keeps the file aside and begins a new one.' });
}

/**
 * Returns the state in a data directory; undefined where there is none. Changes nothing.
 *
 * @throws AppError STATE_TOO_NEW, UnsafeFileError, or an error of the operating system
 */
export function examineState(dir: string): State | 'damaged' | undefined {
  const found = read(join(dir, FILE));
  return found && (found.state ?? 'damaged');
}

interface Found {
  /** Undefined: the file is damaged. */
  readonly state: State | undefined;
  readonly origin?: Origin | undefined;
  readonly text: string;
  /** Other users can read it, and its mode cannot be changed. */
  readonly exposed: boolean;
}

/** Reads the file; undefined: there is none. Throws STATE_TOO_NEW, and what {@link readOwnFile} throws. */
function read(path: string, options: { readonly makePrivate?: boolean } = {}, format: Format = FORMAT): Found | undefined {
  try {
    const file = readOwnFile(path, { ...options, maxBytes: MAX_BYTES });
    return file && { ...parse(file.text, path, format), text: file.text, exposed: file.exposed };
  } catch (error) {
    if (error instanceof FileTooLargeError) return { state: undefined, text: '', exposed: false };
    throw error;
  }
}

function parse(text: string, path: string, format: Format): Pick<Found, 'state' | 'origin'> {
  let raw: Record<string, unknown>;
  try {
    raw = z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    return { state: undefined };
  }
  const version = z.int().check(z.positive()).safeParse(raw.version).data;
  if (version === undefined) return { state: undefined };
  const present = inPresentVersion(raw, version, format);
  const state = stateSchema.safeParse(present).data;
  // The file of a newer program is not damaged because this one cannot read it.
  if (!state && version > format.version) throw tooNew(path, version, format);
  return { state, origin: state && { version, read: state, raw: present } };
}

function inPresentVersion(raw: Record<string, unknown>, version: number, format: Format): unknown {
  try {
    return { ...bringForward(raw, version, format), version: format.version };
  } catch {
    // A step that meets what it does not expect: the file is damaged.
    return undefined;
  }
}

function tooNew(path: string, version: number, format: Format): AppError {
  const before = `${path}.v${format.version}`;
  const back = existsSync(before)
    ? ` Or go back to what was before the update, without what was changed since: \`mv ${before} ${path}\`.`
    : '';
  return new AppError(
    'STATE_TOO_NEW',
    `${path} was written by a newer onvif-camera (version ${version} of the file; this one knows ${format.version}).`,
    back === '' ? {} : { hint: `${ERRORS.STATE_TOO_NEW.hint}${back}` },
  );
}

/**
 * Returns the data directory where no setting names one: that of the service manager, else one in the user's state directory (XDG Base
 * Directory Specification).
 *
 * @param env `STATE_DIRECTORY`, `XDG_STATE_HOME`
 * @param home the user's home directory
 * @param instance name of the camera: each has a directory of its own
 */
export function defaultDataDir(env: Readonly<Record<string, string | undefined>>, home: string, instance?: string): string {
  const service = env.STATE_DIRECTORY?.split(':')[0];
  const name = instance === undefined ? 'onvif-camera' : `onvif-camera-${instance}`;
  return service ? service : join(env.XDG_STATE_HOME || join(home, '.local', 'state'), name);
}
