import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { HomeAssistantCommand, PASSWORD, TOKEN_SET, typing } from '../../support/homeassistant/command.ts';
import { TOKEN } from '../../support/homeassistant/standin.ts';

let command: HomeAssistantCommand;

beforeEach(async () => {
  command = await HomeAssistantCommand.start();
});
afterEach(() => command.stop());

describe('without an address', () => {
  test('shows what to type, form by form, without the password', async () => {
    const { code, stdout, stderr } = await command.run([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`Add integration → MJPEG IP Camera
  Name                    Front door
  MJPEG URL               ${command.base}/stream.mjpg
  Still image URL         ${command.base}/snapshot.jpg
  Username                admin
  Password                the camera's
`);
    expect(stdout).toContain('listens on this machine alone');
    expect(stdout).not.toMatch(/ONVIF/);
  });

  test('tells it as JSON: each form by the keys of Home Assistant', async () => {
    command.withH264();
    const { code, stdout } = await command.run(['--json']);
    const { password: _mjpeg, ...mjpeg } = command.mjpegForm();
    const { password: _onvif, ...onvif } = command.onvifForm();
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
    command.name = 'Front\x1b[2J\u202edoor';
    const { stdout } = await command.run([]);
    expect(stdout).toContain('Front\\x1b[2J\\u202edoor');
    for (const hidden of ['\x1b', '\u202e']) expect(stdout).not.toContain(hidden);
  });

  test('shows ONVIF first where there is H.264, and no login where none is asked', async () => {
    command.withH264();
    command.urls.push({ id: 'rtsp-sub', label: 'RTSP, H.264, small', url: 'rtsp://127.0.0.1:8554/sub' });
    command.asksLogin = false;
    const { stdout } = await command.run([]);
    expect(stdout).toMatch(
      /Add integration → ONVIF\n {2}Name +Front door\n {2}Host +127\.0\.0\.1\n {2}Port +\d+\n\nor: Add integration → MJPEG/,
    );
    expect(stdout).not.toMatch(/Username|Password/);
    expect(stdout).toMatch(/\n\nFrigate, .*\n {2}Record +rtsp:\/\/\S+\/h264\n {2}Detect +rtsp:\/\/\S+\/sub\n/);
  });

  test('says that no camera runs', async () => {
    command.stopCamera();
    const { code, stdout, stderr } = await command.run([]);
    expect({ code, stdout }).toEqual({ code: 5, stdout: '' });
    expect(stderr).toMatch(/No onvif-camera runs with the data directory .*\nStart the camera first/);
  });
});

describe('adding', () => {
  test('fills in the MJPEG form, and says what it did', async () => {
    const { code, stdout, stderr } = await command.add();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(command.hass.submitted).toEqual([command.mjpegForm()]);
    expect(stdout).toContain(
      `Home Assistant 2025.4.4 at ${command.hass.url} has the camera now: "Front door", integration MJPEG IP Camera`,
    );
    expect(stdout).not.toContain(PASSWORD);
    expect(command.hass.open.size).toBe(0);
  });

  test('says it as JSON, without the password', async () => {
    const { code, stdout } = await command.add('--json');
    const { password: _, ...fields } = command.mjpegForm();
    const said = { url: command.hass.url, version: '2025.4.4', title: 'Front door', integration: 'mjpeg', fields };
    expect([code, JSON.parse(stdout)]).toEqual([0, said]);
    expect(command.hass.submitted).toEqual([command.mjpegForm()]);
  });

  test('takes ONVIF where there is H.264, without a search', async () => {
    command.withH264();
    expect(await command.add()).toMatchObject({ code: 0, stdout: expect.stringContaining('integration ONVIF') });
    expect(command.hass.submitted).toEqual([{ auto: false }, command.onvifForm()]);
  });

  test('takes the one that was asked for', async () => {
    command.withH264();
    await command.add('--as', 'mjpeg');
    expect(command.hass.submitted).toEqual([command.mjpegForm()]);
  });

  test('leaves user and password out where the camera asks for none', async () => {
    command.asksLogin = false;
    await command.add();
    const { username: _, password: __, ...rest } = command.mjpegForm();
    expect(command.hass.submitted).toEqual([rest]);
  });

  test('the token may come from a file, standard input or the environment', async () => {
    const files = [command.secretFile('token', `${TOKEN}\n`), command.secretFile('windows', `${TOKEN}\r\nmore\n`)];
    const [argv, env] = [['--url', command.hass.url], { ONVIF_CAMERA_PASSWORD: PASSWORD }];
    for (const file of files)
      expect(await command.run([...argv, '--token-file', file], { ...env, HASS_TOKEN: 'old' })).toMatchObject({ code: 0 });
    const stdin = Object.assign(new PassThrough(), { isTTY: false });
    stdin.end(`${TOKEN}\n`);
    expect(await command.run([...argv, '--token-file', '-'], env, undefined, stdin)).toMatchObject({ code: 0 });
    expect(await command.run(argv, { ...env, HASS_TOKEN: TOKEN })).toMatchObject({ code: 0 });
    expect(await command.run(argv, { ...env, ...TOKEN_SET, HASS_TOKEN: 'another' })).toMatchObject({ code: 0 });
    expect(command.hass.submitted).toEqual(Array.from({ length: 5 }, () => command.mjpegForm()));
  });

  test('the password may come from a file or the state', async () => {
    const argv = ['--url', command.hass.url];
    const file = command.secretFile('password', PASSWORD);
    expect(await command.run([...argv, '--password-file', file], { ...TOKEN_SET, ONVIF_CAMERA_PASSWORD: 'old' })).toMatchObject({
      code: 0,
    });
    const state = {
      version: 1,
      uuid: '5e2fcdbb-95ab-4f0a-8d0e-3f1f2d3c4b5a',
      users: [{ name: 'admin', password: PASSWORD, level: 'Administrator' }],
    };
    writeFileSync(join(command.dir, 'data/state.json'), JSON.stringify(state));
    expect(await command.run(argv, { HASS_TOKEN: TOKEN })).toMatchObject({ code: 0 });
    expect(command.hass.submitted).toEqual([command.mjpegForm(), command.mjpegForm()]);
    expect(JSON.parse(readFileSync(join(command.dir, 'data/state.json'), 'utf8'))).toEqual(state);
  });

  test('who sits at a terminal is asked for what is missing, and nothing that he types is shown', async () => {
    const terminal = typing(`${TOKEN}\r`, `${PASSWORD}\r`);
    const { code, stdout, stderr } = await command.run(['--url', command.hass.url], {}, undefined, terminal);
    expect({ code, submitted: command.hass.submitted }).toEqual({ code: 0, submitted: [command.mjpegForm()] });
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
    expect(await command.run(['--url', command.hass.url], {}, undefined, terminal)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Nothing was typed.'),
    });
    expect(terminal.modes).toEqual([true, false]);
  });

  test('asked to stop while it asks, it does', async () => {
    const terminal = typing();
    const stop = new Promise<string>((resolve) => terminal.once('resume', () => resolve('SIGTERM')));
    expect(await command.run(['--url', command.hass.url], {}, stop, terminal)).toMatchObject({ code: 2 });
    expect(terminal.modes).toEqual([true, false]);
  });
});
