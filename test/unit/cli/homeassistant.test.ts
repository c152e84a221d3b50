import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Terminal } from '../../../src/cli/context.ts';
import { run } from '../../../src/cli/run.ts';
import { writeRunFile } from '../../../src/config/run-file.ts';
import { StandinHomeAssistant, TOKEN } from '../../support/homeassistant/standin.ts';
import { basic } from '../../support/server.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

const PASSWORD = 'kqpm-7tzr-w4nd';
let dir: string;
let camera: Server;
let asksLogin: boolean;
let urls: { id: string; label: string; url: string }[];
let hass: StandinHomeAssistant;
let cameraName: string;

const base = () => `http://127.0.0.1:${(camera.address() as AddressInfo).port}`;

beforeEach(async () => {
  dir = makeTempDir();
  writeFileSync(join(dir, 'settings.yaml'), '');
  asksLogin = true;
  cameraName = 'Front door';
  camera = createServer((req, res) => {
    const { authorization } = req.headers;
    if (req.url !== '/api/status') res.writeHead(404).end();
    else if (asksLogin && authorization !== 'Bearer local' && authorization !== basic('admin', PASSWORD)) res.writeHead(401).end();
    else res.end(JSON.stringify({ name: cameraName, urls }));
  }).listen(0, '127.0.0.1');
  await once(camera, 'listening');
  urls = [
    { id: 'stream', label: 'MJPEG stream', url: `${base()}/stream.mjpg` },
    { id: 'snapshot', label: 'Snapshot', url: `${base()}/snapshot.jpg` },
  ];
  mkdirSync(join(dir, 'data'));
  writeRunFile(join(dir, 'data'), { pid: process.pid, url: base(), token: 'local' });
  hass = await StandinHomeAssistant.start();
});
afterEach(() => {
  camera.close();
  camera.closeAllConnections();
  hass.stop();
});

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

async function homeassistant(
  argv: readonly string[],
  env: Record<string, string> = {},
  stop: Promise<string> = new Promise(() => {}),
  stdin?: Terminal,
): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  const code = await run(['homeassistant', ...argv, '--config', join(dir, 'settings.yaml'), '--data-dir', join(dir, 'data')], {
    env: { PATH: process.env.PATH, ...env },
    home: dir,
    version: '1.2.3',
    wsdlDir: '/nonexistent',
    webDir: dir,
    stdin,
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    stopRequested: stop,
    onExit() {},
    onFault() {},
  });
  return { code, stdout, stderr };
}

const TOKEN_SET = { ONVIF_CAMERA_HOME_ASSISTANT_TOKEN: TOKEN };
const add = (...argv: string[]) => homeassistant(['--url', hass.url, ...argv], { ...TOKEN_SET, ONVIF_CAMERA_PASSWORD: PASSWORD });
/** A file with a secret in it. */
const secretFile = (name: string, text: string) => {
  writeFileSync(join(dir, name), text, { mode: 0o600 });
  return join(dir, name);
};
/** A terminal on which somebody types these lines when he is asked. */
function typing(...lines: string[]): Terminal & { readonly modes: boolean[] } {
  const modes: boolean[] = [];
  const terminal = Object.assign(new PassThrough(), { isTTY: true, modes, setRawMode: (on: boolean) => modes.push(on) });
  terminal.on('resume', () => setImmediate(() => terminal.write(lines.shift() ?? '')));
  return terminal;
}
const withH264 = () => urls.push({ id: 'rtsp-h264', label: 'RTSP, H.264', url: 'rtsp://127.0.0.1:8554/h264' });
const mjpegForm = () => ({
  name: 'Front door',
  mjpeg_url: `${base()}/stream.mjpg`,
  still_image_url: `${base()}/snapshot.jpg`,
  username: 'admin',
  password: PASSWORD,
  verify_ssl: true,
});
const onvifForm = () => ({
  name: 'Front door',
  host: '127.0.0.1',
  port: Number(new URL(base()).port),
  username: 'admin',
  password: PASSWORD,
});

