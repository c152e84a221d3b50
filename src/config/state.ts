import { randomUUID } from 'node:crypto';
import { chmodSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { AppError, messageOf } from '../core/errors.ts';

const positive = z.number().positive();
const notNegative = z.number().nonnegative();
const portNumber = z.int().min(1).max(65_535);

const stateSchema = z.object({
  version: z.literal(1),
  /** Identity of this camera, the same for ever. */
  uuid: z.guid(),
  users: z.array(z.object({ name: z.string(), password: z.string(), level: z.enum(['Administrator', 'Operator', 'User']) })),
  /** Settings of the capture that clients changed; before rotation. */
  camera: z.object({ width: positive, height: positive, fps: positive, quality: positive }).partial().default({}),
  /** Settings of the H.264 encoder that clients changed; 0 is as captured. */
  h264: z
    .object({ width: notNegative, height: notNegative, fps: notNegative, bitrate: positive, keyframeInterval: positive })
    .partial()
    .default({}),
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

/** Writes a file so that a crash or a power cut leaves the old one or the new one, never half of either. Mode 0600. */
export function writeFileAtomically(path: string, text: string): void {
  const temporary = `${path}.new`;
  rmSync(temporary, { force: true });
  const file = openSync(temporary, 'wx', 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}

/** `state.json` in the data directory. */
export class StateStore {
  /** Set when a damaged file was put aside: where it is now. */
  readonly putAside: string | undefined;
  #state: State;

  /** Reads the file, or begins a new state and writes it. Throws an AppError if the directory cannot be used. */
  constructor(private readonly dir: string) {
    try {
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      const path = join(dir, FILE);
      const text = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
      // It holds passwords, damaged or not.
      if (text !== undefined) chmodSync(path, 0o600);
      const read = text === undefined ? undefined : parse(text);
      if (text !== undefined && !read) {
        this.putAside = `${path}.damaged-${new Date().toISOString().replace(/[:.]/g, '-')}`;
        renameSync(path, this.putAside);
      }
      this.#state = read ?? stateSchema.parse({ version: 1, uuid: randomUUID(), users: [] });
      if (!read) this.#write();
    } catch (error) {
      throw new AppError('DATA_DIR', `The data directory ${dir} cannot be used: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Begins anew; the identity stays. @param hard false: users and ports stay too, so that the camera can still be reached */
  reset(hard: boolean): void {
    const { uuid, users, device, metadata } = this.#state;
    const fresh = stateSchema.parse({ version: 1, uuid, users: [], metadata });
    const { httpPort, rtspPort } = device;
    const reachable = { ...fresh, users, device: { ...fresh.device, httpPort, rtspPort } };
    this.update(hard ? fresh : reachable);
  }

  get state(): Readonly<State> {
    return this.#state;
  }

  /** Changes the state and writes it. Throws an AppError if it cannot be written; the change then holds until the end of the process. */
  update(change: Partial<Omit<State, 'version'>>): void {
    this.#state = { ...this.#state, ...change };
    try {
      this.#write();
    } catch (error) {
      throw new AppError('DATA_DIR', `The state cannot be written to ${this.dir}: ${messageOf(error)}`, { cause: error });
    }
  }

  #write(): void {
    writeFileAtomically(join(this.dir, FILE), `${JSON.stringify(this.#state, null, 2)}\n`);
  }
}

/** What another process keeps in this data directory; undefined where it cannot be read. Changes nothing. */
export function readState(dir: string): State | undefined {
  try {
    return parse(readFileSync(join(dir, FILE), 'utf8'));
  } catch {
    return undefined;
  }
}

function parse(text: string): State | undefined {
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
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
