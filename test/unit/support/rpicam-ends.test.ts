import { describe, expect, test } from '@jest/globals';
import { isWhole, plain, type Run } from '../../support/rpicam/run.ts';
import { CONFIGURED, FOUND, MODE_640, STREAM, StandinRuns } from '../../support/rpicam/standin-runs.ts';

const runs = new StandinRuns();
const { finished, start } = runs;

describe('ends', () => {
  /** Long enough for a SIGINT that is heard to have ended it: a frame time and the encoder's 200 ms. */
  const HEARD_MS = 500;
  const stillRuns = async (run: Run) => {
    const quiet = new Promise<string>((resolve) => setTimeout(resolve, HEARD_MS, 'runs'));
    expect(await Promise.race([run.ended, quiet])).toBe('runs');
  };

  test('SIGINT while running drains and exits with 0', async () => {
    const run = start(STREAM.filter((word) => word !== '--flush'));
    await run.until(({ frames }) => frames.length > 2);
    const sent = performance.now();
    run.child.kill('SIGINT');
    expect(await run.ended).toEqual({ code: 0, signal: null });
    expect(performance.now() - sent).toBeGreaterThan(190);
    expect(plain(run.stderr).at(-1)).toBe('Received signal 2');
    expect(run.frames.every(isWhole)).toBe(true);
  });

  test('SIGINT before the start, and SIGTERM at any time, kill it', async () => {
    const early = start(STREAM, { startDelayMs: 20_000 });
    await early.heard('libcamera v');
    early.child.kill('SIGINT');
    expect(await early.ended).toEqual({ code: null, signal: 'SIGINT' });
    const running = start(STREAM);
    await running.until(({ frames }) => frames.length > 0);
    running.child.kill('SIGTERM');
    expect(await running.ended).toEqual({ code: null, signal: 'SIGTERM' });
    expect(runs.stage.ends().map(({ signal }) => signal)).toEqual(['SIGINT', 'SIGTERM']);
  });

  test('SIGINT can be ignored', async () => {
    const run = start(STREAM, { ignoreSigint: true });
    await run.until(({ frames }) => frames.length > 0);
    run.child.kill('SIGINT');
    await run.heard('Received signal 2');
    const before = run.frames.length;
    await run.until(({ frames }) => frames.length > before + 20);
  });

  test('a frozen sensor sends nothing, says nothing and does not hear SIGINT', async () => {
    const run = start(STREAM, { freezeAfterFrames: 4 });
    await run.until(({ frames }) => frames.length === 4 && frames.every(isWhole));
    run.child.kill('SIGINT');
    await run.heard('Received signal 2');
    await stillRuns(run);
    expect(run.frames).toHaveLength(4);
    expect(plain(run.stderr)).toEqual([...FOUND, ...MODE_640, ...CONFIGURED, 'Received signal 2']);
  });

  test('a lost sensor is reported every second for ever, SIGINT or not', async () => {
    const run = start(STREAM, { timeoutAfterFrames: 2 });
    await run.heard('ERROR: Device timeout detected, attempting a restart!!!');
    expect(plain(run.stderr).slice(-4)).toEqual([
      'ERROR Virtual virtual.cpp:423 Camera frontend has timed out!',
      'ERROR Virtual virtual.cpp:424 Please check that your camera sensor connector is attached securely.',
      'ERROR Virtual virtual.cpp:425 Alternatively, try another cable and/or sensor.',
      'ERROR: Device timeout detected, attempting a restart!!!',
    ]);
    run.child.kill('SIGINT');
    await run.heard('Device timeout', 3);
    expect(run.frames).toHaveLength(2);
  });

  test('it can die in the middle of a picture', async () => {
    const { signal, frames } = await finished(STREAM, { dieAfterFrames: 3, dieMidFrame: true });
    expect(signal).toBe('SIGABRT');
    expect(frames.map(isWhole)).toEqual([true, true, true, false]);
    expect(runs.stage.ends()[0]?.signal).toBe('SIGABRT');
  });

  test('it aborts when the reader closes the pipe', async () => {
    const run = start(STREAM);
    await run.until(({ frames }) => frames.length > 0);
    run.child.stdout?.destroy();
    expect(await run.ended).toEqual({ code: null, signal: 'SIGABRT' });
    expect(plain(run.stderr).at(-1)).toBe('  what():  failed to write output bytes');
  });

  test('a reader that does not read keeps SIGINT from ending it, and gets whole pictures when it reads again', async () => {
    // One such picture is more than the pipe holds.
    const large = ['--width', '1920', '--height', '1080', '-q', '100', '--framerate', '10', '--info-text', '#%frame'];
    const run = start([...STREAM, ...large], {}, { read: false });
    await run.heard('#3');
    run.child.kill('SIGINT');
    await run.heard('Received signal 2');
    await stillRuns(run);
    run.read();
    expect(await run.ended).toEqual({ code: 0, signal: null });
    expect(run.frames.length).toBeGreaterThanOrEqual(4);
    expect(run.frames.every(isWhole)).toBe(true);
  });
});
