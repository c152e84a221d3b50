import { randomUUID } from 'node:crypto';
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { ANNOTATE_POSITIONS, AUTOFOCUS_MODES, HDR_MODES, MAX_ANNOTATE_LENGTH } from '../camera/settings.ts';
import { AppError } from '../core/errors.ts';
import { checkPrivateDirectory, directoryError, FileTooLargeError, readOwnFile, writeFileAtomically } from '../core/files.ts';

/** Rises when an older program could not make sense of the file any more. */
const VERSION = 1;

const positive = z.number().positive();
const notNegative = z.number().nonnegative();
const portNumber = z.int().min(1).max(65_535);

const stateSchema = z.object({
  version: z.literal(VERSION),
  /** Identity of this camera, the same for ever. */
  uuid: z.guid(),
  /** The MAC address by which recorders know it. */
  mac: z
    .string()
    .regex(/^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/)
    .optional()
    .catch(undefined),
  users: z.array(z.object({ name: z.string(), password: z.string(), level: z.enum(['Administrator', 'Operator', 'User']) })),
  /** Settings of the capture that clients changed; before rotation. */
  camera: z
    .object({
      ...{ width: positive, height: positive, fps: positive, quality: positive },
      ...{ brightness: z.number(), contrast: notNegative, saturation: notNegative, sharpness: notNegative },
      ...{ ev: z.number(), shutter: notNegative, gain: notNegative, awbGains: z.array(notNegative) },
      hdr: z.enum(HDR_MODES),
      autofocus: z.enum(AUTOFOCUS_MODES),
      lensPosition: z.union([notNegative, z.enum(['default', ''])]),
      annotate: z.string().max(MAX_ANNOTATE_LENGTH),
      annotatePosition: z.enum(ANNOTATE_POSITIONS),
    })
    .partial()
    .default({}),
  /** Settings of the H.264 encoder that clients changed; 0 is as captured. */
  h264: z
    .object({ width: notNegative, height: notNegative, fps: notNegative, bitrate: positive, keyframeInterval: positive })
    .partial()
    .default({}),
  /**
   * Which H.264 encoders the last trial found to work (config `h264.encoder` being `wanted`), and of which ffmpeg: its path,
   * when it was changed (milliseconds since the Unix epoch), and its size in bytes. Found out anew where it cannot be read.
   */
  encoder: z
    .object({
      ffmpeg: z.string(),
      modified: z.number(),
      size: z.number(),
      wanted: z.string(),
      hardware: z.boolean(),
      software: z.boolean(),
    })
    .optional()
    .catch(undefined),
  /** Multicast by video encoder: where clients want it sent to, and whether it is sent until they stop it. */
  multicast: z
    .record(
      z.string(),
      z.object({
        address: z.string().optional(),
        port: portNumber.optional(),
        ttl: z.int().min(1).max(255).optional(),
        autoStart: z.boolean().default(false),
      }),
    )
    .default({}),
  /** What clients changed of the camera's identity, and the ports of our servers. */
  device: z
    .object({
      name: z.string().optional(),
      location: z.string().default(''),
      discoverable: z.boolean().default(true),
      scopes: z.array(z.string()).default([]),
      httpPort: portNumber.optional(),
      rtspPort: portNumber.optional(),
    })
    .prefault({}),
  /** What was last announced by WS-Discovery: its version rises when the description changes. */
  metadata: z.object({ version: z.int().positive(), fingerprint: z.string() }).optional(),
  /** Who is logged in to the page: see StoredSession. */
  sessions: z
    .array(z.object({ hash: z.string(), name: z.string(), proof: z.string(), remembered: z.boolean(), expires: z.number() }))
    .optional(),
  /** Media profiles that clients made. */
  profiles: z
    .array(z.object({ token: z.string(), name: z.string(), videoSource: z.string().optional(), videoEncoder: z.string().optional() }))
    .default([]),
});

/** What persists between runs. */
export type State = z.infer<typeof stateSchema>;

const FILE = 'state.json';

/** Bytes; with all that clients may keep it has some 20 kB. */
const MAX_BYTES = 1024 * 1024;

