import { mkdirSync, readdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from '@jest/globals';
import { UsedTokensFile } from '../../../src/config/used-tokens-file.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

const CONTENT = {
  orderly: true,
  bootId: 'b',
  bootedAt: 123.5,
  users: [{ name: '__proto__', lead: 0, ranges: [[1, 2]], seen: [['hash', 3]] }],
} as const;

let dir: string;
let path: string;
beforeEach(() => {
  dir = makeTempDir();
  path = join(dir, 'used-tokens.json');
});

test('there is none at first; what is written is read again', async () => {
  const file = new UsedTokensFile(dir);
  expect(file.read()).toBeUndefined();
  await file.write(CONTENT);
  expect(file.read()).toMatchObject(CONTENT);
  await file.write({ orderly: false, bootedAt: 0, users: [] });
  expect(file.read()).toEqual({ version: 1, orderly: false, bootedAt: 0, users: [] });
});

test('what the disk does not take is known until it takes something', async () => {
  mkdirSync(path);
  const file = new UsedTokensFile(dir);
  await expect(file.write(CONTENT)).rejects.toThrow(path);
  expect(file.read()).toBe(CONTENT);
  rmdirSync(path);
  await file.write({ orderly: false, bootedAt: 0, users: [] });
  expect(file.read()).toEqual({ version: 1, orderly: false, bootedAt: 0, users: [] });
});

test('is for this user alone, and leaves nothing else behind, not even after a write that failed', async () => {
  mkdirSync(path);
  await expect(new UsedTokensFile(dir).write(CONTENT)).rejects.toThrow(path);
  expect(readdirSync(dir)).toEqual(['used-tokens.json']);
  rmdirSync(path);
  await new UsedTokensFile(dir).write(CONTENT);
  expect(readdirSync(dir)).toEqual(['used-tokens.json']);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test.each([
  ['nothing', ''],
  ['half of it', '{"version": 1, "ord'],
  ['another version', JSON.stringify({ ...CONTENT, version: 2 })],
  ['a time that is none', JSON.stringify({ version: 1, ...CONTENT, users: [{ ...CONTENT.users[0], ranges: [['a', 1]] }] })],
])('%s is damaged', (_, text) => {
  writeFileSync(path, text);
  expect(new UsedTokensFile(dir).read()).toBe('damaged');
});

test('where it cannot be read it counts as damaged, where it cannot be written the error says what to do', async () => {
  mkdirSync(path);
  const file = new UsedTokensFile(dir);
  expect(file.read()).toBe('damaged');
  await expect(file.write(CONTENT)).rejects.toMatchObject({
    code: 'DATA_DIR',
    message: expect.stringContaining(path),
    hint: expect.stringContaining('--data-dir'),
  });
  expect(new UsedTokensFile(dir).read()).toBe('damaged');
  expect(file.read()).toBe(CONTENT);
  await expect(new UsedTokensFile(join(dir, 'missing')).write(CONTENT)).rejects.toMatchObject({ code: 'DATA_DIR' });
});
