import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { run } from '../../../src/cli/run.ts';
import { writeRunFile } from '../../../src/config/run-file.ts';
import { makeJpeg } from '../../support/jpegs.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

let dir: string;
let picture: string;
const jpeg = makeJpeg();

beforeEach(() => {
  dir = makeTempDir();
  picture = join(dir, 'picture.jpg');
  writeFileSync(join(dir, 'settings.yaml'), '');
});

interface Outcome {
  code: number;
  stdout: Buffer;
  stderr: string;
}

/** Runs the command line with an empty settings file and a data directory of its own; stops it when `stop` says so. */
async function command(
  argv: string[],
  stop: Promise<string> = new Promise(() => {}),
  heard: (stderr: string) => void = () => {},
): Promise<Outcome> {
  const out: Uint8Array[] = [];
  let stderr = '';
  const code = await run([...argv, '--config', join(dir, 'settings.yaml'), '--data-dir', join(dir, 'data')], {
    env: { PATH: process.env.PATH },
    home: dir,
    version: '1.2.3',
    wsdlDir: '/nonexistent',
    webDir: dir,
    stdout: { write: (chunk) => out.push(Buffer.from(chunk)) },
    stderr: {
      write(text) {
        stderr += text;
        heard(stderr);
      },
    },
    stopRequested: stop,
    onExit() {},
    onFault() {},
  });
  return { code, stdout: Buffer.concat(out), stderr };
}

function picturesDir(): string {
  const pictures = makeTempDir();
  writeFileSync(join(pictures, 'a.jpg'), jpeg);
  return `images:${pictures}`;
}

describe('the command line', () => {
  test('--help and --version need nothing else', async () => {
    expect(await command(['--version'])).toMatchObject({ code: 0, stdout: Buffer.from('1.2.3\n'), stderr: '' });
    const help = await command(['snapshot', '-h']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout.toString()).toContain('Usage: onvif-camera');
  });

  test.each([['-v'], ['-V'], ['version']])('%s prints the version', async (word) => {
    expect(await command([word])).toMatchObject({ code: 0, stdout: Buffer.from('1.2.3\n'), stderr: '' });
  });

  test('help discover prints the help of that command', async () => {
    const { code, stdout, stderr } = await command(['help', 'discover']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.toString()).toMatch(/^Usage: onvif-camera discover [\s\S]*--timeout SECONDS/);
  });

  test.each([
    [['fly'], 'There is no command "fly".\n'],
    [['constructor'], 'There is no command "constructor".\n'],
    [['discver'], 'There is no command "discver". Did you mean discover?'],
    [['snapshto', 'a.jpg'], 'There is no command "snapshto". Did you mean snapshot?'],
    [['start'], 'There is no command "start". Did you mean serve?'],
    [['find'], 'There is no command "find". Did you mean discover?'],
    [['hepl'], 'There is no command "hepl". Did you mean help?'],
    [['help', 'fly'], 'There is no command "fly".\n'],
    [['garden.yaml'], 'There is no command "garden.yaml". A settings file is given with --config garden.yaml.'],
    [['test'], 'There is no command "test". A source is given with --source test.'],
    [['serve', 'now'], 'serve takes no "now".'],
    [['snapshot'], 'snapshot takes one file name: onvif-camera snapshot FILE'],
    [['snapshot', 'a.jpg', 'b.jpg'], 'snapshot takes one file name'],
    [['--colour'], 'There is no option --colour.'],
  ])('%j is a usage error', async (argv, message) => {
    const { code, stdout, stderr } = await command(argv);
    expect({ code, stdout: stdout.length }).toEqual({ code: 2, stdout: 0 });
    expect(stderr).toContain(`onvif-camera: ${message}`);
    expect(stderr).toContain('--help');
  });

  test('what may not be used is told with who may not, and whose it is', async () => {
    // Not even root may write there; in a container the disk may be read-only, which is no question of who asks.
    const file = '/proc/sys/kernel/ostype';
    const { code, stderr } = await command(['snapshot', file, '--source', picturesDir()]);
    expect(code).toBe(1);
    expect(stderr).toContain(`${file} cannot be written: E`);
    const told = `\nThis program runs as the user ${userInfo().username}, who may not use ${file}, which belongs to `;
    expect(stderr.includes(told)).toBe(!stderr.includes('EROFS'));
  });

  test('a wrong setting ends every command with exit code 2, all faults and the next step', async () => {
    for (const argv of [[], ['snapshot', picture]]) {
      const { code, stderr } = await command([...argv, '--width=1', '--awb-gains=red']);
      expect(code).toBe(2);
      expect(stderr.split('\n')).toEqual([
        'onvif-camera: --width: camera.width is 1; it must be a whole number from 64 to 8192.',
        '--awb-gains: camera.awbGains is ["red"]; it must be 2 numbers from 0 to 32, or none.',
        'Correct the setting and start again; onvif-camera.example.yaml explains every key.',
        '',
      ]);
    }
  });
});

