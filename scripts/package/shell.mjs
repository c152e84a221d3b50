// The manual page and the shells' completions, made of the program's own tables of commands and settings.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { put } from './tree.mjs';

/** Writes these files into a folder. Resolves with their paths. @param time seconds since the Unix epoch */
export async function writeShellFiles(root, dir, { version, time }) {
  // Node.js 20 does not read TypeScript.
  const module = join(dir, 'shell-files.mjs');
  await build({
    absWorkingDir: root,
    entryPoints: ['scripts/package/shell-files.ts'],
    outfile: module,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'bundle',
    external: ['sharp'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'warning',
  });
  const { shellFiles } = await import(pathToFileURL(module).href);
  const texts = shellFiles(version, time);
  const paths = Object.fromEntries(Object.keys(texts).map((name) => [name, join(dir, name)]));
  for (const [name, text] of Object.entries(texts)) put(paths[name], text);
  return paths;
}
