import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { StandinHomeAssistant, TOKEN } from '../support/homeassistant/standin.ts';
import { needsProgram } from '../support/programs.ts';
import { STANDIN, Stage } from '../support/rpicam/stage.ts';
import { eventually, MAIN, PASSWORD, Server } from '../support/server.ts';
import { askDevice, userFields } from '../support/soap.ts';
import { makeTempDir } from '../support/temp-dir.ts';

let server: Server | undefined;
let stage: Stage | undefined;
let hass: StandinHomeAssistant | undefined;
afterEach(async () => {
  await server?.stop('SIGKILL');
  stage?.remove();
  hass?.stop();
  server = stage = hass = undefined;
});

/** A script as people put one around a program, which notes its environment. */
function wrapper(dir: string, name: string, around: string): { path: string; environment: () => string } {
  const [path, notes] = [join(dir, name), join(dir, `${name}.env`)];
  writeFileSync(path, `#!/bin/sh\nenv >> '${notes}'\nexec '${around}' "$@"\n`);
  chmodSync(path, 0o755);
  return { path, environment: () => (existsSync(notes) ? readFileSync(notes, 'utf8') : '') };
}

test('what we start gets the environment, but no password and no token of it', async () => {
  stage = new Stage();
  const dir = makeTempDir();
  const capture = wrapper(dir, 'rpicam-vid', STANDIN);
  const ffmpeg = wrapper(dir, 'ffmpeg', '/bin/false');
  const env = {
    ...stage.env,
    HASS_TOKEN: 'a secret token',
    ONVIF_CAMERA_HOME_ASSISTANT_TOKEN: 'another secret token',
    ELSE: 'is passed on',
  };
  const args = ['--source', 'rpicam', '--rpicam-path', capture.path, '--h264', 'on', '--h264-ffmpeg-path', ffmpeg.path];
  server = await Server.start({ args, env });
  expect((await server.fetch('/snapshot.jpg')).status).toBe(200);
  await eventually(() => ffmpeg.environment() !== '', 'ffmpeg is tried');
  for (const environment of [capture.environment(), ffmpeg.environment()]) {
    expect(environment).toContain('ELSE=is passed on');
    expect(environment).not.toContain(PASSWORD);
    expect(environment).not.toMatch(/secret token|ONVIF_CAMERA_PASSWORD|HASS_TOKEN/);
  }
});

test('the password of the environment is in no file and no log, whatever clients change', async () => {
  server = await Server.start({ args: ['--source', 'test', '--log-level', 'debug'] });
  expect((await askDevice(server, 'CreateUsers', userFields('guest', 'open sesame'))).status).toBe(200);
  const refused = await askDevice(server, 'SetUser', userFields('admin', 'mine now', 'Administrator'));
  expect([refused.status, refused.text]).toEqual([400, expect.stringMatching(/ter:FixedUser[\s\S]*ONVIF_CAMERA_PASSWORD/)]);
  expect((await server.fetch('/api/status')).status).toBe(200);
  const state = readFileSync(join(server.dataDir, 'state.json'), 'utf8');
  expect(state).toContain('open sesame');
  expect(state + server.stderr + server.stdout).not.toContain(PASSWORD);
});

needsProgram('script', 'homeassistant asks for the token on a terminal, and does not show it', async () => {
  hass = await StandinHomeAssistant.start();
  server = await Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240'] });
  const words = [process.execPath, MAIN, 'homeassistant', '--url', hass.url, '--data-dir', server.dataDir]
    .map((word) => `'${word}'`)
    .join(' ');
  const terminal = spawn('script', ['-qec', words, '/dev/null'], { env: { ...process.env, ONVIF_CAMERA_PASSWORD: PASSWORD } });
  let shown = '';
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    if (/it is not shown\): $/.test(shown)) terminal.stdin.write(`${TOKEN}\r`);
  });
  const [code] = (await once(terminal, 'close')) as [number];
  expect([code, shown]).toEqual([0, expect.stringMatching(/Token of Home Assistant \(it is not shown\): \r?\n[\s\S]*has the camera now/)]);
  expect(shown).not.toContain(TOKEN);
});
