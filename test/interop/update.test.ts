import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { copyRepository } from '../support/repository-copy.ts';
import { basic, Server } from '../support/server.ts';
import { askMedia } from '../support/soap.ts';

/** Updates from the version before, as docs/update.md tells them: nothing that users and recorders have set is lost. */

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const STATE = readFileSync(join(ROOT, 'test/fixtures/state/0.1.0.json'), 'utf8');
const KEPT = JSON.parse(STATE) as { uuid: string; users: { name: string; password: string; level: string }[]; device: object };
const ADDED = { name: 'phone', password: 'on-the-go-1', level: 'User' };
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
const OLDER = '0.0.9';
let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'update-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Gives package.json, and the lock file where there is one, another version. */
function setVersion(tree: string, to: string): void {
  for (const file of ['package.json', 'package-lock.json'].map((name) => join(tree, name)).filter(existsSync)) {
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as { version: string; packages?: Record<string, { version: string }> };
    manifest.version = to;
    if (manifest.packages) manifest.packages['']!.version = to;
    writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
  }
}

/** A data directory as the version before left it. */
function makeData(name: string): string {
  const dataDir = join(dir, name);
  mkdirSync(dataDir, { mode: 0o700 });
  writeFileSync(join(dataDir, 'state.json'), STATE, { mode: 0o600 });
  return dataDir;
}

/** Starts it, has `act` done while it runs, and stops it. @param program its command line without options */
async function whileRunning(program: readonly string[], dataDir: string, act: (server: Server) => Promise<void>): Promise<void> {
  const server = Server.spawn({ program, dataDir, password: null, args: ['--source', 'test', '--discovery', 'off'] });
  try {
    // From source it is built first.
    await server.output(/is ready\.[\s\S]*\n\n/, 120);
    await act(server);
  } finally {
    await server.stop();
  }
}

const admin = () => ({ headers: { Authorization: basic('admin', KEPT.users[0]!.password) } });
const versionOf = async (server: Server) => ((await (await fetch(`${server.url}/healthz`)).json()) as { version: string }).version;

/** What an owner and a recorder do with the version before. */
const use = (command: readonly string[]) => async (server: Server) => {
  expect(await versionOf(server)).toBe(OLDER);
  const words = ['user', 'add', ADDED.name, '--level', ADDED.level.toLowerCase(), '--password-file', '-'];
  const adding = Server.spawn({ program: command, command: words, dataDir: server.dataDir, input: `${ADDED.password}\n` });
  expect([(await adding.ended).code, adding.stderr]).toEqual([0, '']);
  const created = await askMedia(server, 'CreateProfile', '<Name>Made before</Name><Token>before</Token>', admin());
  expect(created.status).toBe(200);
};

async function expectEverything(server: Server): Promise<void> {
  expect(await versionOf(server)).toBe(version);
  for (const { name, password } of [...KEPT.users, ADDED]) {
    const answer = await fetch(`${server.url}/snapshot.jpg`, { headers: { Authorization: basic(name, password) } });
    expect([name, answer.status]).toEqual([name, 200]);
  }
  const { text } = await askMedia(server, 'GetProfiles', '', admin());
  expect([...text.matchAll(/<trt:Profiles token="(rec|before)"[^>]*>\s*<tt:Name>([^<]+)</g)].map(([, ...found]) => found)).toEqual([
    ['rec', 'Recorder'],
    ['before', 'Made before'],
  ]);
  const { uuid, users, device } = JSON.parse(readFileSync(join(server.dataDir, 'state.json'), 'utf8')) as typeof KEPT;
  // The ports, too, which this start does not use.
  expect({ uuid, users, device }).toEqual({ uuid: KEPT.uuid, users: [...KEPT.users, ADDED], device: KEPT.device });
}

test('by npm, the new package over the old one', async () => {
  const env = { ...process.env, SOURCE_DATE_EPOCH: '1790000000' };
  await run(process.execPath, [join(ROOT, 'scripts/package.mjs'), 'npm', '--out', dir], { env });
  const newer = join(dir, `onvif-camera-${version}.tgz`);
  await run('tar', ['-xzf', newer, '-C', dir]);
  setVersion(join(dir, 'package'), OLDER);
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', dir], { cwd: join(dir, 'package') });
  const prefix = join(dir, 'prefix');
  const install = (tgz: string) => run('npm', ['install', '--global', '--prefer-offline', '--no-audit', '--prefix', prefix, tgz]);
  const program = [join(prefix, 'bin/onvif-camera')];
  const dataDir = makeData('npm');
  await install(join(dir, `onvif-camera-${OLDER}.tgz`));
  await whileRunning(program, dataDir, use(program));
  await install(newer);
  await whileRunning(program, dataDir, expectEverything);
}, 120_000);

test('from source, by git pull, which finds a clean clone', async () => {
  const git = (cwd: string, ...words: string[]) => run('git', ['-c', 'user.name=A', '-c', 'user.email=a@localhost', ...words], { cwd });
  const [origin, clone] = [join(dir, 'origin'), join(dir, 'clone')];
  await copyRepository(origin);
  const commit = async (of: string) => {
    setVersion(origin, of);
    await git(origin, 'add', '--all');
    await git(origin, 'commit', '--quiet', '--message', of);
  };
  await git(origin, 'init', '--quiet');
  await commit(OLDER);
  await git(dir, 'clone', '--quiet', origin, clone);
  const install = () => run('npm', ['ci', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: clone });
  const changed = async () => (await git(clone, 'status', '--porcelain')).stdout;
  const start = ['npm', '--prefix', clone, 'start', '--'];
  const dataDir = makeData('source');

  await install();
  await whileRunning(start, dataDir, use([process.execPath, join(clone, 'dist/main.js')]));
  expect(await changed()).toBe('');
  await commit(version);
  await git(clone, 'pull', '--quiet');
  await install();
  await whileRunning(start, dataDir, expectEverything);
  expect(await changed()).toBe('');
}, 240_000);