/** `state.json` in the data directory. */
export class StateStore {
  /** Set when a damaged file was put aside: where it is now. */
  readonly putAside: string | undefined;
  /** What the user should change about the directory, as sentences. */
  readonly warnings: readonly string[];
  #state: State;

  /**
   * Reads the file, or begins a new state and writes it. A directory that cannot be written is good enough where there is a
   * state. Throws an AppError if the directory cannot be used, is not ours alone, or holds the state of a newer version.
   */
  constructor(private readonly dir: string) {
    const warnings: string[] = [];
    try {
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      const open = checkPrivateDirectory(dir);
      if (open !== undefined) warnings.push(open);
      const path = join(dir, FILE);
      // It holds passwords, damaged or not.
      const found = read(path, { makePrivate: true });
      if (found?.exposed) warnings.push(`Others on this machine can read the passwords in ${path}, and its mode cannot be changed.`);
      if (found?.state) this.#state = found.state;
      else {
        this.#state = stateSchema.parse({ version: VERSION, uuid: randomUUID(), users: [] });
        if (found) this.putAside = this.#replaceDamaged(path);
        else this.#write(this.#state);
      }
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw directoryError(`The data directory ${dir} cannot be used`, error);
    }
    this.warnings = warnings;
  }

  /** Begins anew; the identity stays. @param hard false: users and ports stay too, so that the camera can still be reached */
  reset(hard: boolean): void {
    const { uuid, mac, users, device, metadata } = this.#state;
    const fresh = stateSchema.parse({ version: VERSION, uuid, mac, users: [], metadata });
    const { httpPort, rtspPort } = device;
    const reachable = { ...fresh, users, device: { ...fresh.device, httpPort, rtspPort } };
    this.update(hard ? fresh : reachable);
  }

  get state(): Readonly<State> {
    return this.#state;
  }

  /** Writes the changed state, which holds from then on. Throws an AppError, with nothing changed, if it cannot be written. */
  update(change: Partial<Omit<State, 'version'>>): void {
    const next = { ...this.#state, ...change };
    try {
      this.#write(next);
    } catch (error) {
      throw directoryError(`The change cannot be kept in ${this.dir}`, error);
    }
    this.#state = next;
  }

  /** Puts the file aside and begins a new one; where that cannot be written, all stays as it was. Gives where it is now. */
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

  #write(state: State): void {
    writeFileAtomically(join(this.dir, FILE), `${JSON.stringify(state, null, 2)}\n`);
  }
}

/** What another process keeps in this data directory; undefined where it cannot be read. Changes nothing. */
export function readState(dir: string): State | undefined {
  try {
    return read(join(dir, FILE))?.state;
  } catch {
    return undefined;
  }
}

interface Found {
  /** Undefined: the file is damaged. */
  readonly state: State | undefined;
  readonly exposed: boolean;
}

/** Undefined if there is no file. Throws STATE_TOO_NEW, and whatever {@link readOwnFile} does. */
function read(path: string, options: { readonly makePrivate?: boolean } = {}): Found | undefined {
  try {
    const file = readOwnFile(path, { ...options, maxBytes: MAX_BYTES });
    return file && { state: parse(file.text, path), exposed: file.exposed };
  } catch (error) {
    if (error instanceof FileTooLargeError) return { state: undefined, exposed: false };
    throw error;
  }
}

function parse(text: string, path: string): State | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const version = z.object({ version: z.int() }).safeParse(json).data?.version ?? VERSION;
  if (version > VERSION)
    throw new AppError(
      'STATE_TOO_NEW',
      `${path} was written by a newer onvif-camera (version ${version} of the file; this one knows ${VERSION}).`,
    );
  return stateSchema.safeParse(json).data;
}

/**
 * Where state is kept unless the user says otherwise: what systemd gives, else the user's state directory (XDG Base Directory).
 * @param env `STATE_DIRECTORY`, `XDG_STATE_HOME`
 * @param home the user's home directory
 */
export function defaultDataDir(env: Readonly<Record<string, string | undefined>>, home: string): string {
  const service = env.STATE_DIRECTORY?.split(':')[0];
  return service ? service : join(env.XDG_STATE_HOME || join(home, '.local', 'state'), 'onvif-camera');
}
