import { spawn } from 'node:child_process';
import { chownSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { needsProgram } from '../support/programs.ts';
import { basic, MAIN, Server } from '../support/server.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { Viewer } from '../support/viewer.ts';

/** `onvif-camera user` as a process of its own: beside a camera that runs, and without one. */

const ADMIN = { name: 'admin', password: 'long enough', level: 'Administrator' };
const GUEST = { name: 'guest', password: 'open sesame', level: 'User' };
/** A user of the system who is nobody. */
const SOMEBODY = 12_345;

let dataDir: string;
let server: Server | undefined;

beforeEach(() => {
  dataDir = makeTempDir();
  const state = { version: 1, uuid: '7b0f1f8c-9f0a-4d0e-8d5c-0a1b2c3d4e5f', users: [ADMIN, GUEST] };
  writeFileSync(join(dataDir, 'state.json'), JSON.stringify(state), { mode: 0o600 });
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

const begin = async () => {
  server = await Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240'], password: null, dataDir });
  return server;
};
async function user(argv: readonly string[], input = '') {
  const command = Server.spawn({ command: ['user', ...argv], dataDir, password: null, input });
  const { code } = await command.ended;
  return { code, stdout: command.stdout, stderr: command.stderr };
}
const stored = () => (JSON.parse(readFileSync(join(dataDir, 'state.json'), 'utf8')) as { users: (typeof ADMIN)[] }).users;
const login = async (name: string, password: string) =>
  (await fetch(`${server!.url}/api/status`, { headers: { Authorization: basic(name, password) } })).status;

test('beside a running camera, changes hold at once', async () => {
  const { url } = await begin();
  const viewer = new Viewer(server!, '/stream.mjpg', { Authorization: basic(GUEST.name, GUEST.password) });
  await viewer.until(() => viewer.parts.length > 0, 'a picture');

  const added = await user(['add', 'max', '--generate', '--level', 'operator', '--json']);
  const { password, ...rest } = JSON.parse(added.stdout) as { password: string };
  expect([added.code, rest]).toEqual([0, { name: 'max', level: 'Operator', running: true }]);
  expect(await login('max', password)).toBe(200);
  expect(await user(['list'])).toEqual({
    code: 0,
    stdout: 'NAME   LEVEL\nadmin  Administrator\nguest  User\nmax    Operator\n',
    stderr: '',
  });

  expect(await user(['password', 'guest', '--password-file', '-'], 'another one\nrest\n')).toMatchObject({
    code: 0,
    stdout: '"guest" has another password.\n',
  });
  await viewer.until(() => viewer.closed, 'the end of the stream');
  expect(await login('guest', 'another one')).toBe(200);
  expect((await user(['level', 'max', 'ADMINISTRATOR'])).stdout).toBe('"max" is Administrator now.\n');
  expect((await user(['remove', 'max'])).code).toBe(0);
  expect(await login('max', password)).toBe(401);
  expect((await fetch(`${url}/api/v1/users`, { headers: { Authorization: basic('admin', ADMIN.password) } })).status).toBe(200);
  expect(stored()).toEqual([ADMIN, { ...GUEST, password: 'another one' }]);
});

test('without a camera that runs, they hold from its next start on', async () => {
  const added = await user(['add', 'max', '--generate']);
  const password = /^Password: (\S+) /m.exec(added.stdout)![1]!;
  expect(added.stdout).toMatch(/^User "max" added: User\. The camera does not run; it holds from the next start on\.\n/);
  expect((await user(['remove', 'guest'])).code).toBe(0);
  expect(stored()).toEqual([ADMIN, { name: 'max', password, level: 'User' }]);
  expect(statSync(join(dataDir, 'state.json')).mode & 0o777).toBe(0o600);
  expect(readdirSync(dataDir)).toEqual(['state.json']);
  await begin();
  expect([await login('max', password), await login('guest', GUEST.password)]).toEqual([200, 401]);
});

describe.each([true, false])('with a camera that runs: %s', (running) => {
  test.each<[string, string[], number, RegExp]>([
    ['the last Administrator stays', ['remove', 'admin'], 1, /"admin" is the last Administrator/],
    ['the last Administrator stays one', ['level', 'admin', 'user'], 1, /"admin" is the last Administrator/],
    ['a name is there once', ['add', 'guest', '--generate'], 1, /There is a user "guest" already\./],
    ['only who is there is changed', ['password', 'nobody', '--generate'], 1, /There is no user "nobody"\.\n.*user list/],
    ['short passwords want --weak', ['password', 'guest', '--password-file', '-'], 1, /5 characters is easy to guess.*\n.*--weak/],
    ['a name is printable', ['add', 'a:b', '--generate'], 2, /no colon/],
    [
      'levels are those of ONVIF',
      ['level', 'guest', 'boss'],
      2,
      /A level is one of Administrator, Operator, User, not "boss"\.\n.*user level --help/,
    ],
    ['nobody is there to ask', ['add', 'max'], 2, /There is no terminal.*\n.*--password-file FILE.*--generate/],
    ['a password comes from one place', ['add', 'max', '--generate', '--password-file', '-'], 2, /not both/],
  ])('%s', async (_what, argv, code, message) => {
    if (running) await begin();
    const before = stored();
    const outcome = await user(argv, 'short\n');
    expect(outcome).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(message) });
    expect(stored()).toEqual(before);
  });
});

test('of a running camera it is told whom the environment sets', async () => {
  server = await Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240'], dataDir });
  const { stdout } = await user(['list']);
  expect(stdout).toBe('NAME   LEVEL\nadmin  Administrator  set by ONVIF_CAMERA_PASSWORD\nguest  User\n');
  expect(JSON.parse((await user(['list', '--json'])).stdout)).toEqual([
    { name: 'admin', level: 'Administrator', fixed: true },
    { name: 'guest', level: 'User' },
  ]);
});

test('a short password is taken with --weak', async () => {
  expect((await user(['password', 'guest', '--weak', '--password-file', '-'], 'short\n')).code).toBe(0);
  expect(stored()[1]).toEqual({ ...GUEST, password: 'short' });
});

test('where no camera has run nothing is made', async () => {
  rmSync(join(dataDir, 'state.json'));
  for (const argv of [['list'], ['add', 'max', '--generate']])
    expect(await user(argv)).toMatchObject({ code: 1, stderr: expect.stringMatching(/No camera has run with .*\n.*--data-dir/) });
  expect(readdirSync(dataDir)).toEqual([]);
});

test('a state that another process keeps is left alone', async () => {
  const began = readFileSync(`/proc/${process.pid}/stat`, 'latin1').split(') ')[1]!.split(' ')[19];
  writeFileSync(join(dataDir, 'state.lock'), JSON.stringify({ pid: process.pid, began }));
  expect(await user(['remove', 'guest'])).toMatchObject({ code: 1, stderr: expect.stringMatching(/process \d+\) keeps the state/) });
  expect(stored()).toEqual([ADMIN, GUEST]);
});

