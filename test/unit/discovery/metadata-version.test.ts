import { describe, expect, test } from '@jest/globals';
import { AppError } from '../../../src/core/errors.ts';
import { MetadataVersions, nextMetadata } from '../../../src/discovery/metadata-version.ts';
import { FakeClock } from '../../support/fake-clock.ts';

test('the metadata version rises with every change of the description, and only then', () => {
  const first = nextMetadata(undefined, ['a', 'b']);
  expect(first.version).toBe(1);
  expect(nextMetadata(first, ['a', 'b'])).toBe(first);
  const second = nextMetadata(first, ['a b']);
  expect(second.version).toBe(2);
  expect(nextMetadata(second, ['a', 'b']).version).toBe(3);
});

describe('MetadataVersions', () => {
  test('what was stored goes on, and what changes is stored', () => {
    const kept: unknown[] = [];
    const stored = nextMetadata(undefined, ['a']);
    const versions = new MetadataVersions({ stored, store: (metadata) => kept.push(metadata), clock: new FakeClock(), log: { warn() {} } });
    expect([versions.next(['a']), versions.next(['b']), versions.next(['b'])]).toEqual([1, 2, 2]);
    expect(kept).toEqual([nextMetadata(stored, ['b'])]);
  });

  test('a disk that takes nothing: the version rises all the same, and it is said once', () => {
    const lines: string[] = [];
    let tries = 0;
    const store = () => {
      tries++;
      throw new AppError('DATA_DIR', 'The state cannot be written to /x: ENOSPC.');
    };
    const versions = new MetadataVersions({ stored: undefined, store, clock: new FakeClock(), log: { warn: (line) => lines.push(line) } });
    expect([versions.next(['a']), versions.next(['a']), versions.next(['b']), versions.next(['b'])]).toEqual([1, 1, 2, 2]);
    expect(tries).toBe(2);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('ENOSPC. Give a directory that this user can write with --data-dir. The camera is announced all the same');
  });
});
