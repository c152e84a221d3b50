import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { lockState } from '../../../src/config/state-lock.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

let dir: string;
let path: string;

/** When a process began, as the lock has it. */
const beginOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')[19];
const heldBy = (pid: number, began = beginOf(pid)) => writeFileSync(path, JSON.stringify({ pid, began }), { mode: 0o600 });
const take = async (waitMs = 0) => {
  const result = await lockState(dir, waitMs);
  return typeof result === 'function' ? { unlock: result } : result;
};

beforeEach(() => {
  dir = join(makeTempDir(), 'data');
  mkdirSync(dir);
  path = join(dir, 'state.lock');
});

describe('the lock of the state', () => {
  test('says whose it is, for the owner alone, and is gone when it is given back', async () => {
    const taken = await take();
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ pid: process.pid, began: beginOf(process.pid) });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    if ('unlock' in taken) taken.unlock();
    expect(existsSync(path)).toBe(false);
  });

  test('makes the directory', async () => {
    dir = join(dir, 'deeper');
    expect(await take()).toHaveProperty('unlock');
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });

  test('of a process that runs is not taken', async () => {
    heldBy(process.ppid);
    expect(await take()).toEqual({ pid: process.ppid });
    expect(await take(100)).toEqual({ pid: process.ppid });
  });

  test('is waited for', async () => {
    heldBy(process.ppid);
    setTimeout(() => rmSync(path), 120);
    expect(await take(5000)).toHaveProperty('unlock');
  });

  test('waiting ends when somebody wants to stop', async () => {
    heldBy(process.ppid);
    const stop = new AbortController();
    const result = lockState(dir, 60_000, stop.signal);
    stop.abort();
    expect(await result).toEqual({ pid: process.ppid });
  });

  test.each<[string, () => void]>([
    ['a process that is gone', () => heldBy(spawnSync(process.execPath, ['-e', '']).pid, '1')],
    ['another process of that number', () => heldBy(process.ppid, '1')],
    ['an earlier process of our own number', () => heldBy(process.pid, '1')],
    [
      'a crash that cut it off',
      () => {
        writeFileSync(path, '{"pid":');
        utimesSync(path, 0, 0);
      },
    ],
    [
      'a crash, dated later than the clock is now',
      () => {
        writeFileSync(path, '{"pid":');
        utimesSync(path, Date.now() / 1000 + 3600, Date.now() / 1000 + 3600);
      },
    ],
  ])('of %s does not count', async (_whose, leave) => {
    leave();
    expect(await take()).toHaveProperty('unlock');
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid });
  });

  test('of a process that is gone is removed by one at a time', async () => {
    heldBy(process.ppid, '1');
    const before = readFileSync(path, 'utf8');
    // As another process that removes it at this moment has it.
    const turn = `${path}.turn`;
    writeFileSync(turn, '');
    expect(await take()).not.toHaveProperty('unlock');
    expect(readFileSync(path, 'utf8')).toBe(before);
    // It has crashed.
    utimesSync(turn, 0, 0);
    expect(await take(5000)).toHaveProperty('unlock');
    expect(existsSync(turn)).toBe(false);
  });

  test('that is just being written counts', async () => {
    writeFileSync(path, '');
    expect(await take()).not.toHaveProperty('unlock');
  });

  test('leads nowhere else', async () => {
    const target = join(dir, 'target');
    symlinkSync(target, path);
    const taken = await take();
    if ('unlock' in taken) taken.unlock();
    expect(existsSync(target)).toBe(false);
  });

  test('where none can be kept there is none', async () => {
    writeFileSync(join(dir, 'file'), '');
    dir = join(dir, 'file');
    expect(await take()).toHaveProperty('unlock');
  });
});
