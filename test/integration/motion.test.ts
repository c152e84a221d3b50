import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { PictureFolder, yardWithWalker } from '../support/pictures.ts';
import { OnStage } from '../support/rpicam/on-stage.ts';
import type { Scenario } from '../support/rpicam/stage.ts';
import { eventually } from '../support/server.ts';

/** Motion, and day and night, as a user meets them: the whole program, with the stand-in or a folder of pictures. */

const on = new OnStage();

const MOTION = ['--motion', 'on', '--motion-hold-time', '1'];
const captures = () => on.captures();
const status = () =>
  on.server.json('/api/status') as Promise<{ camera: string; motion: { moving: boolean; by: string } | null; night: boolean | null }>;
const start = (scenario: Scenario, args: readonly string[]) => on.start({ startDelayMs: 0, ...scenario }, args);

describe('rpicam-vid looks for motion itself', () => {
  test('with its small picture, a stage in the file beside the text, and metadata by a pipe', async () => {
    await start({}, [...MOTION, '--annotate', '%T']);
    await eventually(async () => (await status()).motion?.by === 'both', 'the stage says that it looks');
    const argv = captures()[0]!.argv.join(' ');
    expect(argv).toContain('--lores-width 128 --lores-height 96');
    expect(argv).toMatch(/--metadata \S+metadata\.fifo --metadata-format txt/);
    const stages = JSON.parse(readFileSync(join(on.server.dataDir, 'post-process.json'), 'utf8'));
    expect(Object.keys(stages)).toEqual(['annotate_cv', 'motion_detect']);
    expect(statSync(join(on.server.dataDir, 'metadata.fifo')).isFIFO()).toBe(true);
    expect(on.server.stderr).toContain('keeps the camera on');
  });

  test('and is believed alone where the owner says so, region by region', async () => {
    const moves = [
      { from: 60, to: 75, region: '2' },
      { from: 80, to: 95, region: '2' },
    ];
    await start({ moves }, [...MOTION, '--motion-detector', 'camera', '--motion-masks', '0.4,0,0.2,1']);
    await eventually(async () => (await status()).motion?.by === 'camera', 'the stage says that it looks');
    expect((await status()).motion?.moving).toBe(false);
    await eventually(async () => (await status()).motion?.moving === true, 'motion');
    await eventually(async () => (await status()).motion?.moving === false, 'no motion any more');
  });

  test.each<[string, Scenario, string[]]>([
    ['has no such stage', { motionStageMissing: true }, []],
    ['knows no names of regions', { olderVersion: '1.5.0' }, ['--motion-masks', '0.4,0,0.2,1']],
    ['is given a file of its own', {}, ['--extra-args=--lores-width 64']],
  ])('not where it %s: the pictures do', async (_, scenario, args) => {
    await start(scenario, [...MOTION, ...args]);
    await eventually(async () => (await status()).camera === 'live', 'pictures');
    expect((await status()).motion).toEqual({ moving: false, by: 'pictures' });
    expect((await on.server.json('/healthz')).camera).toBe('live');
  });
});

test('for the state of the picture rpicam-vid is asked what it knows of focus and light', async () => {
  await start({}, ['--image-health', 'on', '--idle-timeout', 'always']);
  await eventually(async () => (await status()).camera === 'live', 'pictures');
  expect(captures()[0]!.argv.join(' ')).toMatch(/--metadata \S+metadata\.fifo --metadata-format txt/);
});

describe('auto-night', () => {
  test('changes the exposure with one restart when it gets dark', async () => {
    const lux: [number, number][] = [
      [0, 400],
      [30, 1],
    ];
    await start({ lux }, ['--exposure', 'auto-night', '--idle-timeout', 'always']);
    await eventually(async () => (await status()).night === false, 'day');
    expect(captures()[0]!.argv.join(' ')).not.toContain('--exposure');
    on.stage.play({ startDelayMs: 0, lux: 1 });
    await eventually(async () => (await status()).night === true, 'night', 40);
    await eventually(() => captures().length === 2, 'the capture for the night');
    expect(captures()[1]!.argv.join(' ')).toContain('--framerate 8 -q 75 --exposure=long');
    await eventually(async () => (await status()).camera === 'live', 'pictures by night');
    expect(captures()).toHaveLength(2);
  }, 60_000);
});

test('motion in a folder of pictures is found within seconds, and keeps the camera on without a viewer', async () => {
  const folder = new PictureFolder();
  folder.add(await yardWithWalker());
  try {
    await on.startWith({ args: ['--source', `images:${folder.dir}`, '--fps', '8', ...MOTION] });
    await eventually(async () => (await status()).motion?.moving === true, 'motion', 15);
    await eventually(async () => (await status()).motion?.moving === false, 'no motion any more', 15);
    expect((await status()).motion?.by).toBe('pictures');
  } finally {
    folder.remove();
  }
});
