import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { HomeAssistantCommand, PASSWORD, TOKEN_SET } from '../../support/homeassistant/command.ts';
import { type StandinHomeAssistant, TOKEN } from '../../support/homeassistant/standin.ts';

let command: HomeAssistantCommand;

beforeEach(async () => {
  command = await HomeAssistantCommand.start();
});
afterEach(() => command.stop());

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
    command.hass.outcome = outcome;
    const { code, stdout, stderr } = await command.add();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`onvif-camera: `);
    expect(stderr).toContain(message);
    expect(command.hass.open.size).toBe(0);
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
    command.hass.outcome = outcome;
    expect(await command.add('--as=onvif')).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
    expect(command.hass.open.size).toBe(0);
  });

  test('a wrong token', async () => {
    const { code, stderr } = await command.run(['--url', command.hass.url], {
      ONVIF_CAMERA_HOME_ASSISTANT_TOKEN: 'wrong',
      ONVIF_CAMERA_PASSWORD: PASSWORD,
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/does not take this token.*\nMake one in Home Assistant/);
  });

  test('nobody there', async () => {
    command.hass.stop();
    expect(await command.add()).toMatchObject({ code: 1, stderr: expect.stringMatching(/does not answer: .*ECONNREFUSED.*\nCheck --url/) });
  });

  test('a name that is none', async () => {
    const { stderr } = await command.run(['--url', 'http://homeassistant.invalid:8123'], {
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
    command.hass.instead = (_req, res) => {
      res.writeHead(status).end(body);
      return true;
    };
    expect(await command.add()).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`is not Home Assistant (status ${status}).\nCheck --url`),
    });
  });

  test('one that sends on: the token goes to no other address', async () => {
    command.hass.instead = (_req, res) => {
      res.writeHead(301, { Location: 'https://ha.example/\x9b2J' }).end();
      return true;
    };
    const { stderr } = await command.add();
    expect(stderr).toMatch(/sends on to https:\/\/ha\.example\/2J\.\nGive that address with --url/);
  });

  test('an answer without end', async () => {
    command.hass.instead = (_req, res) => {
      const more = () => void (res.destroyed || res.write('x'.repeat(65_536), more));
      more();
      return true;
    };
    expect(await command.add()).toMatchObject({ code: 1, stderr: expect.stringContaining('the answer is too long') });
  });

  test('being stopped while Home Assistant is silent', async () => {
    const stopped = new Promise<string>((resolve) => {
      command.hass.instead = () => {
        resolve('SIGTERM');
        return true;
      };
    });
    const { code, stderr } = await command.run(['--url', command.hass.url], { ...TOKEN_SET, ONVIF_CAMERA_PASSWORD: PASSWORD }, stopped);
    expect(code).toBe(1);
    expect(stderr).toContain('Stopped before');
  });

  test('a password that is not that of the camera, or none at all: Home Assistant is not asked', async () => {
    const argv = ['--url', command.hass.url];
    expect((await command.run([...argv, '--password-file', command.secretFile('password', 'wrong')], TOKEN_SET)).stderr).toMatch(
      /does not take the given password of "admin"\.\nGive it with/,
    );
    expect((await command.run(argv, TOKEN_SET)).stderr).toMatch(/password is not known here\.\nGive it with/);
    expect(command.hass.submitted).toEqual([]);
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
    const { code, stderr } = await command.run(argv);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  test('words in place of a token', async () => {
    const { code, stderr } = await command.run(['--url', 'http://127.0.0.1'], { HASS_TOKEN: 'two words' });
    expect([code, stderr]).toEqual([2, expect.stringContaining('needs a token of Home Assistant, and this is none')]);
    expect(stderr).not.toContain('two words');
  });

  test.each([
    [['--token', TOKEN], /^onvif-camera: --token is not taken.*\n.*--token-file FILE.*ONVIF_CAMERA_HOME_ASSISTANT_TOKEN/],
    [[`--token=${TOKEN}`], /--token is not taken/],
    [['--password', PASSWORD], /^onvif-camera: --password is not taken.*\n.*--password-file FILE.*ONVIF_CAMERA_PASSWORD/],
    [[`--password=${PASSWORD}`, '--nonsense'], /--password is not taken/],
  ])('%j is refused, and not repeated', async (secret, message) => {
    const { code, stderr } = await command.run(['--url', command.hass.url, ...secret], { ...TOKEN_SET, ONVIF_CAMERA_PASSWORD: PASSWORD });
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
    expect(stderr).not.toMatch(new RegExp(`${TOKEN}|${PASSWORD}`));
    expect(command.hass.submitted).toEqual([]);
  });
});
