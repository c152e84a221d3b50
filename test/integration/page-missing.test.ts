import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { MAIN } from '../support/server.ts';
import { makeTempDir } from '../support/temp-dir.ts';

test('without a file of its page the program says so at the start, and ends', () => {
  const dir = makeTempDir();
  const dist = dirname(MAIN);
  cpSync(dist, join(dir, 'dist'), { recursive: true });
  cpSync(join(dist, '../package.json'), join(dir, 'package.json'));
  rmSync(join(dir, 'dist/web/assets/page.js'));
  const args = [
    '--data-dir',
    join(dir, 'data'),
    '--http-port',
    '0',
    '--rtsp-port',
    '0',
    '--bind',
    '127.0.0.1',
    '--source',
    'test',
    '--h264',
    'off',
  ];
  const { status, stderr } = spawnSync(process.execPath, [join(dir, 'dist/main.js'), ...args], {
    cwd: dir,
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(stderr).toContain(`The files of the web page are not complete in ${join(dir, 'dist/web/')}: there is no assets/page.js.`);
  expect(stderr).toContain('npm run build');
  expect(status).toBe(1);
});
