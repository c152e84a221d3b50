import { expect, test } from '@jest/globals';
import { EncodingAdvice } from '../../../src/app/encoding-advice.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const MINUTE_MS = 60_000;

test('whoever watches H.264 of a Pi for half an hour is told once of camera.encoding', () => {
  const clock = new FakeClock();
  const said: string[] = [];
  let isTranscoding = true;
  const advice = new EncodingAdvice({
    isTranscoding: () => isTranscoding,
    clock,
    log: { ...silentLogger, info: (text) => void said.push(text) },
  });
  advice.start();
  clock.advance(29 * MINUTE_MS);
  isTranscoding = false;
  clock.advance(MINUTE_MS);
  isTranscoding = true;
  clock.advance(29 * MINUTE_MS);
  expect(said).toEqual([]);
  clock.advance(MINUTE_MS);
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/camera\.encoding: h264/);
  clock.advance(100 * MINUTE_MS);
  expect(said).toHaveLength(1);
  expect(clock.pending).toBe(0);
});