describe('without an address', () => {
  test('shows what to type, form by form, without the password', async () => {
    const { code, stdout, stderr } = await homeassistant([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`Add integration → MJPEG IP Camera
  Name                    Front door
  MJPEG URL               ${base()}/stream.mjpg
  Still image URL         ${base()}/snapshot.jpg
  Username                admin
  Password                the camera's
`);
    expect(stdout).toContain('listens on this machine alone');
    expect(stdout).not.toMatch(/ONVIF/);
  });

  test('tells it as JSON: each form by the keys of Home Assistant', async () => {
    withH264();
    const { code, stdout } = await homeassistant(['--json']);
    const { password: _mjpeg, ...mjpeg } = mjpegForm();
    const { password: _onvif, ...onvif } = onvifForm();
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      {
        ...{ name: 'Front door', local: true, record: 'rtsp://127.0.0.1:8554/h264' },
        integrations: [
          { integration: 'onvif', fields: onvif },
          { integration: 'mjpeg', fields: mjpeg },
        ],
      },
    ]);
  });

  test('shows a name that recorders gave without moving the cursor', async () => {
    cameraName = 'Front\x1b[2J\u202edoor';
    const { stdout } = await homeassistant([]);
    expect(stdout).toContain('Front\\x1b[2J\\u202edoor');
    for (const hidden of ['\x1b', '\u202e']) expect(stdout).not.toContain(hidden);
  });

  test('shows ONVIF first where there is H.264, and no login where none is asked', async () => {
    withH264();
    urls.push({ id: 'rtsp-sub', label: 'RTSP, H.264, small', url: 'rtsp://127.0.0.1:8554/sub' });
    asksLogin = false;
    const { stdout } = await homeassistant([]);
    expect(stdout).toMatch(
      /Add integration → ONVIF\n {2}Name +Front door\n {2}Host +127\.0\.0\.1\n {2}Port +\d+\n\nor: Add integration → MJPEG/,
    );
    expect(stdout).not.toMatch(/Username|Password/);
    expect(stdout).toMatch(/\n\nFrigate, .*\n {2}Record +rtsp:\/\/\S+\/h264\n {2}Detect +rtsp:\/\/\S+\/sub\n/);
  });

  test('says that no camera runs', async () => {
    camera.close();
    camera.closeAllConnections();
    const { code, stdout, stderr } = await homeassistant([]);
    expect({ code, stdout }).toEqual({ code: 5, stdout: '' });
    expect(stderr).toMatch(/No onvif-camera runs with the data directory .*\nStart the camera first/);
  });
});

describe('adding', () => {
  test('fills in the MJPEG form, and says what it did', async () => {
    const { code, stdout, stderr } = await add();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(hass.submitted).toEqual([mjpegForm()]);
    expect(stdout).toContain(`Home Assistant 2025.4.4 at ${hass.url} has the camera now: "Front door", integration MJPEG IP Camera`);
    expect(stdout).not.toContain(PASSWORD);
    expect(hass.open.size).toBe(0);
  });

  test('says it as JSON, without the password', async () => {
    const { code, stdout } = await add('--json');
    const { password: _, ...fields } = mjpegForm();
    const said = { url: hass.url, version: '2025.4.4', title: 'Front door', integration: 'mjpeg', fields };
    expect([code, JSON.parse(stdout)]).toEqual([0, said]);
    expect(hass.submitted).toEqual([mjpegForm()]);
  });

  test('takes ONVIF where there is H.264, without a search', async () => {
    withH264();
    expect(await add()).toMatchObject({ code: 0, stdout: expect.stringContaining('integration ONVIF') });
    expect(hass.submitted).toEqual([{ auto: false }, onvifForm()]);
  });

  test('takes the one that was asked for', async () => {
    withH264();
    await add('--as', 'mjpeg');
    expect(hass.submitted).toEqual([mjpegForm()]);
  });

  test('leaves user and password out where the camera asks for none', async () => {
    asksLogin = false;
    await add();
    const { username: _, password: __, ...rest } = mjpegForm();
    expect(hass.submitted).toEqual([rest]);
  });

  test('the token may come from a file, standard input or the environment', async () => {
    const files = [secretFile('token', `${TOKEN}\n`), secretFile('windows', `${TOKEN}\r\nmore\n`)];
    const [argv, env] = [['--url', hass.url], { ONVIF_CAMERA_PASSWORD: PASSWORD }];
    for (const file of files)
      expect(await homeassistant([...argv, '--token-file', file], { ...env, HASS_TOKEN: 'old' })).toMatchObject({ code: 0 });
    const stdin = Object.assign(new PassThrough(), { isTTY: false });
    stdin.end(`${TOKEN}\n`);
    expect(await homeassistant([...argv, '--token-file', '-'], env, undefined, stdin)).toMatchObject({ code: 0 });
    expect(await homeassistant(argv, { ...env, HASS_TOKEN: TOKEN })).toMatchObject({ code: 0 });
    expect(await homeassistant(argv, { ...env, ...TOKEN_SET, HASS_TOKEN: 'another' })).toMatchObject({ code: 0 });
    expect(hass.submitted).toEqual(Array.from({ length: 5 }, mjpegForm));
  });

  test('the password may come from a file or the state', async () => {
    const argv = ['--url', hass.url];
    const file = secretFile('password', PASSWORD);
    expect(await homeassistant([...argv, '--password-file', file], { ...TOKEN_SET, ONVIF_CAMERA_PASSWORD: 'old' })).toMatchObject({
      code: 0,
    });
    const state = {
      version: 1,
      uuid: '5e2fcdbb-95ab-4f0a-8d0e-3f1f2d3c4b5a',
      users: [{ name: 'admin', password: PASSWORD, level: 'Administrator' }],
    };
    writeFileSync(join(dir, 'data/state.json'), JSON.stringify(state));
    expect(await homeassistant(argv, { HASS_TOKEN: TOKEN })).toMatchObject({ code: 0 });
    expect(hass.submitted).toEqual([mjpegForm(), mjpegForm()]);
    expect(JSON.parse(readFileSync(join(dir, 'data/state.json'), 'utf8'))).toEqual(state);
  });

  test('who sits at a terminal is asked for what is missing, and nothing that he types is shown', async () => {
    const terminal = typing(`${TOKEN}\r`, `${PASSWORD}\r`);
    const { code, stdout, stderr } = await homeassistant(['--url', hass.url], {}, undefined, terminal);
    expect({ code, submitted: hass.submitted }).toEqual({ code: 0, submitted: [mjpegForm()] });
    expect(stderr).toBe('Token of Home Assistant (it is not shown): \nPassword of "admin" at 127.0.0.1 (it is not shown): \n');
    expect(stdout).not.toMatch(new RegExp(`${TOKEN}|${PASSWORD}`));
    // The terminal itself shows nothing in this mode, and is given back.
    expect(terminal.modes).toEqual([true, false, true, false]);
  });

  test.each([
    ['nothing', '\r'],
    ['Ctrl-C', '\x03'],
    ['the end', '\x04'],
  ])('who types %s there gives up', async (_, keys) => {
    const terminal = typing(keys);
    expect(await homeassistant(['--url', hass.url], {}, undefined, terminal)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Nothing was typed.'),
    });
    expect(terminal.modes).toEqual([true, false]);
  });

  test('asked to stop while it asks, it does', async () => {
    const terminal = typing();
    const stop = new Promise<string>((resolve) => terminal.once('resume', () => resolve('SIGTERM')));
    expect(await homeassistant(['--url', hass.url], {}, stop, terminal)).toMatchObject({ code: 2 });
    expect(terminal.modes).toEqual([true, false]);
  });
});

