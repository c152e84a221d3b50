import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ACCEPT_JSON, basic, PASSWORD, problemCode, Server } from '../support/server.ts';

let server: Server;
beforeAll(async () => {
  server = await Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240', '--fps', '20'] });
});
afterAll(async () => {
  await server.stop();
});

/** Raw bytes in, everything that comes back until the end. */
const raw = (bytes: string) =>
  new Promise<string>((resolve) => {
    let answer = '';
    const socket = connect(server.port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('latin1').on('data', (text) => (answer += text));
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });

describe('methods and paths', () => {
  test.each(['/', '/stream.mjpg', '/snapshot.jpg', '/healthz', '/metrics', '/api/status'])('%s: HEAD, OPTIONS, 405', async (path) => {
    const head = await server.fetch(path, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    const options = await server.fetch(path, { method: 'OPTIONS' });
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const answer = await server.fetch(path, { method, headers: ACCEPT_JSON });
      expect([answer.status, answer.headers.get('allow'), await problemCode(answer)]).toEqual([
        405,
        'GET, HEAD, OPTIONS',
        'METHOD_NOT_ALLOWED',
      ]);
    }
  });

  test('HEAD does not turn the camera on', async () => {
    const cold = await Server.start({ args: ['--source', 'test'] });
    await cold.fetch('/stream.mjpg', { method: 'HEAD' });
    await cold.fetch('/snapshot.jpg', { method: 'HEAD' });
    expect((await cold.json('/healthz')).camera).toBe('idle');
    await cold.stop();
  });

  test('an unknown path is 404, as text or as JSON', async () => {
    const text = await server.fetch('/nothing');
    expect([text.status, text.headers.get('content-type'), await text.text()]).toEqual([
      404,
      'text/plain; charset=utf-8',
      'There is nothing at this address.\n',
    ]);
    expect(await problemCode(await server.fetch('/nothing', { headers: ACCEPT_JSON }))).toBe('NOT_FOUND');
  });

  test.each([
    ['malformed escape', 'GET /%E0%A4%A HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'],
    ['malformed asset', 'GET /assets/%00%ff/../../main.js HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'],
    ['climbing out of the assets', 'GET /assets/../../main.js HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'],
    ['encoded climbing', 'GET /assets/..%2f..%2fmain.js HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'],
    ['a host of junk', 'GET /api/status HTTP/1.1\r\nHost: "<>\r\nConnection: close\r\n'],
  ])('%s: a clear refusal, never a stack', async (_name, request) => {
    const answer = await raw(`${request}Authorization: ${basic('admin', PASSWORD)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 (400|404|200) /);
    expect(answer).not.toMatch(/ {4}at |node:|dist\//);
  });

  test('no HTTP at all: dropped', async () => {
    expect(await raw('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03')).toMatch(/^(HTTP\/1\.1 400 |$)/);
    expect((await server.anonymous('/healthz')).status).toBe(200);
  });
});

describe('metrics', () => {
  test('count what happened', async () => {
    await server.fetch('/snapshot.jpg');
    const text = await (await server.fetch('/metrics')).text();
    const value = (name: string) => Number(new RegExp(`^onvif_camera_${name} (\\S+)$`, 'm').exec(text)![1]);
    expect(value('captures_total')).toBeGreaterThanOrEqual(1);
    expect(value('frames_captured_total')).toBeGreaterThan(0);
    expect(value('resident_memory_bytes')).toBeGreaterThan(1e7);
    expect(text).toMatch(/^onvif_camera_state\{state="live"\} 1$/m);
    expect(text).toMatch(/^# TYPE onvif_camera_frames_sent_total counter$/m);
  });
});
