// `npm run package`: what users install, in packages/: the .deb of every architecture and the .tgz for `npm install --global`.
// `npm run package -- arm64 npm` makes some of them, `--out DIR` puts them elsewhere. The same commit gives the same bytes, with the same versions of Node.js,
// npm and dpkg: times are the commit's, orders and modes are fixed.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ARCHITECTURES, buildDeb } from './package/deb.mjs';
import { buildNpmPackage } from './package/npm.mjs';
import { fetchImageLibraries } from './package/sharp.mjs';
import { writeShellFiles } from './package/shell.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const all = ['npm', ...Object.keys(ARCHITECTURES)];
const { values, positionals: asked } = parseArgs({ options: { out: { type: 'string' } }, allowPositionals: true });
const out = resolve(values.out ?? join(root, 'packages'));

const fail = (message) => {
  console.error(message);
  process.exit(1);
};
const say = (line) => console.error(line);

/** Returns when the commit was made, seconds since the Unix epoch. */
function timeOfCommit() {
  if (process.env.SOURCE_DATE_EPOCH) return Number(process.env.SOURCE_DATE_EPOCH);
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    if (git('status', '--porcelain') !== '') say('Beware: there are changes that no commit has; they are in the packages, too.');
    return Number(git('log', '-1', '--format=%ct'));
  } catch {
    return fail('This is no clone of the repository: set SOURCE_DATE_EPOCH to the time that the files are to have, in seconds since 1970.');
  }
}

const wrong = asked.find((target) => !all.includes(target));
if (wrong !== undefined) fail(`There is no package "${wrong}": it makes ${all.join(', ')}, or all of them if none is named.`);
const targets = asked.length > 0 ? asked : all;
const architectures = targets.filter((target) => target !== 'npm');
if (architectures.length > 0) {
  try {
    execFileSync('dpkg-deb', ['--version'], { stdio: 'ignore' });
  } catch {
    fail('A .deb is built by dpkg-deb, which every Debian, Raspberry Pi OS and Ubuntu has. Elsewhere: npm run package -- npm');
  }
}

const started = Date.now();
const time = timeOfCommit();
execFileSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: 'inherit' });
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const work = mkdtempSync(join(tmpdir(), 'onvif-camera-packages-'));
try {
  mkdirSync(out, { recursive: true });
  const shell = await writeShellFiles(root, join(work, 'shell'), { version, time });
  if (architectures.length > 0) say(`Fetching the image library for ${architectures.join(', ')} …`);
  const libraries = architectures.length > 0 ? fetchImageLibraries(root, work, architectures) : {};
  for (const target of targets) {
    const context = { root, work: join(work, target), out, version, time, shell };
    mkdirSync(context.work);
    say(target === 'npm' ? 'Packing for npm …' : `Packing for ${target} …`);
    const file = target === 'npm' ? buildNpmPackage(context) : buildDeb({ ...context, architecture: target, library: libraries[target] });
    say(`  ${relative(process.cwd(), file)}  ${(statSync(file).size / 1e6).toFixed(1)} MB`);
  }
  say(`Done in ${((Date.now() - started) / 1000).toFixed(0)} s.`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
