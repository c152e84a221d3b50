import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readJpegHeader } from '../../src/frames/jpeg.ts';
import { ARCHITECTURE } from '../support/debian.ts';
import { needsProgram, program } from '../support/programs.ts';
import { copyRepository } from '../support/repository-copy.ts';

/** What `npm run package` makes, and the package for npm installed into an empty place: what a user gets, without this source tree. */

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const { version, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  dependencies: Record<string, string>;
};
const DEBS = ['amd64', 'arm64', 'armhf'].map((architecture) => `onvif-camera_${version}_${architecture}.deb`);
const TGZ = `onvif-camera-${version}.tgz`;
let dir: string;
const command = () => join(dir, 'prefix/bin/onvif-camera');
const control = async (deb: string, field: string) => (await run('dpkg-deb', ['--field', join(dir, deb), field])).stdout.trim();
const needsDpkg = (title: string, fn: () => Promise<void>, timeout?: number) => needsProgram('dpkg-deb', title, fn, timeout);

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'package-'));
  const targets = program('dpkg-deb') ? [] : ['npm'];
  // The time is given, as there may be no clone, and changes that no commit has.
  const env = { ...process.env, SOURCE_DATE_EPOCH: '1790000000' };
  await run(process.execPath, [join(root, 'scripts/package.mjs'), ...targets, '--out', dir], { env });
  await run('npm', ['install', '--global', '--ignore-scripts', '--prefix', join(dir, 'prefix'), join(dir, TGZ)]);
}, 300_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test('holds the program, the page, the manual, the units, what Home Assistant takes and the licences, and no source or test', async () => {
  const { stdout } = await run('tar', ['-tzf', join(dir, TGZ)]);
  const files = stdout
    .trim()
    .split('\n')
    .map((path) => path.replace('package/', ''));
  expect(files).toEqual(
    expect.arrayContaining([
      'dist/main.js',
      'dist/web/index.html',
      'dist/web/assets/page.js',
      'dist/THIRD-PARTY-LICENSES.txt',
      'deploy/onvif-camera.yaml',
      'deploy/systemd/onvif-camera.service',
      'share/onvif-camera.1',
      'share/onvif-camera.bash',
      'onvif-camera.example.yaml',
      'homeassistant/README.md',
      'homeassistant/packages/onvif_camera.yaml',
      'LICENSE',
      'README.md',
    ]),
  );
  expect(files.filter((path) => /^(src|test|bench|scripts)\//.test(path))).toEqual([]);
});

test('brings nothing along but the image library, and builds nothing', () => {
  const installed = JSON.parse(readFileSync(join(dir, 'prefix/lib/node_modules/onvif-camera/package.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  expect(installed).toMatchObject({ version, dependencies: { sharp: dependencies.sharp } });
  expect(Object.keys(installed.dependencies as object)).toEqual(['sharp']);
  expect(installed).not.toHaveProperty('scripts');
});

needsDpkg('is there for every Debian that a Pi can have, and needs nothing there but Node.js', async () => {
  for (const deb of DEBS) {
    expect(deb).toContain(await control(deb, 'Architecture'));
    // The other two are on every system.
    expect(await control(deb, 'Depends')).toBe('nodejs (>= 20.19), libc6, passwd');
    const camera = deb.includes('amd64') ? '' : 'rpicam-apps-core | rpicam-apps-lite | rpicam-apps | libcamera-apps, ';
    expect(await control(deb, 'Recommends')).toBe(`${camera}ffmpeg, util-linux (>= 2.33)`);
    const { stdout } = await run('dpkg-deb', ['--contents', join(dir, deb)]);
    expect(stdout.match(/libvips-cpp\.so/g)).toHaveLength(1);
    // Whoever built it, it is root's, and nobody else may write it.
    expect(stdout.split('\n').filter((line) => line !== '' && !/^(l|.rw.r-.r-.) ?\S* root\/root/.test(line))).toEqual([]);
  }
});

needsDpkg(
  'is the same to the byte, built from the same sources elsewhere, later and by somebody with other habits',
  async () => {
    const clone = join(dir, 'clone');
    await copyRepository(clone);
    symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'));
    const env = { ...process.env, SOURCE_DATE_EPOCH: '1790000000', TZ: 'Asia/Tokyo', LANG: 'de_DE.UTF-8' };
    const build = `umask 077; exec "$0" scripts/package.mjs npm ${ARCHITECTURE} --out again`;
    await run('sh', ['-c', build, process.execPath], { cwd: clone, env });
    for (const file of [TGZ, `onvif-camera_${version}_${ARCHITECTURE}.deb`])
      expect(readFileSync(join(clone, 'again', file)).equals(readFileSync(join(dir, file)))).toBe(true);
  },
  300_000,
);

test('names the licence of everything inside, and none of them is the GPL', () => {
  const text = readFileSync(join(dir, 'prefix/lib/node_modules/onvif-camera/dist/THIRD-PARTY-LICENSES.txt'), 'utf8');
  const licences = [...text.matchAll(/^\S+ \d\S* \((.+)\)$/gm)].map(([, licence]) => licence!);
  expect(licences.length).toBeGreaterThan(20);
  expect(licences.filter((licence) => !/^\(?(MIT|ISC|BSD|Apache-2\.0|0BSD|BlueOak)/.test(licence))).toEqual([]);
});

test('runs: takes a picture, and serves', async () => {
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