const isRoot = process.getuid?.() === 0;
(isRoot || process.env.CI !== undefined ? test : test.skip)(
  `root changes the users of a service, whose files stay the service's${isRoot ? '' : ' (needs root)'}`,
  async () => {
    chownSync(dataDir, SOMEBODY, SOMEBODY);
    chownSync(join(dataDir, 'state.json'), SOMEBODY, SOMEBODY);
    expect(await user(['remove', 'guest'])).toMatchObject({ code: 0, stderr: '' });
    expect(stored()).toEqual([ADMIN]);
    const { uid, gid, mode } = statSync(join(dataDir, 'state.json'));
    expect([uid, gid, mode & 0o777]).toEqual([SOMEBODY, SOMEBODY, 0o600]);
    expect(existsSync(join(dataDir, 'state.lock'))).toBe(false);
  },
);

/** Runs a command on a terminal of its own; types the next line whenever a question ends with a colon. Prints what the terminal showed. */
const ON_TERMINAL = `
import os, pty, sys
lines = sys.argv[1].split(',')
pid, terminal = pty.fork()
if pid == 0: os.execv(sys.argv[2], sys.argv[2:])
shown = b''
while True:
    try: chunk = os.read(terminal, 1024)
    except OSError: break
    if not chunk: break
    shown += chunk
    if shown.endswith(b': ') and lines: os.write(terminal, (lines.pop(0) + '\\n').encode())
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

describe('on a terminal', () => {
  const typed = (argv: readonly string[], lines: readonly string[]) =>
    new Promise<{ code: number | null; shown: string }>((resolve) => {
      const all = ['-c', ON_TERMINAL, lines.join(','), process.execPath, MAIN, 'user', ...argv, '--data-dir', dataDir];
      const child = spawn('python3', all, { cwd: dataDir, stdio: ['ignore', 'pipe', 'inherit'] });
      let shown = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
      child.on('close', (code) => resolve({ code, shown: shown.replaceAll('\r', '') }));
    });

  needsProgram('python3', 'a password is asked for twice, and not shown', async () => {
    const { code, shown } = await typed(['password', 'guest'], ['correct horse', 'correct horse']);
    expect([code, shown]).toEqual([
      0,
      'New password of "guest" (it is not shown): \nOnce more: \n"guest" has another password. The camera does not run; it holds from the next start on.\n',
    ]);
    expect(stored()[1]).toEqual({ ...GUEST, password: 'correct horse' });
  });

  needsProgram('python3', 'who mistypes is asked again', async () => {
    const { code, shown } = await typed(['password', 'guest'], ['correct horse', 'correct house', 'battery staple', 'battery staple']);
    expect([code, shown]).toEqual([0, expect.stringContaining('The two are not the same.\nNew password of "guest"')]);
    expect(stored()[1]).toEqual({ ...GUEST, password: 'battery staple' });
  });

  needsProgram('python3', 'a short one is told at once', async () => {
    const { code, shown } = await typed(['add', 'max'], ['short']);
    expect([code, shown]).toEqual([1, expect.stringMatching(/: \nonvif-camera: A password of 5 characters is easy to guess/)]);
    expect(shown).not.toContain('short');
    expect(stored()).toEqual([ADMIN, GUEST]);
  });
});
