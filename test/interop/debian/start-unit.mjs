// Inside of an installed system without systemd: starts the service as its unit says, as its user and without his having more
// rights than there, takes a picture, and stops it. Prints what it saw, as JSON.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const unit = readFileSync('/usr/lib/systemd/system/onvif-camera.service', 'utf8');
const value = (key) => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1];
const user = value('User');
const state = `/var/lib/${value('StateDirectory')}`;
// As systemd does where it is missing.
execFileSync('install', ['-d', '-m', value('StateDirectoryMode') ?? '0755', '-o', user, '-g', user, state]);
const rights = [
  '--reuid',
  user,
  '--regid',
  user,
  '--init-groups',
  '--inh-caps=-all',
  '--bounding-set=-all,+net_bind_service',
  '--no-new-privs',
];
const program = spawn('setpriv', [...rights, '--', ...value('ExecStart').split(' ')], {
  cwd: '/',
  env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin', STATE_DIRECTORY: state, LANG: 'C.UTF-8', USER: user, HOME: state },
  stdio: ['ignore', 'pipe', 'pipe'],
});
let said = '';
for (const stream of [program.stdout, program.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
const ended = once(program, 'exit');

const url = 'http://127.0.0.1:8080';
const answer = (path, init) => fetch(url + path, init).catch(() => undefined);
const patience = AbortSignal.timeout(60_000);
while (!(await answer('/healthz'))) {
  if (program.exitCode !== null || patience.aborted) {
    process.stderr.write(said);
    process.exit(1);
  }
  await pause(100);
}
const { uuid, users } = JSON.parse(readFileSync(`${state}/state.json`, 'utf8'));
const [{ name, password }] = users;
const headers = { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` };
const snapshot = await answer('/snapshot.jpg', { headers });
const body = Buffer.from(await snapshot.arrayBuffer());
const page = await answer('/', { headers });
const health = await (await answer('/healthz')).json();
program.kill('SIGTERM');
const [exit] = await ended;
const picture = snapshot.status === 200 ? body.subarray(0, 3).toString('hex') : body.toString();
process.stdout.write(
  JSON.stringify({
    uuid,
    password,
    picture,
    status: snapshot.status,
    page: page.status,
    version: health.version,
    code: health.error,
    camera: health.camera,
    exit,
    said,
  }),
);
