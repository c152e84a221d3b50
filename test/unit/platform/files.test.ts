import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  checkPrivateDirectory,
  directoryError,
  FileTooLargeError,
  readOwnFile,
  removeDrafts,
  UnsafeFileError,
  writeFileAtomically,
} from '../../../src/platform/files.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

/** Giving files to others takes root: left out, with a message, without it; failing in CI. */
const asRoot = (title: string, fn: () => void) => {
  const isRoot = process.getuid?.() === 0;
  const run = isRoot || process.env.CI !== undefined ? test : test.skip;
  run(isRoot ? title : `${title} (needs root)`, fn);
};
const SOMEBODY = 12_345;

let dir: string;
let path: string;
const mode = (file: string) => statSync(file).mode & 0o7777;
const read = (options: { makePrivate?: boolean } = {}) => readOwnFile(path, { maxBytes: 100, ...options });

beforeEach(() => {
  dir = makeTempDir();
  path = join(dir, 'state.json');
});

describe('readOwnFile', () => {
  test('gives the text, and nothing where there is no file', () => {
    expect(read()).toBeUndefined();
    writeFileSync(path, 'é'.repeat(50));
    expect(read()).toEqual({ text: 'é'.repeat(50), exposed: false });
  });

  test('a file with a byte too many is not read', () => {
    writeFileSync(path, 'x'.repeat(101));
    expect(() => read()).toThrow(FileTooLargeError);
  });

  test('a file without a size that it tells is not read beyond the limit either', () => {
    // What /proc shows has 0 bytes, and more to read.
    expect(() => readOwnFile('/proc/self/mounts', { maxBytes: 10 })).toThrow(FileTooLargeError);
  });

  test('others lose what they may do with it, only where that is asked for', () => {
    writeFileSync(path, 'x');
    chmodSync(path, 0o664);
    read();
    expect(mode(path)).toBe(0o664);
    expect(read({ makePrivate: true })).toEqual({ text: 'x', exposed: false });
    expect(mode(path)).toBe(0o600);
  });

  test('a link is not followed, and what it leads to keeps its mode', () => {
    const other = join(dir, 'other');
    writeFileSync(other, 'x');
    chmodSync(other, 0o644);
    symlinkSync(other, path);
    expect(() => read({ makePrivate: true })).toThrow(new UnsafeFileError(`${path} is a symbolic link`));
    expect(mode(other)).toBe(0o644);
    rmSync(path);
    symlinkSync(join(dir, 'nowhere'), path);
    expect(() => read()).toThrow(UnsafeFileError);
  });

  test('a named pipe into which nobody writes holds nothing up', () => {
    execFileSync('mkfifo', [path]);
    expect(() => read()).toThrow(new UnsafeFileError(`${path} is no regular file`));
  });

  test.each(['a directory', 'a device'])('%s is refused', (what) => {
    if (what === 'a directory') mkdirSync(path);
    else path = '/dev/zero';
    expect(() => read()).toThrow(UnsafeFileError);
  });

  asRoot('the file of another user is refused; root reads what belongs to the owner of the directory', () => {
    writeFileSync(path, 'x');
    chownSync(path, SOMEBODY, SOMEBODY);
    expect(() => read()).toThrow(/belongs to another user \(uid 12345\)/);
    chownSync(dir, SOMEBODY, SOMEBODY);
    expect(read()?.text).toBe('x');
  });

  test('a backup that is a hard link is no harm', () => {
    writeFileSync(path, 'x');
    linkSync(path, join(dir, 'backup'));
    expect(read()?.text).toBe('x');
  });
});

