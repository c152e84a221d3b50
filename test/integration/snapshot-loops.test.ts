import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { programVersion, reportClient } from '../support/clients.ts';
import { needsProgram } from '../support/programs.ts';
import { basic, PASSWORD, Server } from '../support/server.ts';

/** Who asks for snapshots in a loop, as go2rtc and Frigate do, gets each picture once. */

reportClient('ffmpeg', () => programVersion('ffmpeg', '-version'));

const FPS = 10;
const TIMEOUT_MS = 60_000;

let server: Server;
beforeAll(async () => {
  server = await Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240', '--fps', String(FPS)] });
}, TIMEOUT_MS);
afterAll(() => server.stop());

const authorization = basic('admin', PASSWORD);

/** Takes a snapshot. Gives the time that the picture is of. */
async function take(options: { readonly agent?: Agent; readonly localAddress?: string; readonly at?: Server } = {}): Promise<string> {
  const { agent = false, localAddress, at = server } = options;
  const request = get(`${at.url}/snapshot.jpg`, {
    agent,
    headers: { Authorization: authorization },
    ...(localAddress && { localAddress }),
  });
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  expect(answer.statusCode).toBe(200);
  answer.resume();
  await once(answer, 'end');
  return String(answer.headers['x-timestamp']);
}

async function loop(count: number, agent?: Agent): Promise<string[]> {
  const times: string[] = [];
  for (let k = 0; k < count; k++) times.push(await take(agent ? { agent } : {}));
  return times;
}

/** Nearly all: on a busy machine a picture may come so late that the one before is given again. */
const expectDistinct = (times: readonly string[]) => expect(new Set(times).size).toBeGreaterThanOrEqual(0.75 * times.length);

describe('a loop of snapshots', () => {
  test(
    'on one connection gets each picture once',
    async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      expectDistinct(await loop(20, agent));
      agent.destroy();
    },
    TIMEOUT_MS,
  );

  test('on a connection for each gets each picture once', async () => expectDistinct(await loop(20)), TIMEOUT_MS);

  test(
    'beside others of the same user gets each picture once',
    async () => {
      for (const times of await Promise.all([loop(12), loop(12), loop(12)])) expectDistinct(times);
    },
    TIMEOUT_MS,
  );

  needsProgram(
    'ffmpeg',
    'by ffmpeg gets each picture once',
    async () => {
      const url = server.url.replace('//', `//admin:${encodeURIComponent(PASSWORD)}@`);
      const input = ['-stream_loop', '-1', '-f', 'image2', '-pattern_type', 'none', '-i', `${url}/snapshot.jpg`];
      const args = ['-v', 'error', ...input, '-frames:v', '20', '-fps_mode', 'passthrough', '-f', 'framemd5', '-'];
      const { stdout } = await promisify(execFile)('ffmpeg', args, { timeout: TIMEOUT_MS });
      expectDistinct(stdout.split('\n').flatMap((line) => (/^0,/.test(line) ? [line.split(',').at(-1)!.trim()] : [])));
    },
    TIMEOUT_MS,
  );
});

test(
  'whoever asks for the first time is given the picture that is there',
  async () => {
    const slow = await Server.start({ args: ['--source', 'test', '--fps', '1', '--bind', '0.0.0.0'] });
    await take({ at: slow });
    let same = false;
    // Each time from another address. A picture may come between the two.
    for (let k = 2; k < 12 && !same; k++) same = (await take({ at: slow })) === (await take({ at: slow, localAddress: `127.0.0.${k}` }));
    expect(same).toBe(true);
    await slow.stop();
  },
  TIMEOUT_MS,
);

test(
  'requests sent together are all answered, in their order',
  async () => {
    const socket = connect(server.port, '127.0.0.1');
    const request = (method: string) => `${method} /snapshot.jpg HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\n`;
    socket.write(
      [...['GET', 'HEAD', 'GET', 'GET'].map((method) => `${request(method)}\r\n`), `${request('GET')}Connection: close\r\n\r\n`].join(''),
    );
    let answers = '';
    socket.setEncoding('latin1').on('data', (text: string) => (answers += text));
    await once(socket, 'close');
    const times = [...answers.matchAll(/HTTP\/1\.1 200 OK[\s\S]*?\r\n\r\n/g)].map(([head]) =>
      Number(/X-Timestamp: ([\d.]+)/.exec(head)?.[1] ?? 0),
    );
    expect(times).toHaveLength(5);
    expect(times[1]).toBe(0);
    const pictures = times.filter((time) => time !== 0);
    expect(pictures).toEqual([...pictures].sort((a, b) => a - b));
  },
  TIMEOUT_MS,
);

test(
  'who goes while he waits leaves no viewer behind',
  async () => {
    const brief = await Server.start({ args: ['--source', 'test', '--fps', '1', '--idle-timeout', '1'] });
    await take({ at: brief });
    const request = get(`${brief.url}/snapshot.jpg`, { agent: false, headers: { Authorization: authorization } });
    request.on('error', () => {});
    await once(request, 'finish');
    request.destroy();
    await brief.status(({ camera }) => camera === 'idle');
    await brief.stop();
  },
  TIMEOUT_MS,
);
