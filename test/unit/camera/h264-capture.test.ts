import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { captureH264 } from '../../../src/camera/h264-capture.ts';
import { FlvOutput } from '../../../src/camera/h264-output.ts';
import type { AppError } from '../../../src/core/errors.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { h264Recording, LOW_LATENCY } from '../../support/h264-recordings.ts';
import { UNHEARD } from '../../support/recorder.ts';
import { eventually } from '../../support/server.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

/** A capture by a shell script that may write the recording "$FLV". */
function capture(script: string) {
  const flv = join(makeTempDir(), 'recording.flv');
  writeFileSync(flv, h264Recording(`${LOW_LATENCY}.flv`));
  const heard: { units: number; ends: { error: AppError; gave: boolean }[]; silences: string[] } = { units: 0, ends: [], silences: [] };
  const run = captureH264(
    {
      program: {
        command: '/bin/sh',
        args: ['-c', `FLV='${flv}'; ${script}`],
        searchPath: '/usr/bin:/bin',
        readLine: () => undefined,
        isRoutine: () => false,
        log: silentLogger,
      },
      output: (onPicture) => new FlvOutput(onPicture),
      ended: (error, gave) => heard.ends.push({ error, gave }),
      silent: ({ message }) => heard.silences.push(message),
    },
    { ...UNHEARD, unit: () => heard.units++ },
  );
  return { heard, run };
}

test('an end is told once, with whether pictures came before it', async () => {
  const { heard, run } = capture('cat "$FLV"; exit 3');
  await eventually(() => heard.ends.length > 0, 'an end');
  await run.stop(true);
  expect(heard.units).toBe(44);
  expect(heard.ends).toEqual([{ error: expect.objectContaining({ code: 'CAPTURE_ENDED' }), gave: true }]);
  expect(heard.silences).toEqual([]);
});

test('what is no FLV ends it', async () => {
  const { heard, run } = capture('echo "This is no FLV, is it?"; exec sleep 60');
  await eventually(() => heard.ends.length > 0, 'an end');
  await run.stop();
  expect(heard.ends.map(({ error }) => error.message)).toEqual(['What sh sends cannot be read: it does not begin like FLV.']);
});

test('a program that hangs before its first picture is told as silent, one that has given some or is merely stopped is not', async () => {
  const hanging = capture('exec sleep 60');
  await hanging.run.stop(true);
  expect(hanging.heard.silences).toEqual(['sh runs, but gives no picture.']);
  const giving = capture('cat "$FLV"; exec sleep 60');
  await eventually(() => giving.heard.units > 0, 'pictures');
  await giving.run.stop(true);
  const stopped = capture('exec sleep 60');
  await stopped.run.stop();
  expect([giving.heard.silences, stopped.heard.silences, hanging.heard.ends]).toEqual([[], [], []]);
});
