import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cachePlace } from './cache.ts';
import { PASSWORD } from './server.ts';

/** A client made of the Rust library retina, which takes nothing that contradicts itself: test/interop/retina has its source. */

const SOURCE = join(import.meta.dirname, '../interop/retina');
/** A hundred small libraries are compiled: a minute of processor time. */
export const BUILD_TIMEOUT_MS = 600_000;
const run = promisify(execFile);

const place = (): string =>
  cachePlace(
    'retina',
    [join(SOURCE, 'Cargo.toml'), join(SOURCE, 'src/main.rs')],
    execFileSync('cargo', ['--version'], { encoding: 'utf8' }),
  );

/** The version of the library: its list of dependencies allows no other. */
export const retinaVersion = (): string => /^retina = "=(.+)"$/m.exec(readFileSync(join(SOURCE, 'Cargo.toml'), 'utf8'))![1]!;

/** Builds it, unless it is there. Gives its path. */
export async function buildRetinaClient(): Promise<string> {
  const root = place();
  const client = join(root, 'bin/strict-client');
  if (existsSync(client)) return client;
  // The program is 20 MB, what it is built from 250.
  const target = mkdtempSync(join(tmpdir(), 'retina-'));
  try {
    await run('cargo', ['install', '--quiet', '--debug', '--path', SOURCE, '--root', root, '--target-dir', target], {
      timeout: BUILD_TIMEOUT_MS,
    });
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
  return client;
}

export interface StrictlyPlayed {
  /** Ticks of 90 kHz since the rtptime of PLAY's answer. */
  readonly frames: readonly { readonly ticks: number; readonly loss: number; readonly keyframe: boolean }[];
  /** `wall`: seconds since 1900. */
  readonly reports: readonly { readonly ticks: number; readonly wall: number }[];
}

/**
 * Plays so many frames. Rejects, with the library's words, at the first thing that it refuses.
 * @param initial whether time begins at the rtptime of PLAY's answer, or with whatever comes first
 */
export async function playStrictly(
  client: string,
  url: string,
  transport: 'tcp' | 'udp',
  initial: 'require' | 'ignore',
  frames: number,
): Promise<StrictlyPlayed> {
  const args = [url, 'admin', PASSWORD, transport, initial, String(frames)];
  const { stdout } = await run(client, args, { timeout: 60_000 });
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  const of = (kind: string) => lines.filter(([first]) => first === kind);
  return {
    frames: of('frame').map(([, ticks, loss, key]) => ({ ticks: Number(ticks), loss: Number(loss), keyframe: key === 'key' })),
    reports: of('report').map(([, ticks, ntp]) => ({ ticks: Number(ticks), wall: Number(BigInt(ntp!) >> 8n) / 2 ** 24 })),
  };
}
