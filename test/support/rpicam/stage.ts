import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What the next start of the stand-in plays; the keys are explained in test/support/rpicam-vid. */
export interface Scenario {
  cameras?: 'none' | 'one' | 'two' | 'imx708';
  startDelayMs?: number;
  firstFrameDelayMs?: number;
  busy?: boolean;
  freezeAfterFrames?: number;
  timeoutAfterFrames?: number;
  dieAfterFrames?: number;
  dieMidFrame?: boolean;
  ignoreSigint?: boolean;
  legacyStack?: boolean;
  noMediaDevices?: boolean;
  noMemory?: boolean;
  platform?: 'unknown' | 'vc4';
  olderVersion?: string;
  libav?: boolean;
  hardwareEncoder?: boolean;
  clockSetBackAtFrame?: number;
  annotateStageMissing?: boolean;
  motionStageMissing?: boolean;
  moves?: { from: number; to: number; region?: string }[];
  lux?: number | [frame: number, lux: number][];
}

export interface StandinStart {
  pid: number;
  argv: string[];
  time: number;
}

export interface StandinEnd {
  pid: number;
  code?: number;
  signal?: NodeJS.Signals;
  time: number;
}

/** The stand-in for rpicam-vid. */
export const STANDIN = fileURLToPath(new URL('../rpicam-vid', import.meta.url));

/** A folder in which the stand-in plays, and what it noted there. */
export class Stage {
  readonly dir = mkdtempSync(join(tmpdir(), 'standin-'));
  /** Environment for the program under test. */
  readonly env: NodeJS.ProcessEnv = { ...process.env, RPICAM_STANDIN_DIR: this.dir };

  constructor(scenario: Scenario = {}) {
    this.play(scenario);
  }

  /** Chooses what the next start plays. */
  play(scenario: Scenario): void {
    writeFileSync(join(this.dir, 'scenario.json'), JSON.stringify(scenario));
  }

  starts(): StandinStart[] {
    return this.#entries<StandinStart>('starts.log');
  }

  /** Processes that were killed by SIGKILL leave no entry. */
  ends(): StandinEnd[] {
    return this.#entries<StandinEnd>('ends.log');
  }

  /** Kills every stand-in that was started here and still runs, and removes the folder. */
  remove(): void {
    const ended = new Set(this.ends().map((end) => end.pid));
    for (const { pid } of this.starts()) {
      if (!ended.has(pid) && isStandin(pid)) process.kill(pid, 'SIGKILL');
    }
    rmSync(this.dir, { recursive: true, force: true });
  }

  #entries<Entry>(file: string): Entry[] {
    let text: string;
    try {
      text = readFileSync(join(this.dir, file), 'utf8');
    } catch {
      return [];
    }
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Entry);
  }
}

/** Whether the process with that id is a stand-in and not a later one that got the same id. */
function isStandin(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('rpicam-vid');
  } catch {
    return false;
  }
}
