import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from '@jest/globals';
import { SourceResolver } from '../../../../src/camera/resolver.ts';
import type { CameraSettings } from '../../../../src/camera/settings.ts';
import type { SourceSpec } from '../../../../src/camera/source-spec.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { settingsWith } from '../../../support/frames.ts';
import { makeTempDir } from '../../../support/temp-dir.ts';

/** A webcam of which a program does not come to tell what it can do, as when the machine has just started. */

let dir: string;
let device: string;

/** A program that is ended before it tells anything, until it is asked once more. @param then the commands of its next runs */
const slow = (name: string, then: string) =>
  writeFileSync(
    join(dir, 'bin', name),
    `#!/bin/sh\nif [ ! -e "${dir}/${name}.asked" ]; then touch "${dir}/${name}.asked"; kill -KILL $$; fi\n${then}\n`,
    { mode: 0o755 },
  );

beforeEach(() => {
  dir = makeTempDir();
  device = join(dir, 'video7');
  writeFileSync(device, '');
  const node = join(dir, 'sys/class/video4linux/video7');
  mkdirSync(node, { recursive: true });
  writeFileSync(join(node, 'name'), 'Webcam\n');
  mkdirSync(join(dir, 'bin'));
  const formats = '[video4linux2,v4l2 @ 0x5] Raw       :     yuyv422 :           YUYV 4:2:2 : 640x480';
  // Draws no text.
  writeFileSync(join(dir, 'bin/ffmpeg'), `#!/bin/sh\necho "${formats}" >&2\nexit 1\n`, { mode: 0o755 });
  slow('v4l2-ctl', 'echo "brightness 0x00980900 (int) : min=-64 max=64 step=1 default=0 value=0"');
});

const make = (spec: SourceSpec, change: Partial<CameraSettings>) =>
  new SourceResolver({
    ...{ spec, settings: settingsWith(change), rpicamPath: '/none', searchPath: join(dir, 'bin'), workDir: dir },
    ...{ sysfs: join(dir, 'sys'), dev: dir, clock: new FakeClock(), log: silentLogger },
  });
const named = (change: Partial<CameraSettings>) => make({ kind: 'v4l2', device }, change);

test('is looked for again where a setting asks for that', async () => {
  const resolver = named({ brightness: 0.5 });
  await expect(resolver.resolve()).rejects.toMatchObject({
    code: 'CAPTURE_ENDED',
    exitCode: 1,
    message: expect.stringMatching(/^It is not known yet whether .*video7 can do camera\.brightness: v4l2-ctl does not tell .*SIGKILL\.$/),
  });
  expect((await resolver.resolve()).source.offers.imaging?.brightness).toEqual({ min: -1, max: 1 });
});

test('gives its pictures where none does; what a client then asks for is refused', async () => {
  const resolver = named({});
  expect((await resolver.resolve()).notices).toEqual([]);
  expect(() => resolver.check(settingsWith({ brightness: 0.5 }))).toThrow(
    expect.objectContaining({
      code: 'SETTING_UNSUPPORTED',
      message: expect.stringContaining('not known'),
      hint: expect.stringContaining('start'),
    }),
  );
});

test('gives its pictures without the setting where nobody named the webcam', async () => {
  const { source, notices } = await make({ kind: 'auto' }, { brightness: 0.5 }).resolve();
  expect(source.kind).toBe('v4l2');
  expect(notices).toMatchObject([{ code: 'SETTING_UNSUPPORTED', message: expect.stringContaining('not known') }]);
});

test('is refused for a setting that it surely lacks', async () => {
  const lacks = { code: 'SETTING_UNSUPPORTED', exitCode: 2 };
  await expect(named({ brightness: 0.5, metering: 'spot' }).resolve()).rejects.toMatchObject(lacks);
  // The controls are told by now, and a contrast is not among them.
  await expect(named({ contrast: 2 }).resolve()).rejects.toMatchObject({
    ...lacks,
    message: expect.stringContaining('cannot do camera.contrast'),
  });
});

test('is looked for again where ffmpeg does not tell its formats', async () => {
  rmSync(join(dir, 'bin/v4l2-ctl'));
  writeFileSync(join(dir, 'bin/ffmpeg'), '#!/bin/sh\nkill -KILL $$\n', { mode: 0o755 });
  await expect(named({}).resolve()).rejects.toMatchObject({ code: 'CAPTURE_ENDED', message: expect.stringContaining('formats') });
});
