import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { findProgram } from '../../../src/platform/programs.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

let first: string;
let second: string;

function install(dir: string, name: string, mode = 0o755): string {
  const path = join(dir, name);
  writeFileSync(path, '#!/bin/sh\n');
  chmodSync(path, mode);
  return path;
}

beforeEach(() => {
  [first, second] = [makeTempDir(), makeTempDir()];
});

describe('findProgram', () => {
  test('looks through the search path in its order', () => {
    const searchPath = `${first}:${join(first, 'missing')}:${second}`;
    expect(findProgram('capture', searchPath)).toBeUndefined();
    const later = install(second, 'capture');
    expect(findProgram('capture', searchPath)).toBe(later);
    const earlier = install(first, 'capture');
    expect(findProgram('capture', searchPath)).toBe(earlier);
  });

  test('passes over what cannot be run: directories, files without the permission, links to nowhere', () => {
    mkdirSync(join(first, 'capture'));
    install(first, 'plain', 0o644);
    symlinkSync(join(first, 'nowhere'), join(first, 'link'));
    for (const name of ['capture', 'plain', 'link', '']) expect(findProgram(name, first)).toBeUndefined();
    const real = install(second, 'capture');
    expect(findProgram('capture', `${first}:${second}`)).toBe(real);
  });

  test('follows a link', () => {
    install(first, 'real');
    symlinkSync(join(first, 'real'), join(second, 'link'));
    expect(findProgram('link', second)).toBe(join(second, 'link'));
  });

  test('a name with a slash names the place, whatever the search path says', () => {
    const path = install(first, 'capture');
    install(second, 'capture');
    expect(findProgram(path, second)).toBe(path);
    expect(findProgram(relative(process.cwd(), path), second)).toBe(path);
    expect(findProgram(join(first, 'missing'), first)).toBeUndefined();
  });

  test('the path found is a full one', () => {
    const path = install(first, 'capture');
    expect(findProgram('capture', relative(process.cwd(), first))).toBe(path);
  });

  test('the working directory is no place to look, unless it is named', () => {
    install(second, 'local');
    const before = process.cwd();
    process.chdir(second);
    try {
      for (const searchPath of ['', ':', `::${first}:`]) expect(findProgram('local', searchPath)).toBeUndefined();
      expect(findProgram('local', '.')).toBe(join(process.cwd(), 'local'));
    } finally {
      process.chdir(before);
    }
    const path = install(first, 'capture');
    expect(findProgram('capture', `:${first}`)).toBe(path);
  });
});
