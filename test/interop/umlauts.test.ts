import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { npmVersion, programVersion, pythonVersion, reportClient } from '../support/clients.ts';
import { needsProgram, needsPython, PYTHON } from '../support/programs.ts';
import { Server } from '../support/server.ts';

/** A password with umlauts, which clients make bytes of in their own ways. */

reportClient('npm onvif', () => npmVersion('onvif'));
reportClient('node-onvif-ts', () => npmVersion('node-onvif-ts'));
reportClient('python-zeep', () => pythonVersion('zeep'));
reportClient('curl', () => programVersion('curl', '--version'));
reportClient('ffmpeg', () => programVersion('ffmpeg', '-version'));

const PASSWORD = 'Grüße, schöner Ärger';
const TIMEOUT_MS = 60_000;
const run = promisify(execFile);
const require = createRequire(import.meta.url);

let server: Server;
beforeAll(async () => {
  server = await Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240', '--rtsp-basic'], password: PASSWORD });
}, TIMEOUT_MS);
afterAll(() => server.stop());

/** Percent-encoded by byte, as it stands in an address. */
const percent = (encoding: BufferEncoding) => Buffer.from(PASSWORD, encoding).toString('hex').replace(/../g, '%$&');

test(
  'npm onvif, which makes Latin-1 of it',
  async () => {
    interface Cam {
      profiles: { $: { token: string } }[];
    }
    const { Cam } = require('onvif') as { Cam: new (options: object, callback: (this: Cam, error: Error | null) => void) => Cam };
    const connect = (password: string) =>
      new Promise<Cam>((resolve, reject) => {
        new Cam({ hostname: '127.0.0.1', port: server.port, username: 'admin', password, timeout: TIMEOUT_MS }, function (error) {
          if (error) reject(error);
          else resolve(this);
        });
      });
    expect((await connect(PASSWORD)).profiles.map(({ $ }) => $.token)).toContain('mjpeg');
    // It connects without profiles where it is refused.
    expect((await connect('Grusse, schoner Arger')).profiles).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'node-onvif-ts',
  async () => {
    const { OnvifDevice } = (await import('node-onvif-ts')) as unknown as {
      OnvifDevice: new (options: object) => { init(): Promise<Record<string, unknown>> };
    };
    const device = new OnvifDevice({ xaddr: `${server.url}/onvif/device_service`, user: 'admin', pass: PASSWORD });
    expect(await device.init()).toHaveProperty('FirmwareVersion');
  },
  TIMEOUT_MS,
);

needsPython(
  'zeep',
  'python-zeep',
  async () => {
    const script = fileURLToPath(new URL('zeep-client.py', import.meta.url));
    const { stdout } = await run(PYTHON, [script, server.url, 'admin', PASSWORD]);
    expect(JSON.parse(stdout)).toMatchObject({ users: ['admin'], text_token: expect.any(String) });
  },
  TIMEOUT_MS,
);

describe.each(['utf8', 'latin1'] as const)('in %s', (encoding) => {
  for (const scheme of ['--basic', '--digest'])
    needsProgram(
      'curl',
      `curl ${scheme}`,
      async () => {
        // Node.js gives arguments as UTF-8, so curl gets them as it would from a file.
        const config = Buffer.from(`user = "admin:${PASSWORD}"\n`, encoding);
        const curl = run('curl', [
          '-sS',
          '--fail',
          scheme,
          '-K',
          '-',
          '-o',
          '/dev/null',
          '-w',
          '%{http_code}',
          `${server.url}/snapshot.jpg`,
        ]);
        curl.child.stdin!.end(config);
        expect((await curl).stdout).toBe('200');
      },
      TIMEOUT_MS,
    );

  for (const [title, address] of [
    ['MJPEG over HTTP', (): string => `http://admin:${percent(encoding)}@127.0.0.1:${server.port}/stream.mjpg`],
    ['RTSP', (): string => `rtsp://admin:${percent(encoding)}@127.0.0.1:${server.rtspPort}/mjpeg`],
  ] as const)
    needsProgram(
      'ffmpeg',
      `ffmpeg: ${title}`,
      async () => {
        const { stderr } = await run('ffmpeg', ['-v', 'error', '-i', address(), '-frames:v', '1', '-f', 'null', '-'], {
          timeout: TIMEOUT_MS,
        });
        expect(stderr).not.toMatch(/401|authorization/i);
      },
      TIMEOUT_MS,
    );
});
