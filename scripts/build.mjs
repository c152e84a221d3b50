// Builds dist/: the program as one bundle (a Pi loads one file from its SD card instead of two hundred, and needs a
// third less memory), the page, and the licences of what is inside.
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, 'dist');
rmSync(out, { recursive: true, force: true });

// What would stay in memory for nothing. body-parser brings iconv-lite with charsets of all the world, half a megabyte; the
// only bodies read as text are UTF-8 (forms, SOAP), and asking for one of those charsets fails as any unknown one does.
// express brings 2,500 media types; we serve these. pino brings worker threads for writing logs; ours are few.
const MEDIA_TYPES =
  /^(text\/(html|css|plain|javascript|xml)|application\/(json|javascript|xml|soap\+xml|x-www-form-urlencoded|octet-stream)|image\/(jpeg|png|svg\+xml))$/;
/** What is replaced, by a pattern of its path, and by what. */
const STUBS = [
  [/iconv-lite[/\\]encodings[/\\][sd]bcs-.*\.js$/, 'module.exports = {};'],
  [/pino[/\\]lib[/\\]transport\.js$/, 'module.exports = undefined;'],
];
/** What has replaced nothing yet: a stub that matches nothing any more has to be looked at. */
const unmatched = new Set([...STUBS.map(([pattern]) => String(pattern)), 'worker_threads', 'mime-db']);
const withoutBallast = {
  name: 'without-ballast',
  setup({ onLoad, onResolve, onEnd }) {
    for (const [filter, contents] of STUBS)
      onLoad({ filter }, () => {
        unmatched.delete(String(filter));
        return { contents };
      });
    onResolve({ filter: /^worker_threads$/ }, ({ path }) => ({ path, namespace: 'without' }));
    onLoad({ filter: /./, namespace: 'without' }, ({ path }) => {
      unmatched.delete(path);
      return { contents: 'exports.isMainThread = true;' };
    });
    onLoad({ filter: /mime-db[/\\]db\.json$/ }, ({ path }) => {
      unmatched.delete('mime-db');
      const served = Object.entries(JSON.parse(readFileSync(path, 'utf8'))).filter(([type]) => MEDIA_TYPES.test(type));
      return { contents: JSON.stringify(Object.fromEntries(served)), loader: 'json' };
    });
    onEnd(() => ({ errors: [...unmatched].map((stub) => ({ text: `The stub for ${stub} replaces nothing any more: is it needed?` })) }));
  },
};

const { metafile } = await build({
  absWorkingDir: root,
  // main.ts loads start.ts once it knows that this version of Node.js is new enough.
  entryPoints: ['src/main.ts', 'src/start.ts'],
  outdir: 'dist',
  chunkNames: 'lib/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external: ['sharp'],
  plugins: [withoutBallast],
  legalComments: 'none',
  // Not the names, so that stacks stay readable. The source text stays in memory while the program runs.
  minifyWhitespace: true,
  minifySyntax: true,
  metafile: true,
  // CommonJS packages inside the bundle call require().
  banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  logLevel: 'warning',
});
chmodSync(join(out, 'main.js'), 0o755);

await build({
  absWorkingDir: root,
  entryPoints: { page: 'src/web/page/main.ts', login: 'src/web/page/login.ts', 'stream-worker': 'src/web/page/stream-worker.ts' },
  outdir: 'dist/web/assets',
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  minify: true,
  logLevel: 'warning',
});
const statics = join(root, 'src/web/static');
mkdirSync(join(out, 'web/assets'), { recursive: true });
for (const file of readdirSync(statics)) cpSync(join(statics, file), join(out, 'web', file.endsWith('.html') ? '' : 'assets', file));

const packages = new Set(
  Object.keys(metafile.inputs).flatMap((input) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? []),
);
const notices = [...packages].sort().map((dir) => {
  const { name, version, license } = JSON.parse(readFileSync(join(root, dir, 'package.json'), 'utf8'));
  const file = readdirSync(join(root, dir)).find((entry) => /^licen[cs]e/i.test(entry));
  // Old packages have an object there.
  return `${name} ${version} (${license?.type ?? license})\n\n${file ? readFileSync(join(root, dir, file), 'utf8').trim() : ''}\n`;
});
writeFileSync(join(out, 'THIRD-PARTY-LICENSES.txt'), notices.join(`\n${'-'.repeat(78)}\n\n`));