describe('what goes wrong is said', () => {
  test.each<[string, StandinHomeAssistant['outcome'], string]>([
    [
      'already there',
      { abort: 'already_configured' },
      'Home Assistant has this camera already (already_configured).\nIt is in Home Assistant under Settings',
    ],
    [
      'wrong password',
      { errors: { username: 'invalid_auth' } },
      'did not take the user and password from Home Assistant (invalid_auth).\nGive it with --password-file',
    ],
    [
      'no way to the camera',
      { errors: { mjpeg_url: 'cannot_connect' } },
      'Home Assistant cannot reach the camera (cannot_connect).\nOpen the addresses',
    ],
    ['something new', { errors: { base: 'moon_phase' } }, "Home Assistant did not add the camera (moon_phase).\nHome Assistant's log"],
    [
      'a form with more in it',
      { errors: {} },
      "Home Assistant's form for MJPEG IP Camera is not one that is known here (form user).\nAdd the camera in its own page",
    ],
  ])('%s', async (_, outcome, message) => {
    hass.outcome = outcome;
    const { code, stdout, stderr } = await add();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`onvif-camera: `);
    expect(stderr).toContain(message);
    expect(hass.open.size).toBe(0);
  });

  test.each<[string, StandinHomeAssistant['outcome'], string]>([
    ['no H.264', { abort: 'no_h264' }, '(no_h264).\nAdd it with --as mjpeg.'],
    [
      'wrong password',
      { errors: { password: 'auth_failed' }, placeholders: { error: 'not\x1b[31m authorised' } },
      '(auth_failed: not[31m authorised).',
    ],
    ['no ONVIF there', { errors: { port: 'no_onvif_service' } }, 'cannot reach the camera (no_onvif_service).'],
  ])('ONVIF: %s', async (_, outcome, message) => {
    hass.outcome = outcome;
    expect(await add('--as=onvif')).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
    expect(hass.open.size).toBe(0);
  });

  test('a wrong token', async () => {
    const { code, stderr } = await homeassistant(['--url', hass.url], {
      ONVIF_CAMERA_HOME_ASSISTANT_TOKEN: 'wrong',
      ONVIF_CAMERA_PASSWORD: PASSWORD,
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/does not take this token.*\nMake one in Home Assistant/);
  });

  test('nobody there', async () => {
    hass.stop();
    expect(await add()).toMatchObject({ code: 1, stderr: expect.stringMatching(/does not answer: .*ECONNREFUSED.*\nCheck --url/) });
  });

  test('a name that is none', async () => {
    const { stderr } = await homeassistant(['--url', 'http://homeassistant.invalid:8123'], {
      ...TOKEN_SET,
      ONVIF_CAMERA_PASSWORD: PASSWORD,
    });
    expect(stderr).toMatch(/does not answer: .*homeassistant\.invalid/);
  });

  test.each([
    ['another web server', '<html></html>', 200],
    ['JSON of another kind', '{"version":7}', 200],
    ['one without such a page', '{}', 404],
  ])('%s', async (_, body, status) => {
    hass.instead = (_req, res) => {
      res.writeHead(status).end(body);
      return true;
    };
    expect(await add()).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`is not Home Assistant (status ${status}).\nCheck --url`),
    });
  });

  test('one that sends on: the token goes to no other address', async () => {
    hass.instead = (_req, res) => {
      res.writeHead(301, { Location: 'https://ha.example/\x9b2J' }).end();
      return true;
    };
    const { stderr } = await add();
    expect(stderr).toMatch(/sends on to https:\/\/ha\.example\/2J\.\nGive that address with --url/);
  });

  test('an answer without end', async () => {
    hass.instead = (_req, res) => {
      const more = () => void (res.destroyed || res.write('x'.repeat(65_536), more));
      more();
      return true;
    };
    expect(await add()).toMatchObject({ code: 1, stderr: expect.stringContaining('the answer is too long') });
  });

  test('being stopped while Home Assistant is silent', async () => {
    const stopped = new Promise<string>((resolve) => {
      hass.instead = () => {
        resolve('SIGTERM');
        return true;
      };
    });
    const { code, stderr } = await homeassistant(['--url', hass.url], { ...TOKEN_SET, ONVIF_CAMERA_PASSWORD: PASSWORD }, stopped);
    expect(code).toBe(1);
    expect(stderr).toContain('Stopped before');
  });

  test('a password that is not that of the camera, or none at all: Home Assistant is not asked', async () => {
    const argv = ['--url', hass.url];
    expect((await homeassistant([...argv, '--password-file', secretFile('password', 'wrong')], TOKEN_SET)).stderr).toMatch(
      /does not take the given password of "admin"\.\nGive it with/,
    );
    expect((await homeassistant(argv, TOKEN_SET)).stderr).toMatch(/password is not known here\.\nGive it with/);
    expect(hass.submitted).toEqual([]);
  });

  test.each<[string[], string]>([
    [['now'], 'homeassistant takes no "now".'],
    [['--token-file', '-'], '--token-file is for adding the camera, which needs --url too.'],
    [['--as', 'mjpeg'], '--as is for adding'],
    [['--url', 'http://127.0.0.1', '--as', 'rtsp'], '--as takes mjpeg or onvif, not "rtsp".'],
    [['--url', 'homeassistant'], '--url takes an address such as'],
    [['--url', 'ftp://homeassistant'], '--url takes an address such as'],
    [['--url', 'http://127.0.0.1'], 'needs a token of Home Assistant'],
    [['--url', 'http://127.0.0.1', '--token-file', '/nonexistent/token'], 'cannot be read from /nonexistent/token: '],
    [['--url', 'http://127.0.0.1', '--token-file', '/dev/null'], 'There is no token of Home Assistant in /dev/null'],
    [['--url', 'http://127.0.0.1', '--token-file', '-'], 'there is no standard input'],
    [['--url', 'http://127.0.0.1', '--token-file', '-', '--password-file', '-'], 'cannot both come from standard input'],
  ])('%j is a usage error', async (argv, message) => {
    const { code, stderr } = await homeassistant(argv);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  test('words in place of a token', async () => {
    const { code, stderr } = await homeassistant(['--url', 'http://127.0.0.1'], { HASS_TOKEN: 'two words' });
    expect([code, stderr]).toEqual([2, expect.stringContaining('needs a token of Home Assistant, and this is none')]);
    expect(stderr).not.toContain('two words');
  });

  test.each([
    [['--token', TOKEN], /^onvif-camera: --token is not taken.*\n.*--token-file FILE.*ONVIF_CAMERA_HOME_ASSISTANT_TOKEN/],
    [[`--token=${TOKEN}`], /--token is not taken/],
    [['--password', PASSWORD], /^onvif-camera: --password is not taken.*\n.*--password-file FILE.*ONVIF_CAMERA_PASSWORD/],
    [[`--password=${PASSWORD}`, '--nonsense'], /--password is not taken/],
  ])('%j is refused, and not repeated', async (secret, message) => {
    const { code, stderr } = await homeassistant(['--url', hass.url, ...secret], { ...TOKEN_SET, ONVIF_CAMERA_PASSWORD: PASSWORD });
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
    expect(stderr).not.toMatch(new RegExp(`${TOKEN}|${PASSWORD}`));
    expect(hass.submitted).toEqual([]);
  });
});
