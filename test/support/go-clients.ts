import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { cachePlace } from './cache.ts';
import { installation, program } from './programs.ts';

/** Clients in Go, built from test/interop/go. */

const SOURCE = join(import.meta.dirname, '../interop/go');
/** Most of it is go2rtc's: a minute of processor time, and 100 MB from the module proxy. */
export const GO_BUILD_TIMEOUT_MS = 600_000;
const OLDEST = 24;
/** How often the download is begun, what has come being kept, and the rest between two tries, milliseconds. */
const DOWNLOAD = { tries: 3, restMs: 5000 };
const run = promisify(execFile);

export interface GoClients {
  /** The client that main.go makes of gortsplib. */
  readonly gortsplib: string;
  readonly go2rtc: string;
}

/** "go1.26.8" */
const goVersion = (): string => execFileSync('go', ['env', 'GOVERSION'], { encoding: 'utf8', cwd: '/' }).trim();

/** Why they cannot be built here; undefined if they can. */
export function goObstacle(): string | undefined {
  if (!program('go')) return `needs go: ${installation('go')}`;
  const version = goVersion();
  const minor = Number(/^go1\.(\d+)/.exec(version)?.[1] ?? OLDEST);
  return minor < OLDEST ? `needs go 1.${OLDEST} or newer, this is ${version.slice(2)}: https://go.dev/dl/` : undefined;
}

const inside = (place: string): GoClients => ({ gortsplib: join(place, 'go-client'), go2rtc: join(place, 'go2rtc') });

/** Builds them, unless they are there. */
export async function buildGoClients(): Promise<GoClients> {
  const place = cachePlace(
    'go',
    ['go.mod', 'go.sum', 'main.go'].map((file) => join(SOURCE, file)),
    goVersion(),
  );
  if (existsSync(place)) return inside(place);
  const unfinished = `${place}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  const target = inside(unfinished);
  // go2rtc without a compiler for C, which only its sound and its webcams need.
  const options = { cwd: SOURCE, env: { ...process.env, CGO_ENABLED: '0' }, timeout: GO_BUILD_TIMEOUT_MS };
  for (let left = DOWNLOAD.tries - 1; ; left--) {
    try {
      await run('go', ['mod', 'download'], options);
      break;
    } catch (error) {
      if (left === 0) throw error;
      await sleep(DOWNLOAD.restMs);
    }
  }
  await run('go', ['build', '-ldflags=-s -w', '-o', target.gortsplib, '.'], options);
  await run('go', ['build', '-ldflags=-s -w', '-o', target.go2rtc, 'github.com/AlexxIT/go2rtc'], options);
  renameSync(unfinished, place);
  return inside(place);
}
