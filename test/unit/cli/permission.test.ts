import { chmodSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { explainPermission } from '../../../src/cli/permission.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

/** As Node.js reports it; whether the system refuses depends on who runs the test. */
const refusal = (path: string, syscall = 'open', code = 'EACCES') =>
  Object.assign(new Error(`${code}: permission denied, ${syscall} '${path}'`), { code, syscall, path });
const me = userInfo().username;
const who = `This program runs as the user ${me}, who may not`;

describe('who may not do what', () => {
  test('to a file that is there: the file, its owner and its mode', () => {
    const file = join(makeTempDir(), 'settings.yaml');
    writeFileSync(file, '');
    chmodSync(file, 0o640);
    const owner = process.getuid?.() === 0 ? 'root' : me;
    expect(explainPermission(refusal(file))).toBe(`${who} use ${file}, which belongs to ${owner} (mode 640).`);
  });

  test('to a file that is to be made, and below directories that are to be made: the last directory that is there', () => {
    const dir = makeTempDir();
    const inner = join(dir, 'inner');
    mkdirSync(inner);
    chmodSync(inner, 0o755);
    for (const path of [join(inner, 'state.json'), join(inner, 'a', 'b')])
      for (const syscall of ['open', 'mkdir']) {
        const told = explainPermission(refusal(path, syscall));
        expect(told).toContain(`${who} write in ${inner}, which belongs to `);
        expect(told).toContain('(mode 755)');
      }
  });

  test('is told of the operations on files alone, and of no other error', () => {
    const file = join(makeTempDir(), 'x');
    expect(explainPermission(refusal(file, 'open', 'EPERM'))).toBeDefined();
    for (const code of ['ENOENT', 'ENOSPC', 'EROFS', 'EISDIR']) expect(explainPermission(refusal(file, 'open', code))).toBeUndefined();
    for (const syscall of ['listen', 'bind', 'spawn', 'connect']) expect(explainPermission(refusal(file, syscall))).toBeUndefined();
    for (const error of [undefined, null, 'EACCES', new Error('EACCES'), { code: 'EACCES', syscall: 'open' }])
      expect(explainPermission(error)).toBeUndefined();
  });

  test('as the system refuses it: a directory that one may not look into', () => {
    const closed = join(makeTempDir(), 'closed');
    mkdirSync(closed);
    chmodSync(closed, 0o000);
    let told: string | undefined = 'not refused';
    try {
      openSync(join(closed, 'state.json'), 'r');
    } catch (error) {
      told = explainPermission(error);
    }
    chmodSync(closed, 0o700);
    // Root may look into everything, and finds nothing there.
    expect(told).toBe(process.getuid?.() === 0 ? undefined : `${who} look into ${closed}, which belongs to ${me} (mode 0).`);
  });
});
