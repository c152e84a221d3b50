// The package for `npm install --global`: what the build made, with the one library that cannot be bundled as its dependency.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { copy, put, settle } from './tree.mjs';

/** Files and folders of the repository that users get besides the program. */
export const EXTRAS = ['README.md', 'CHANGELOG.md', 'SECURITY.md', 'docs', 'homeassistant', 'onvif-camera.example.yaml'];
/** Folders that the program needs to run: itself, the descriptions of its services, and what it installs as a service. */
export const PROGRAM = ['dist', 'wsdl', 'deploy'];
/** Returns whether a file of these is for building alone. */
export const WITHOUT = (path) => /\/dist\/\.built-from$|\/deploy\/debian$/.test(path);

/** Returns the package.json of what is installed. */
export function manifestOf(root, additions = {}) {
  const { name, version, description, license, author, repository, type, engines, bin, keywords, dependencies } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const manifest = { name, version, description, license, author, repository, type, engines, bin, keywords, ...additions };
  return { ...manifest, dependencies: { sharp: dependencies.sharp } };
}

/** Makes the package. @returns the path of the .tgz */
export function buildNpmPackage({ root, work, out, version, time, shell }) {
  const stage = join(work, 'package');
  for (const part of [...PROGRAM, 'LICENSE', ...EXTRAS])
    if (existsSync(join(root, part))) copy(join(root, part), join(stage, part), WITHOUT);
  copy(shell.manual, join(stage, 'share/onvif-camera.1'));
  copy(shell.bash, join(stage, 'share/onvif-camera.bash'));
  copy(shell.zsh, join(stage, 'share/_onvif-camera'));
  put(join(stage, 'package.json'), `${JSON.stringify(manifestOf(root, { man: ['share/onvif-camera.1'] }), null, 2)}\n`);
  settle(stage, time, (path) => path === join(stage, 'dist/main.js'));
  execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', out], {
    cwd: stage,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return join(out, `onvif-camera-${version}.tgz`);
}
