import { expect, jest, test } from '@jest/globals';
import { DEFAULT_CAMERA_SETTINGS } from '../../../../src/camera/defaults.ts';
import { TestPatternSource } from '../../../../src/camera/test-pattern/source.ts';
import { loadImageLibrary } from '../../../../src/platform/image-library.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { Recorder } from '../../../support/recorder.ts';

const load = jest.fn(() => {
  throw new Error('Could not load the "sharp" module using the linux-riscv64 runtime');
});
jest.unstable_mockModule('sharp', load);

test('without its image library the test pattern ends with a reason; until it starts it does not even look', async () => {
  const clock = new FakeClock();
  const source = new TestPatternSource(DEFAULT_CAMERA_SETTINGS, clock);
  expect(load).not.toHaveBeenCalled();
  const recorder = new Recorder();
  const ended = recorder.nextEnd();
  const capture = source.start(recorder);
  await clock.advanceAsync(0);
  expect(await ended).toMatchObject({ code: 'ENCODER_MISSING', message: expect.stringContaining('linux-riscv64'), permanent: true });
  await capture.stop();
  await clock.advanceAsync(1000);
  expect(recorder.ends).toHaveLength(1);
  expect(clock.pending).toBe(0);
});

test('a Pi Zero does not even try to load it: the library is made for a newer processor, which would end the process', async () => {
  load.mockClear();
  const loading = loadImageLibrary('The test pattern', 'armv6l');
  await expect(loading).rejects.toMatchObject({
    code: 'ENCODER_MISSING',
    message: expect.stringMatching(/^The test pattern needs .*armv6l/),
  });
  expect(load).not.toHaveBeenCalled();
});
