import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { StateStore } from '../../../src/config/state.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { EncoderTrial } from '../../../src/device/encoder-trial.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { eventually } from '../../support/server.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

/** An ffmpeg that notes its process and answers when it is told to: it encodes nothing. It ends with its folder too. */
let ffmpeg: string;
let dir: string;
let state: StateStore;
let clock: FakeClock;
let used: object[];
let trial: EncoderTrial;

const answer = () => writeFileSync(join(dir, 'go'), '');

beforeEach(() => {
  dir = makeTempDir();
  ffmpeg = join(dir, 'ffmpeg');
  const waits = `while [ -e '${dir}' ] && [ ! -e '${dir}/go' ]; do sleep 0.05; done`;
  writeFileSync(ffmpeg, `#!/bin/sh\necho $$ >> '${dir}/processes'\n${waits}\nexit 1\n`, { mode: 0o755 });
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
  const notes = join(dir, 'processes');
  const lines = () => (existsSync(notes) ? readFileSync(notes, 'utf8').split('\n').filter(Boolean) : []);
  await eventually(() => lines().length === 2, 'both encoders are tried');
  return lines().map(Number);
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
  const { mtimeMs: modified, size } = statSync(ffmpeg);
  state.update({ encoder: { ffmpeg, modified, size, wanted: 'auto', hardware: false, software: true } });
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
