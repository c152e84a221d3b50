import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { settings } from '../../src/cli/settings.ts';
import { Server } from '../support/server.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { Viewer } from '../support/viewer.ts';

/** `onvif-camera config` and `onvif-camera status` as processes of their own. */

let dataDir: string;

beforeEach(() => {
  dataDir = makeTempDir();
});

const write = (text: string) => writeFileSync(join(dataDir, 'onvif-camera.yaml'), text);
/** Runs in the data directory, where the settings file is then found. */
async function command(argv: readonly string[], env: Record<string, string> = {}) {
  const process_ = Server.spawn({ command: argv, dataDir, password: null, env: { PATH: process.env.PATH, HOME: '/nonexistent', ...env } });
  const { code } = await process_.ended;
  return { code, stdout: process_.stdout, stderr: process_.stderr };
}

describe('config check', () => {
  test('finds every mistake, with line and column', async () => {
    write('name: Gate\ncamera:\n  widht: 3\n  fps: 0\nhttp:\n    port: 80800\n');
    expect(await command(['config', 'check'], { ONVIF_CAMERA_BIMD: '::' })).toEqual({
      code: 2,
      stdout: `onvif-camera.yaml:3:3: there is no setting camera.widht. Did you mean camera.width?
ONVIF_CAMERA_BIMD: there is no such setting. Did you mean ONVIF_CAMERA_BIND?
onvif-camera.yaml:4:3: camera.fps is 0; it must be a number from 0.1 to 120.
onvif-camera.yaml:6:5: http.port is 80800; it must be a whole number from 0 to 65535.
4 mistakes.
`,
      stderr: '',
    });
    const json = JSON.parse((await command(['config', 'check', '--json', '--gain=99'])).stdout);
    expect(json).toMatchObject({
      file: join(dataDir, 'onvif-camera.yaml'),
      faults: [{ from: 'file', line: 3, column: 3 }, { line: 4 }, { name: '--gain', from: 'flag' }, { line: 6, column: 5 }],
    });
  });

  test('what is no YAML has its place, too', async () => {
    write('name: x\ncamera:\n\twidth: 640\n');
    expect(await command(['config', 'check'])).toMatchObject({ code: 2, stdout: expect.stringMatching(/^onvif-camera\.yaml:3:1: Tabs /) });
  });

  test('says that all is well, with a file and without', async () => {
    expect(await command(['config', 'check'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('no onvif-camera.yaml here: all is well'),
    });
    write('name: Gate\n');
    expect(await command(['config', 'check'])).toEqual({ code: 0, stdout: 'onvif-camera.yaml: all is well.\n', stderr: '' });
    expect(await command(['config', 'check', '--config', 'missing.yaml'])).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('config print', () => {
  const state = {
    version: 1,
    uuid: '7b0f1f8c-9f0a-4d0e-8d5c-0a1b2c3d4e5f',
    users: [{ name: 'admin', password: 'never told', level: 'Administrator' }],
    camera: { width: 800, fps: 7 },
    h264: { bitrate: 1500 },
    sub: { bitrate: 300 },
    device: { httpPort: 8081 },
  };
  const env = { ONVIF_CAMERA_HTTP_PORT: '8082', ONVIF_CAMERA_PASSWORD: 'never told either' };

  beforeEach(() => {
    writeFileSync(join(dataDir, 'state.json'), JSON.stringify(state), { mode: 0o600 });
    write('name: Gate\ncamera:\n  fps: 5\n  roi: [0, 0, 1, 1]\n');
  });

  test('shows where each setting comes from, and no password', async () => {
    const { code, stdout, stderr } = await command(['config', 'print', '--height', '600'], env);
    expect([code, stderr]).toEqual([0, '']);
    for (const line of [
      'name: Gate # onvif-camera.yaml line 1',
      '  width: 800 # state: a client set it',
      '  height: 600 # --height',
      // The owner beats the client.
      '  fps: 5 # onvif-camera.yaml line 3',
      '  quality: 75 # default',
      '  roi: [ 0, 0, 1, 1 ] # onvif-camera.yaml line 4',
      '  port: 8082 # ONVIF_CAMERA_HTTP_PORT',
      '  bitrate: 1500 # state: a client set it',
      '  bitrate: 300 # state: a client set it',
      '# ONVIF_CAMERA_PASSWORD is set: it is the password of admin.',
    ])
      expect(stdout.split('\n')).toContain(line);
    expect(stdout).not.toContain('never told');
    // It is a settings file itself.
    write(stdout);
    expect((await command(['config', 'check'])).code).toBe(0);
  });

  test('a camera that has a name of its own is called by it, unless its owner calls it otherwise', async () => {
    const nameOf = async () =>
      (await command(['config', 'print', '--config', 'onvif-camera.yaml', '--camera', 'garden'])).stdout.match(/^name: .*/m)?.[0];
    expect(await nameOf()).toBe('name: Gate # onvif-camera.yaml line 1');
    write('camera:\n  fps: 5\n');
    expect(await nameOf()).toBe('name: garden # default');
  });

  test('the same for programs, with every setting', async () => {
    const list = JSON.parse((await command(['config', 'print', '--json'], env)).stdout) as { key: string; from: string }[];
    expect(list.map(({ key }) => key)).toEqual(settings.map(({ key }) => key));
    expect(list.find(({ key }) => key === 'camera.width')).toEqual({
      key: 'camera.width',
      value: 800,
      from: 'state',
      where: expect.any(String),
    });
    expect(list.find(({ key }) => key === 'log.level')).toEqual({ key: 'log.level', value: 'info', from: 'default', where: null });
  });
});

test('config path shows what is read, also where there are mistakes in it', async () => {
  expect((await command(['config', 'path'])).stdout).toBe(
    `Settings file   none (${join(dataDir, 'onvif-camera.yaml')} is not there)\nData directory  ${dataDir}\n`,
  );
  write('nmae: x\n');
  expect(await command(['config', 'path', '--json'])).toMatchObject({
    code: 0,
    stdout: `${JSON.stringify({ file: join(dataDir, 'onvif-camera.yaml'), dataDir }, null, 2)}\n`,
  });
});

describe('status', () => {
  test('without a camera that runs ends with exit code 5', async () => {
    expect(await command(['status'])).toEqual({
      code: 5,
      stdout: '',
      stderr: expect.stringMatching(/^onvif-camera: No onvif-camera runs with the data directory .*\nStart the camera first/),
    });
    mkdirSync(join(dataDir, 'server.json'));
    expect(await command(['status'])).toMatchObject({ code: 5, stderr: expect.stringMatching(/cannot be seen: .*no regular file/) });
  });

  test('shows what the camera does and who watches', async () => {
    const server = await Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240', '--name', 'Gate'], dataDir });
    try {
      expect((await command(['status'])).stdout).toMatch(
        /^Gate: off, as nobody watches, for \d+ s \(since [\d:]{8}\)\n[\s\S]*\nNobody watches\.\n$/,
      );
      // As docs/api.md has them, in every state.
      const { camera } = JSON.parse((await command(['status', '--json'])).stdout);
      expect(Object.keys(camera).sort()).toEqual(['error', 'fps', 'height', 'notices', 'since', 'source', 'state', 'width']);
      const viewer = new Viewer(server, '/stream.mjpg');
      await viewer.until(() => viewer.parts.length > 1, 'pictures');
      const { code, stdout } = await command(['status']);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^Gate: live, for \d+ s/);
      expect(stdout).toMatch(/^ {2}Picture +test pattern, 320×240/m);
      expect(stdout).toMatch(new RegExp(`^ {2}ONVIF +${server.url}/onvif/device_service$`, 'm'));
      if (stdout.includes('/sub')) expect(stdout).toMatch(/^ {2}RTSP, H\.264, small +rtsp:\/\/\S+\/sub$/m);
      expect(stdout).toMatch(
        /\nADDRESS +USER +PROTOCOL +STREAM +WATCHES FOR\n127\.0\.0\.1 +admin +HTTP +mjpeg +\d+ s \(since [\d:]{8}\)\n$/,
      );
      const json = JSON.parse((await command(['status', '--json'])).stdout);
      expect(json).toMatchObject({ name: 'Gate', viewers: [{ address: '127.0.0.1', user: 'admin' }] });
      viewer.socket.destroy();
    } finally {
      await server.stop();
    }
  });
});
