import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { deniedCameraDevice } from '../../../src/camera/permission.ts';
import { type ResolvedSource, SourceResolver } from '../../../src/camera/resolver.ts';
import type { SourceSpec } from '../../../src/camera/source-spec.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { settingsWith } from '../../support/frames.ts';
import { asOrdinaryUser } from '../../support/ordinary-user.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

let dev: string;

/** A device, as a file. @param mode octal permissions */
function device(name: string, mode: number): void {
  const path = join(dev, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, '');
  chmodSync(path, mode);
}

beforeEach(() => {
  dev = makeTempDir();
  chmodSync(dev, 0o755);
});

describe('deniedCameraDevice', () => {
  const denied = () => asOrdinaryUser(() => deniedCameraDevice(dev)?.slice(dev.length + 1));

  test('a media device that may not be opened', async () => {
    device('media0', 0o666);
    device('media1', 0o000);
    expect(await denied()).toBe('media1');
  });

  test('DMA heaps of which none may be opened', async () => {
    device('media0', 0o666);
    device('dma_heap/linux,cma', 0o000);
    device('dma_heap/system', 0o000);
    expect(await denied()).toBe('dma_heap/linux,cma');
    chmodSync(join(dev, 'dma_heap/system'), 0o666);
    expect(await denied()).toBeUndefined();
  });

  test('nothing where there is nothing, or where all may be opened', async () => {
    expect(await denied()).toBeUndefined();
    // A machine without a camera, whose heaps are the superuser's.
    device('dma_heap/system', 0o000);
    device('null', 0o000);
    expect(await denied()).toBeUndefined();
    device('media0', 0o666);
    chmodSync(join(dev, 'dma_heap/system'), 0o666);
    expect(await denied()).toBeUndefined();
  });
});

describe('a user who is not in the group video', () => {
  /** rpicam-vid says "No cameras available!" to him, and nothing else. */
  function resolve(spec: SourceSpec): Promise<ResolvedSource> {
    const rpicamPath = join(dev, 'rpicam-vid');
    const options = { spec, settings: settingsWith({}), rpicamPath, searchPath: '/usr/bin:/bin', workDir: dev, sysfs: dev, dev };
    return new SourceResolver({ ...options, clock: new FakeClock(), log: silentLogger }).resolve();
  }
  beforeEach(async () => {
    writeFileSync(join(dev, 'rpicam-vid'), '#!/bin/sh\necho "No cameras available!"\n', { mode: 0o755 });
    // What is loaded when it is used must be loaded before: another user may not read the caches of the tests.
    await resolve({ kind: 'auto' });
  });
  const command = () => `sudo usermod -aG video ${userInfo().username}`;

  test('is told so, with the command for him', async () => {
    device('media0', 0o000);
    const error = asOrdinaryUser(() => resolve({ kind: 'rpicam', camera: 0 }));
    await expect(error).rejects.toMatchObject({
      code: 'CAMERA_PERMISSION',
      message: `rpicam-vid sees no camera: this user may not open ${dev}/media0.`,
      hint: expect.stringContaining('sudo usermod -aG video '),
    });
  });

  test('is told so with the test pattern too', async () => {
    device('media0', 0o000);
    const { source, notices } = await asOrdinaryUser(() => resolve({ kind: 'auto' }));
    expect(source.kind).toBe('test');
    expect(notices).toMatchObject([{ code: 'TEST_PATTERN', message: expect.stringContaining('may not open') }]);
    expect(notices[0]!.hint).toContain('sudo usermod -aG video ');
  });

  test('where everything may be opened there is no camera', async () => {
    device('media0', 0o666);
    await expect(asOrdinaryUser(() => resolve({ kind: 'rpicam', camera: 0 }))).rejects.toMatchObject({ code: 'NO_CAMERA' });
  });

  test('the command names the user who runs the program', async () => {
    const { permissionError } = await import('../../../src/camera/permission.ts');
    expect(permissionError('no').hint).toContain(command());
  });
});
