import * as z from 'zod/mini';
import type { Login } from '../config/first-password.ts';
import { requireRunningServer } from '../config/run-file.ts';
import { readState } from '../config/state.ts';
import { AppError } from '../core/errors.ts';
import { isLoopbackHost } from '../core/host-names.ts';
import { formatOrigin, type Origin } from '../core/origin.ts';
import { ADDRESS, H264, SUB } from '../device/stream-names.ts';
import { outsideAddresses } from './addresses.ts';

/** Longest wait for the local server, which answers within some milliseconds. */
const ANSWER_TIMEOUT_MS = 3000;

const statusSchema = z.object({ name: z.string(), urls: z.array(z.object({ id: z.string(), url: z.url() })) });

/** The camera that runs on this machine, as others reach it. */
export interface RunningCamera extends Origin {
  readonly name: string;
  readonly port: number;
  /** URL of the MJPEG stream by HTTP. */
  readonly stream: string;
  /** URL of a single picture. */
  readonly snapshot: string;
  /** URL of the H.264 stream by RTSP; undefined: there is none. */
  readonly h264: string | undefined;
  /** URL of the small H.264 stream by RTSP; undefined: there is none. */
  readonly sub: string | undefined;
  /** Whether watching takes a login. */
  readonly asksLogin: boolean;
  /** Whether it listens on this machine alone, so that no other reaches it. */
  readonly isLocal: boolean;
}

/**
 * Resolves to what the running server says of itself, by an address of this machine under which others reach it, if it has one.
 *
 * @param preferred the address that is tried first
 * @throws AppError NOT_RUNNING
 */
export async function askRunningCamera(dataDir: string, preferred?: string): Promise<RunningCamera> {
  const server = await requireRunningServer(dataDir);
  const { protocol, hostname, port } = new URL(server.url);
  const scheme = protocol === 'https:' ? 'https' : 'http';
  const number = Number(port || (scheme === 'https' ? 443 : 80));
  const outside = outsideAddresses();
  const candidates = new Set([...outside.filter((address) => address === preferred), ...outside, hostname]);
  for (const host of candidates) {
    const origin = { scheme, host, port: number } as const;
    const base = formatOrigin(origin);
    const status = await readStatus(base, server.token);
    const find = (address: string) => status?.urls.find(({ id }) => id === address)?.url;
    const stream = find(ADDRESS.stream);
    const snapshot = find(ADDRESS.snapshot);
    if (!status || !stream || !snapshot) continue;
    return {
      name: status.name,
      ...origin,
      stream,
      snapshot,
      h264: find(ADDRESS.rtsp(H264)),
      sub: find(ADDRESS.rtsp(SUB)),
      asksLogin: (await get(base, {}))?.status === 401,
      isLocal: isLoopbackHost(host),
    };
  }
  throw new AppError('NOT_RUNNING', `The server at ${server.url} does not tell what it serves.`, {
    hint: 'Restart it; is it an older version?',
  });
}

async function readStatus(base: string, token: string): Promise<z.infer<typeof statusSchema> | undefined> {
  const answer = await get(base, { Authorization: `Bearer ${token}` });
  try {
    return answer?.ok ? statusSchema.parse(await answer.json()) : undefined;
  } catch {
    return undefined;
  }
}

async function get(base: string, headers: Readonly<Record<string, string>>): Promise<Response | undefined> {
  try {
    return await fetch(`${base}/api/status`, { headers, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
  } catch {
    return undefined;
  }
}

/**
 * Resolves to the login of an administrator: `admin` with the given password, else one from the state. The camera is asked whether it
 * is right, as the server may have been started with another. Undefined: the camera asks for none.
 *
 * @throws AppError CAMERA_PASSWORD
 */
export async function findLogin(camera: RunningCamera, dataDir: string, given: string | undefined): Promise<Login | undefined> {
  if (!camera.asksLogin) return undefined;
  const administrators = readState(dataDir)?.users.filter(({ level }) => level === 'Administrator') ?? [];
  const kept = administrators.find(({ name }) => name === 'admin') ?? administrators[0];
  const login = given !== undefined ? { user: 'admin', password: given } : kept && { user: kept.name, password: kept.password };
  if (!login) throw new AppError('CAMERA_PASSWORD', "The camera's password is not known here.");
  const credentials = Buffer.from(`${login.user}:${login.password}`).toString('base64');
  const answer = await get(formatOrigin(camera), { Authorization: `Basic ${credentials}` });
  if (!answer?.ok)
    throw new AppError(
      'CAMERA_PASSWORD',
      `The camera does not take the ${given === undefined ? 'stored' : 'given'} password of "${login.user}".`,
    );
  return login;
}
