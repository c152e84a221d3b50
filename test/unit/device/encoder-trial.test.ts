import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { StateStore } from '../../../src/config/state.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { EncoderTrial } from '../../../src/device/encoder-trial.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { eventually } from '../../support/server.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

/** An ffmpeg that notes its process and answers when and as it is told to. It ends with its folder too. */
let ffmpeg: string;
let dir: string;
let state: StateStore;
let clock: FakeClock;
let used: object[];
let trial: EncoderTrial;

const answer = (how: 'nothing' | 'works' | 'killed' | 'unloaded' = 'nothing') => writeFileSync(join(dir, 'go'), how);
/** What it does for each answer. */
const ANSWERS = `works) for k in 0 1 2 3 4 5 6 7 8 9; do echo "0, $k"; done; exit 0;; killed) kill -KILL $$;; unloaded) exit 127;;`;

beforeEach(() => {
  dir = makeTempDir();
  ffmpeg = join(dir, 'ffmpeg');
  const waits = `while [ -e '${dir}' ] && [ ! -e '${dir}/go' ]; do sleep 0.05; done`;
  const answers = `case "$(cat '${dir}/go')" in ${ANSWERS} esac`;
  writeFileSync(ffmpeg, `#!/bin/sh\necho $$ >> '${dir}/processes'\n${waits}\n${answers}\nexit 1\n`, { mode: 0o755 });
  state = new StateStore(join(dir, 'data'));
  [clock, used] = [new FakeClock(), []];
  const config = { encoder: 'auto' as const, ffmpegPath: ffmpeg };
  trial = new EncoderTrial({ config, state, searchPath: '/usr/bin:/bin', clock, log: silentLogger });
  trial.add({ isLive: false, use: async (choice) => void used.push(choice), lose: async () => void used.push({ lost: true }) });
});
afterEach(async () => {
  trial.stop();
  await trial.over;
});

/** Keeps that an earlier start found libx264. */
function keep(): void {
  const { mtimeMs: modified, size } = statSync(ffmpeg);
  state.update({ encoder: { ffmpeg, modified, size, wanted: 'auto', hardware: false, software: true } });
}

/** Whether it is known while the trial goes on and no time passes. */
async function isKnownAtOnce(): Promise<boolean> {
  let known = false;
  void trial.known().then(() => {
    known = true;
  });
  await new Promise(setImmediate);
  return known;
}

/** The processes of both encoders, once they run. */
async function processes(): Promise<number[]> {
  await eventually(() => processesSoFar().length === 2, 'both encoders are tried');
  return processesSoFar();
}

/** The processes so far. */
function processesSoFar(): number[] {
  const notes = join(dir, 'processes');
  return existsSync(notes) ? readFileSync(notes, 'utf8').split('\n').filter(Boolean).map(Number) : [];
}

test('the first trial is waited for, for two seconds at most', async () => {
  await trial.start();
  expect(await isKnownAtOnce()).toBe(false);
  const known = trial.known();
  clock.advance(2000);
  await known;
  expect(trial.trying).toBe(true);
  answer();
  await trial.over;
  expect(trial.trying).toBe(false);
  expect(used).toEqual([{ lost: true }]);
});

test('what an earlier start found is believed without waiting', async () => {
  keep();
  await trial.start();
  expect(await isKnownAtOnce()).toBe(true);
  expect(used).toEqual([{ ffmpeg, hardware: false, software: true }]);
  answer();
  await trial.over;
});

test('one that is stopped leaves no program behind, and tells nobody', async () => {
  await trial.start();
  const started = await processes();
  trial.stop();
  await trial.over;
  const isThere = (pid: number) => existsSync(`/proc/${pid}`);
  await eventually(() => !started.some(isThere), 'they have ended');
  expect(used).toEqual([]);
  expect(state.state.encoder).toBeUndefined();
});

describe('a trial that came to no end of its own', () => {
  test('leaves what an earlier start found, until another one shows something', async () => {
    keep();
    answer('killed');
    await trial.start();
    await trial.over;
    expect([used, trial.trying]).toEqual([[{ ffmpeg, hardware: false, software: true }], false]);
    expect(state.state.encoder).toMatchObject({ ffmpeg, software: true });
    answer('nothing');
    clock.advance(30_000);
    await trial.over;
    expect(used.slice(1)).toEqual([{ lost: true }]);
    expect([state.state.encoder, clock.pending]).toEqual([undefined, 0]);
  });

  test('is made again, so that H.264 comes that is there', async () => {
    answer('killed');
    await trial.start();
    await trial.over;
    expect([used, trial.trying]).toEqual([[{ lost: true }], false]);
    answer('works');
    clock.advance(30_000);
    await trial.over;
    expect(used.slice(1)).toEqual([{ ffmpeg, hardware: true, software: true }]);
    expect(state.state.encoder).toMatchObject({ ffmpeg, software: true });
    expect(clock.pending).toBe(0);
  });

  test('is made again three times, with growing pauses, and the last one counts', async () => {
    keep();
    answer('killed');
    await trial.start();
    for (const [count, pause] of [30, 120, 600].entries()) {
      await trial.over;
      clock.advance(pause * 1000 - 1);
      await trial.over;
      expect(processesSoFar()).toHaveLength(2 * (count + 1));
      clock.advance(1);
    }
    await trial.over;
    expect(processesSoFar()).toHaveLength(8);
    expect([used.slice(1), clock.pending]).toEqual([[{ lost: true }], 0]);
  });

  test('is not made again after the stop', async () => {
    answer('killed');
    await trial.start();
    await trial.over;
    expect(clock.pending).toBe(1);
    trial.stop();
    expect(clock.pending).toBe(0);
  });

  test.each(['nothing', 'unloaded'] as const)(
    'is another thing than one that ffmpeg ended, or its libraries that are not there: %s',
    async (how) => {
      answer(how);
      await trial.start();
      await trial.over;
      expect([used, clock.pending]).toEqual([[{ lost: true }], 0]);
    },
  );
});
