import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { PictureCache } from '../../../src/camera/images/picture-cache.ts';
import { allocateBuffer, type Picture } from '../../../src/frames/frame.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { eventually } from '../../support/server.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

const MIB = 1024 * 1024;
const pictureOf = (size: number): Picture => ({ buffer: allocateBuffer(size), size, width: 8, height: 8 });

let dir: string;
let clock: FakeClock;
let cache: PictureCache;
const keep = (name: string, size = 100) => cache.keep(name, pictureOf(size), cache.version);

beforeEach(() => {
  dir = makeTempDir();
  clock = new FakeClock();
  cache = new PictureCache(dir, clock);
});
afterEach(() => cache.close());

test('gives copies of what it has, for ten seconds', () => {
  keep('a');
  const [one, other] = [cache.get('a')!, cache.get('a')!];
  expect(one).toMatchObject({ size: 100, width: 8, height: 8 });
  expect(one.buffer.buffer).not.toBe(other.buffer.buffer);
  clock.advance(10_001);
  expect(cache.get('a')).toBeUndefined();
});

test('a folder that is too large is not kept, nor tried again before something in it changes', async () => {
  keep('a', 40 * MIB);
  keep('b', 40 * MIB);
  expect(cache.get('a')).toBeUndefined();
  clock.advance(10_001);
  cache.get('a');
  keep('a', 40 * MIB);
  expect(cache.get('a')).toBeUndefined();
  const { version } = cache;
  writeFileSync(join(dir, 'c.jpg'), '');
  await eventually(() => cache.version !== version, 'the change is told');
  keep('a', 40 * MIB);
  expect(cache.get('a')).toBeDefined();
});

test('what was read before a change is not kept', async () => {
  const { version } = cache;
  writeFileSync(join(dir, 'a.jpg'), '');
  await eventually(() => cache.version !== version, 'the change is told');
  cache.keep('a', pictureOf(100), version);
  expect(cache.get('a')).toBeUndefined();
});
