import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readJpegHeader } from '../../src/frames/jpeg.ts';

/** The package as npm delivers it, installed into an empty place: what a user gets, without this source tree. */

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
let dir: string;
let files: string[];
const command = () => join(dir, 'prefix/bin/onvif-camera');

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'package-'));
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', dir], { cwd: root });
  const [packed] = Object.values(
    JSON.parse(stdout.slice(stdout.search(/^[[{]/m))) as Record<string, { filename: string; files: { path: string }[] }>,
  );
  files = packed!.files.map(({ path }) => path);
  await run('npm', ['install', '--global', '--ignore-scripts', '--prefix', join(dir, 'prefix'), join(dir, packed!.filename)]);
}, 180_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test('holds the program, the page, the example settings, what Home Assistant takes and the licences, and no source or test', () => {
  expect(files).toEqual(
    expect.arrayContaining([
      'dist/main.js',
      'dist/web/index.html',
      'dist/web/assets/page.js',
      'dist/THIRD-PARTY-LICENSES.txt',
      'onvif-camera.example.yaml',
      'homeassistant/README.md',
      'homeassistant/packages/onvif_camera.yaml',
      'LICENSE',
      'README.md',
    ]),
  );
  expect(files.filter((path) => /^(src|test|bench|scripts)\//.test(path))).toEqual([]);
});

test('names the licence of everything inside, and none of them is the GPL', () => {
  const text = readFileSync(join(dir, 'prefix/lib/node_modules/onvif-camera/dist/THIRD-PARTY-LICENSES.txt'), 'utf8');
  const licences = [...text.matchAll(/^\S+ \d\S* \((.+)\)$/gm)].map(([, licence]) => licence!);
  expect(licences.length).toBeGreaterThan(20);
  expect(licences.filter((licence) => !/^\(?(MIT|ISC|BSD|Apache-2\.0|0BSD|BlueOak)/.test(licence))).toEqual([]);
});

test('runs: takes a picture, and serves', async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  expect((await run(command(), ['--version'])).stdout.trim()).toBe(version);
  await run(command(), ['snapshot', 'out.jpg', '--source', 'test', '--data-dir', dir], { cwd: dir });
  expect(readJpegHeader(readFileSync(join(dir, 'out.jpg')))).toMatchObject({ width: 1280, height: 720 });

  const server = spawn(command(), ['--source', 'test', '--http-port', '0', '--rtsp-port', '0', '--bind', '127.0.0.1', '--data-dir', dir], {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let banner = '';
  for await (const text of server.stdout.setEncoding('utf8')) {
    banner += text;
    if (banner.includes('Home Assistant')) break;
  }
  const { url } = JSON.parse(readFileSync(join(dir, 'server.json'), 'utf8')) as { url: string };
  expect(await (await fetch(`${url}/healthz`)).json()).toMatchObject({ status: 'ok', version });
  expect(await (await fetch(`${url}/login`)).text()).toContain('password');
  server.kill('SIGTERM');
  expect((await once(server, 'close'))[0]).toBe(0);
}, 60_000);
