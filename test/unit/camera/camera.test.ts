import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Camera } from '../../../src/camera/camera.ts';
import { silentLogger } from '../../../src/core/log.ts';
import type { CameraStatus } from '../../../src/frames/stream-state.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { settingsWith } from '../../support/frames.ts';
import { eventually } from '../../support/server.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

/** A rpicam-vid that only lists: none until the file "plugged" is there; each time it is asked it notes that. */
const LISTS = `#!/bin/sh
cd "$(dirname "$0")"
[ "$1" = --list-cameras ] || { echo "$*" >> captures; exec sleep 60; }
echo asked >> asked
if [ -e plugged ]; then echo "0 : imx219 [3280x2464 10-bit RGGB] (/base/imx219@10)"; else echo "No cameras available!"; fi
`;

let dir: string;
let clock: FakeClock;
let camera: Camera;
let watched: boolean;
let reports: CameraStatus[];
let frames: number;

const asked = () => readFileSync(join(dir, 'asked'), 'utf8').split('\n').length - 1;
const captures = () => existsSync(join(dir, 'captures'));
const last = () => reports.at(-1);

beforeEach(async () => {
  dir = makeTempDir();
  writeFileSync(join(dir, 'rpicam-vid'), LISTS, { mode: 0o755 });
  clock = new FakeClock();
  watched = true;
  reports = [];
  frames = 0;
  camera = new Camera({
    spec: { kind: 'auto' },
    settings: settingsWith({ width: 64, height: 64, fps: 1 }),
    rpicamPath: join(dir, 'rpicam-vid'),
    searchPath: '/usr/bin:/bin',
    workDir: dir,
    sysfs: dir,
    dev: dir,
    watched: () => watched,
    clock,
    log: silentLogger,
    onFrame: () => frames++,
    onReport: (report) => reports.push(report),
  });
  await camera.resolve();
  camera.start();
  await eventually(() => last()?.source === 'test pattern', 'the pattern is captured');
  await pass(1);
});
afterEach(() => camera.stop());

/** Lets the clock go on with the pattern, whose pictures take real time. */
async function pass(seconds: number): Promise<void> {
  for (let k = 0; k < seconds; k++) {
    const before = frames;
    await clock.advanceAsync(1000);
    await eventually(() => frames > before || last()?.source !== 'test pattern', 'the next picture');
  }
}

const wasAsked = (times: number) => eventually(() => asked() === times, `${times} questions for the cameras`);

describe('the test pattern that nobody asked for', () => {
  test('gives way to a camera ten seconds after it came, not live before its first picture', async () => {
    const before = asked();
    await pass(9);
    await wasAsked(before + 1);
    await pass(9);
    expect(asked()).toBe(before + 1);
    appendFileSync(join(dir, 'plugged'), '');
    await pass(1);
    await wasAsked(before + 2);
    await eventually(() => captures(), 'the camera is captured');
    await eventually(() => last()?.source === 'rpicam-vid, camera 0 (imx219)', 'it is told');
    expect(last()).toMatchObject({ state: 'starting', notices: [] });
    // Once it is there nothing is looked for any more.
    await clock.advanceAsync(11_000);
    expect(asked()).toBe(before + 2);
  });

  test('is kept without looking while nobody watches, and when it is off', async () => {
    const before = asked();
    watched = false;
    await pass(30);
    expect(asked()).toBe(before);
    watched = true;
    await camera.stop();
    await clock.advanceAsync(60_000);
    expect(asked()).toBe(before);
    expect(clock.pending).toBe(0);
  });
});
