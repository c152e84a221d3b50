// Builds dist/: the program as one bundle (a Pi loads one file from its SD card instead of two hundred, and needs a
// third less memory), the page, and the licences of what is inside. Does nothing where dist/ is what would come out.
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, 'dist');
const stamp = join(out, '.built-from');

/** Returns a hash of everything that makes a difference to dist/, by content: git gives old files new times. */
function hashOfInputs() {
  const hash = createHash('sha256');
  const sources = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length));
  for (const file of [...sources.sort(), 'package.json', 'package-lock.json', 'scripts/build.mjs']) {
    const path = join(root, file);
    // The lock file is not in the package that npm makes of a clone.
    if (existsSync(path)) hash.update(`${file}\0`).update(createHash('sha256').update(readFileSync(path)).digest());
  }
  return hash.digest('hex');
}

const inputs = hashOfInputs();
if (existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs) process.exit();
const { build } = await import('esbuild').catch(() => {
  console.error(`onvif-camera is not built yet, and what builds it is missing. In ${root} run

  npm ci --omit=dev

and then what you tried once more.`);
  process.exit(1);
});
// On a Pi it takes a while.
console.error('Building, as something has changed …');
rmSync(out, { recursive: true, force: true });

// Code that would be read at each start and stay in memory for nothing. Parts of express are not used: the program reads bodies
// itself, the page's files are in memory, and queries are "simple" ones. Of its 2,500 media types these are served. pino brings files
// and worker threads for writing logs, of which there are few here. What libraries note for their authors (debug) nobody reads.
const MEDIA_TYPES =
  /^(text\/(html|css|plain|javascript|xml)|application\/(json|javascript|xml|soap\+xml|x-www-form-urlencoded|octet-stream)|image\/(jpeg|png|svg\+xml))$/;
/** Modules that are replaced, by a pattern of their path, and the code in their place. */
const STUBS = [
  [/body-parser[/\\]index\.js$/, 'module.exports = {};'],
  [/serve-static[/\\]index\.js$/, 'module.exports = undefined;'],
  [/node_modules[/\\]send[/\\]index\.js$/, 'module.exports = undefined;'],
  [/node_modules[/\\]qs[/\\]lib[/\\]index\.js$/, 'module.exports = undefined;'],
  [/node_modules[/\\]debug[/\\]src[/\\]index\.js$/, 'module.exports = () => () => {};'],
  [/pino[/\\]lib[/\\]transport\.js$/, 'module.exports = undefined;'],
  [/node_modules[/\\]sonic-boom[/\\]index\.js$/, 'module.exports = class {};'],
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

const program = {
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
  // The names of the files are hashes of paths, too: the same ones wherever node_modules is.
  preserveSymlinks: true,
  legalComments: 'none',
  // Not the names, so that stacks stay readable. The source text stays in memory while the program runs.
  minifyWhitespace: true,
  minifySyntax: true,
  metafile: true,
  // CommonJS packages inside the bundle call require() for what Node itself has: all else is in the bundle.
  banner: { js: 'const require = process.getBuiltinModule;' },
  logLevel: 'warning',
};
const CAMERA = 'src/cli/serve.ts';
/** What is loaded later than the camera, if at all, and the one command that needs nearly all of it. */
const LATER = [
  'src/app/discovery.ts',
  'src/app/onvif.ts',
  'src/camera/images/find.ts',
  'src/camera/rpicam/find.ts',
  'src/camera/test-pattern/find.ts',
  'src/camera/v4l2/find.ts',
  'src/cli/doctor.ts',
  'src/encode/ffmpeg/probe.ts',
  'src/encode/make-stream.ts',
];

/** Returns the modules of ours that the camera loads at its start and shares with other parts of the program. */
function sharedModules({ outputs }) {
  const fileOf = new Map(Object.entries(outputs).map(([file, { entryPoint }]) => [entryPoint, file]));
  const [missing] = [CAMERA, ...LATER].filter((part) => !fileOf.has(part));
  if (missing) throw new Error(`${missing} is no part any more that is loaded by itself: does scripts/build.mjs need it?`);
  const files = new Set([fileOf.get(CAMERA)]);
  for (const file of files)
    for (const { kind, path } of outputs[file].imports) if (kind === 'import-statement' && path in outputs) files.add(path);
  files.delete(fileOf.get(CAMERA));
  return [...files].flatMap((file) => Object.keys(outputs[file].inputs)).filter((module) => module.startsWith('src/'));
}

/**
 * esbuild makes a file for each set of parts that share something: dozens, each of which costs a start a third of a millisecond. With
 * this, each part that is loaded later imports all that the camera shares with others, and has loaded by then: that is few sets.
 */
const inFewFiles = (shared) => ({
  name: 'in-few-files',
  setup({ onLoad }) {
    const imports = shared.map((module) => `import ${JSON.stringify(join(root, module))};`).join('\n');
    onLoad({ filter: /[/\\]src[/\\].*\.ts$/ }, ({ path }) => {
      if (!LATER.includes(relative(root, path).replaceAll('\\', '/'))) return undefined;
      return { contents: `${readFileSync(path, 'utf8')}\n${imports}`, loader: 'ts' };
    });
  },
});
const { metafile: inManyFiles } = await build({ ...program, plugins: [withoutBallast], write: false });
const { metafile } = await build({ ...program, plugins: [withoutBallast, inFewFiles(sharedModules(inManyFiles))] });
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
// Last, so that a build that was interrupted does not count.
writeFileSync(stamp, inputs);