describe('snapshot from the camera', () => {
  test('writes the picture, and says so', async () => {
    const { code, stdout, stderr } = await command(['snapshot', picture, '--source', picturesDir()]);
    expect({ code, stdout: stdout.length }).toEqual({ code: 0, stdout: 0 });
    expect(readFileSync(picture)).toEqual(jpeg);
    expect(stderr).toContain(picture);
  });

  test('writes nothing but the picture to standard output', async () => {
    const { code, stdout } = await command(['snapshot', '-', '--source', picturesDir()]);
    expect(code).toBe(0);
    expect(stdout).toEqual(jpeg);
  });

  test('a folder without pictures, and a file that cannot be written', async () => {
    expect(await command(['snapshot', picture, '--source', `images:${dir}`])).toMatchObject({ code: 4 });
    const nowhere = join(dir, 'missing', 'picture.jpg');
    const { code, stderr } = await command(['snapshot', nowhere, '--source', picturesDir()]);
    expect(code).toBe(1);
    expect(stderr).toContain(`${nowhere} cannot be written`);
  });

  test('refuses what the source cannot do', async () => {
    const { code, stderr } = await command(['snapshot', picture, '--source', picturesDir(), '--rotation=90', '--hflip']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/cannot do camera\.rotation, camera\.hflip/);
    expect(existsSync(picture)).toBe(false);
  });

  test('ends when it is asked to, and takes the capture program with it', async () => {
    const rpicam = join(dir, 'rpicam-vid');
    const pidFile = join(dir, 'pid');
    writeFileSync(
      rpicam,
      `#!/bin/sh
[ "$1" = --list-cameras ] && { echo '0 : imx219 [3280x2464 10-bit RGGB] (/base/imx219@10)'; exit; }
echo $$ > ${pidFile}
echo started >&2
exec sleep 60
`,
    );
    chmodSync(rpicam, 0o755);
    let stop: (signal: string) => void = () => {};
    const stopped = new Promise<string>((resolve) => (stop = resolve));
    const argv = ['snapshot', picture, '--source=rpicam', `--rpicam-path=${rpicam}`, '--log-level=debug'];
    const { code, stderr } = await command(argv, stopped, (text) => {
      if (text.includes('"msg":"started"')) stop('SIGTERM');
    });
    expect(code).toBe(1);
    expect(stderr).toContain('Stopped before a picture came.');
    expect(existsSync(picture)).toBe(false);
    expect(() => process.kill(Number(readFileSync(pidFile, 'utf8')), 0)).toThrow(/ESRCH/);
  });
});

describe('snapshot from the running server', () => {
  let server: Server;
  let answer: RequestListener;

  beforeEach(async () => {
    server = createServer((req, res) => {
      if (req.headers.authorization !== 'Bearer secret') res.writeHead(401).end();
      else if (req.url === '/api/status') res.end('{}');
      else answer(req, res);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    mkdirSync(join(dir, 'data'));
    writeRunFile(join(dir, 'data'), { pid: process.pid, url: `http://127.0.0.1:${port}`, token: 'secret' });
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  test('is its picture, without a camera of our own', async () => {
    answer = (req, res) => res.end(req.url === '/snapshot.jpg' ? jpeg : '');
    expect(await command(['snapshot', '-'])).toMatchObject({ code: 0, stdout: jpeg });
  });

  test('is not asked when the command line names a source', async () => {
    answer = (_, res) => res.end('from the server');
    expect(await command(['snapshot', '-', '--source', picturesDir()])).toMatchObject({ code: 0, stdout: jpeg });
  });

  test('without a picture it says why', async () => {
    answer = (_, res) => res.writeHead(503).end('The camera is busy.\n');
    const { code, stderr } = await command(['snapshot', picture]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/has no picture: The camera is busy\.\n/);
    expect(existsSync(picture)).toBe(false);
  });

  test('a server that breaks off in the middle gives no half picture', async () => {
    answer = (_, res) => {
      res.writeHead(200, { 'Content-Length': jpeg.length });
      res.write(jpeg.subarray(0, 100), () => res.destroy());
    };
    const { code, stderr } = await command(['snapshot', picture]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/did not answer/);
    expect(existsSync(picture)).toBe(false);
  });

  test('ends when it is asked to, although the server is silent', async () => {
    const stopped = new Promise<string>((resolve) => {
      answer = () => resolve('SIGTERM');
    });
    const { code, stderr } = await command(['snapshot', picture], stopped);
    expect(code).toBe(1);
    expect(stderr).toContain('Stopped before a picture came.');
  });
});