describe('writeFileAtomically', () => {
  test('replaces the file by another one, so that whoever reads has the old or the new', () => {
    writeFileAtomically(path, 'old');
    const { ino } = statSync(path);
    writeFileAtomically(path, 'new');
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(statSync(path).ino).not.toBe(ino);
    expect(mode(path)).toBe(0o600);
  });

  test('a megabyte arrives whole', () => {
    const text = 'é'.repeat(500_000);
    writeFileAtomically(path, text);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  test('replaces a link rather than what it leads to', () => {
    const other = join(dir, 'other');
    writeFileSync(other, 'theirs');
    symlinkSync(other, path);
    writeFileAtomically(path, 'ours');
    expect(readFileSync(other, 'utf8')).toBe('theirs');
    expect(lstatSync(path).isFile()).toBe(true);
  });

  test('what stands where a temporary file might be is no obstacle', () => {
    mkdirSync(`${path}.new`);
    writeFileAtomically(path, 'all of it');
    expect(readFileSync(path, 'utf8')).toBe('all of it');
  });

  test('leaves nothing behind where it fails, however often', () => {
    mkdirSync(join(path, 'in the way'), { recursive: true });
    for (let k = 0; k < 3; k++) expect(() => writeFileAtomically(path, 'x')).toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
    expect(readdirSync(dir)).toEqual(['state.json']);
  });
});

test('what crashes left is removed, and nothing else', () => {
  for (const name of ['state.json.0123456789abcdef.new', 'server.json.fedcba9876543210.new', 'state.json', 'mine.new', 'state.json.new'])
    writeFileSync(join(dir, name), '');
  mkdirSync(join(dir, 'a.json.0123456789abcdef.new'));
  removeDrafts(dir);
  expect(readdirSync(dir).sort()).toEqual(['a.json.0123456789abcdef.new', 'mine.new', 'state.json', 'state.json.new']);
  removeDrafts(join(dir, 'missing'));
});

describe('checkPrivateDirectory', () => {
  test.each([
    [0o700, undefined],
    [0o755, undefined],
    [0o1777, undefined],
    [0o770, /its group can write .*chmod g-w/i],
  ])('mode %o', (bits, expected) => {
    chmodSync(dir, bits);
    if (expected) expect(checkPrivateDirectory(dir)).toMatch(expected);
    else expect(checkPrivateDirectory(dir)).toBeUndefined();
  });

  test.each([0o777, 0o702])('mode %o is refused', (bits) => {
    chmodSync(dir, bits);
    expect(() => checkPrivateDirectory(dir)).toThrow(UnsafeFileError);
  });

  asRoot('that of another user is refused', () => {
    chownSync(dir, SOMEBODY, SOMEBODY);
    expect(() => checkPrivateDirectory(dir)).toThrow(/belongs to another user \(uid 12345\)/);
    expect(checkPrivateDirectory(dir, SOMEBODY)).toBeUndefined();
  });

  test('it may be a link, as systemd makes one', () => {
    const link = join(makeTempDir(), 'link');
    symlinkSync(dir, link);
    expect(checkPrivateDirectory(link)).toBeUndefined();
  });
});

test.each([
  ['ENOSPC', 'DISK_FULL', /df -h/],
  ['EDQUOT', 'DISK_FULL', /df -i/],
  ['EROFS', 'DISK_READ_ONLY', /dmesg/],
  ['EMFILE', 'TOO_MANY_FILES', /LimitNOFILE/],
  ['ENFILE', 'TOO_MANY_FILES', /ulimit -n/],
  ['EACCES', 'DATA_DIR', /--data-dir/],
])('%s is told as %s, with a step of its own', (code, expected, hint) => {
  const error = directoryError('The state cannot be written', Object.assign(new Error(`${code}: no`), { code }));
  expect(error).toMatchObject({ code: expected, hint: expect.stringMatching(hint), message: `The state cannot be written: ${code}: no` });
});

test('what is not ours alone is told with what to do about it', () => {
  expect(directoryError('No', new UnsafeFileError('it is a link'))).toMatchObject({
    code: 'DATA_DIR',
    hint: expect.stringContaining('chown'),
    message: 'No: it is a link',
  });
});
