import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { StateStore } from '../../../src/config/state.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { EncoderTrial } from '../../../src/device/encoder-trial.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

/** An ffmpeg that answers when it is told to, and encodes nothing. */
let ffmpeg: string;
let answer: () => void;
let state: StateStore;
let clock: FakeClock;
let used: object[];

beforeEach(() => {
  const dir = makeTempDir();
  ffmpeg = join(dir, 'ffmpeg');
  answer = () => writeFileSync(join(dir, 'go'), '');
  writeFileSync(ffmpeg, `#!/bin/sh\nwhile [ ! -e '${dir}/go' ]; do sleep 0.05; done\nexit 1\n`, { mode: 0o755 });
  state = new StateStore(join(dir, 'data'));
  [clock, used] = [new FakeClock(), []];
});
afterEach(() => answer());

function makeTrial(): EncoderTrial {
  const config = { encoder: 'auto' as const, ffmpegPath: ffmpeg };
  const trial = new EncoderTrial({ config, state, searchPath: '/usr/bin:/bin', clock, log: silentLogger });
  trial.add({ isLive: false, use: async (choice) => void used.push(choice), lose: async () => {} });
  return trial;
}

/** Whether it is known while the trial goes on and no time passes. */
async function isKnownAtOnce(trial: EncoderTrial): Promise<boolean> {
  let known = false;
  void trial.known().then(() => {
    known = true;
  });
  await new Promise(setImmediate);
  return known;
}

test('the first trial is waited for, for two seconds at most', async () => {
  const trial = makeTrial();
  await trial.start();
  expect(await isKnownAtOnce(trial)).toBe(false);
  const known = trial.known();
  clock.advance(2000);
  await known;
  expect(trial.trying).toBe(true);
  answer();
  await trial.over;
  expect(trial.trying).toBe(false);
  expect(used).toEqual([]);
});

test('what an earlier start found is believed without waiting', async () => {
  const { mtimeMs: modified, size } = statSync(ffmpeg);
  state.update({ encoder: { ffmpeg, modified, size, wanted: 'auto', hardware: false, software: true } });
  const trial = makeTrial();
  await trial.start();
  expect(await isKnownAtOnce(trial)).toBe(true);
  expect(used).toEqual([{ ffmpeg, hardware: false, software: true }]);
  answer();
  await trial.over;
});
