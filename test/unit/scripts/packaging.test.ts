import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

/** What installing relies on, and what a change of something else would break without anybody noticing. */

const ROOT = join(import.meta.dirname, '../../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const manifest = JSON.parse(read('package.json')) as {
  repository: { url: string };
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
};

/** The packages that files of these folders import. */
function packagesOf(...dirs: readonly string[]): string[] {
  const files = dirs.flatMap((dir) => (readdirSync(join(ROOT, dir), { recursive: true }) as string[]).map((file) => join(dir, file)));
  const names = files
    .filter((file) => /\.(ts|mjs)$/.test(file))
    .flatMap((file) =>
      [...read(file).matchAll(/(?:^import |^(?:import|export|\}) .*from |\bimport\()'([^'\n]+)'/gm)].map(([, name]) => name!),
    )
    .filter((name) => !/^(\.|node:)/.test(name));
  return [
    ...new Set(
      names.map((name) =>
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
      ),
    ),
  ].sort();
}

test('what runs from source is a dependency, and nothing else is: `npm ci --omit=dev` is enough', () => {
  expect(packagesOf('src', 'scripts')).toEqual(Object.keys(manifest.dependencies).sort());
});

test('the lock file names no registry, and has the image library for every machine that gets a package', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, { resolved?: string; integrity?: string }> };
  expect(Object.values(packages).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
  for (const platform of ['linux-x64', 'linux-arm64', 'linux-arm'])
    for (const name of [`@img/sharp-${platform}`, `@img/sharp-libvips-${platform}`])
      expect(packages[`node_modules/${name}`]?.integrity).toMatch(/^sha512-/);
});

test('the lock file keeps the image library for WebAssembly from Linux', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, { os?: string[] }> };
  // It does not say itself that it is for others, and npm 9 and 10 would bring its 9 MB along. After an update: write it in again.
  expect(packages['node_modules/@img/sharp-wasm32']?.os).toEqual(['freebsd']);
});

test('every line with `git clone` has the address of package.json (`npm run repository -- URL` changes them all)', () => {
  const pages = [
    'README.md',
    ...(readdirSync(join(ROOT, 'docs')) as string[]).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
  ];
  const addresses = pages.flatMap((page) =>
    [...read(page).matchAll(/git clone ([^\s`]+)/g)].map(([, address]) => address!.replace(/\.git$/, '')),
  );
  expect(addresses).toContain(manifest.repository.url.replace(/^git\+|\.git$/g, ''));
  expect(new Set(addresses).size).toBe(1);
});
