// The image library for another machine than this one: its packages as the lock file has them, checked against its hashes.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ARCHITECTURES } from './deb.mjs';

/**
 * Fetches sharp for Debian's architectures, from npm's registry or npm's cache.
 * @returns the folder that is its node_modules, by architecture
 */
export function fetchImageLibraries(root, work, architectures) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const wanted = new Map(architectures.map((architecture) => [architecture, needed(packages, ARCHITECTURES[architecture].sharp)]));
  const specs = new Set([...wanted.values()].flat().map(specOf));
  const archives = join(work, 'archives');
  mkdirSync(archives, { recursive: true });
  execFileSync('npm', ['pack', '--silent', '--pack-destination', archives, ...specs], {
    cwd: archives,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const unpack = (modules, [place, { version, integrity }]) => {
    const name = nameOf(place);
    const archive = join(archives, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
    const [algorithm, hash] = integrity.split(/-(.*)/s);
    if (createHash(algorithm).update(readFileSync(archive)).digest('base64') !== hash)
      throw new Error(`${name} ${version} is not what package-lock.json has: its hash is another.`);
    const target = join(modules, place);
    mkdirSync(target, { recursive: true });
    execFileSync('tar', ['-xzf', archive, '-C', target, '--strip-components=1', '--no-same-owner']);
  };
  return Object.fromEntries(
    [...wanted].map(([architecture, list]) => {
      const dir = join(work, `image-library-${architecture}`);
      for (const each of list) unpack(dir, each);
      return [architecture, join(dir, 'node_modules')];
    }),
  );
}

const nameOf = (place) => place.split('node_modules/').at(-1);
const specOf = ([place, { version }]) => `${nameOf(place)}@${version}`;

/** Returns sharp and what it needs on one platform ("linux-arm64"), as they lie in node_modules: [place, entry of the lock file]. */
function needed(packages, platform) {
  const found = new Map();
  const take = (name, from) => {
    // As Node.js looks for it: next to the package that needs it, then further out.
    const place = [`${from}/node_modules/${name}`, `node_modules/${name}`].find((each) => packages[each]);
    if (!place) throw new Error(`package-lock.json lacks ${name}, which the image library needs for ${platform}.`);
    if (found.has(place)) return;
    found.set(place, packages[place]);
    for (const dependency of Object.keys(packages[place].dependencies ?? {})) take(dependency, place);
  };
  take('sharp', '');
  take(`@img/sharp-${platform}`, '');
  take(`@img/sharp-libvips-${platform}`, '');
  return [...found];
}
