import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { programVersion, reportClient } from '../support/clients.ts';
import { ask, Guesser } from '../support/http-client.ts';
import { withCredentials } from '../support/players.ts';
import { needsProgram, program } from '../support/programs.ts';
import { PROXIES, ReverseProxy } from '../support/reverse-proxy.ts';
import { basic, PASSWORD, Server } from '../support/server.ts';

/** The examples of docs/remote.md, with real proxies. Their clients come from other addresses of this machine. */

reportClient('nginx', () => programVersion('nginx', '-v'));
reportClient('Caddy', () => programVersion('caddy', 'version'));

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const RIGHT = { Authorization: basic('admin', PASSWORD) };

interface Cam {
  uri: Record<string, { href: string }>;
  getStreamUri(options: object, callback: (error: Error | null, result: { uri: string }) => void): void;
  getSnapshotUri(options: object, callback: (error: Error | null, result: { uri: string }) => void): void;
}

describe.each(PROXIES)('%s', (name) => {
  let server: Server;
  let proxy: ReverseProxy | undefined;
  beforeAll(async () => {
    server = await Server.start({
      args: ['--source', 'test', '--width', '320', '--height', '240', '--http-trusted-proxies', '127.0.0.1'],
    });
    if (program(name) && program('openssl')) proxy = await ReverseProxy.start(name, `127.0.0.1:${server.port}`);
  }, 60_000);
  afterAll(async () => {
    await proxy?.stop();
    await server.stop();
  });
  const throughProxy = (title: string, fn: (through: ReverseProxy) => Promise<void>, ...needed: string[]) =>
    needsProgram(
      [name, 'openssl', ...needed].find((each) => !program(each)) ?? name,
      title,
      async () => {
        if (!proxy) throw new Error(`${name} or openssl is missing`);
        await fn(proxy);
      },
      60_000,
    );

  throughProxy('the login gives a cookie for TLS, and the page addresses that can be opened', async ({ url }) => {
    const start = await ask(`${url}/`, { headers: { Accept: 'text/html' } });
    expect([start.status, start.headers.location]).toEqual([303, '/login?next=%2F']);
    const answer = await ask(`${url}/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', Origin: url },
      body: new URLSearchParams({ username: 'admin', password: PASSWORD, next: '/' }).toString(),
    });
    expect([answer.status, answer.headers.location]).toEqual([303, '/']);
    const [cookie] = answer.headers['set-cookie']!;
    expect(cookie).toMatch(/; Secure$/);
    const session = { Cookie: cookie!.split(';')[0]! };
    expect((await ask(`${url}/`, { headers: { Accept: 'text/html', ...session } })).status).toBe(200);
    const { urls } = JSON.parse((await ask(`${url}/api/status`, { headers: session })).body) as { urls: { id: string; url: string }[] };
    expect(urls.find(({ id }) => id === 'stream')!.url).toBe(`${url}/stream.mjpg`);
    expect(urls.find(({ id }) => id === 'rtsp-mjpeg')!.url).toMatch(/^rtsp:\/\/[\d.]+:\d+\/mjpeg$/);
    const elsewhere = { ...session, Origin: 'https://evil.example' };
    expect((await ask(`${url}/logout`, { method: 'POST', headers: elsewhere })).status).toBe(403);
  });

  throughProxy(
    'MJPEG keeps moving, and a snapshot comes',
    async ({ url }) => {
      const { stdout } = await run('ffmpeg', [
        ...['-v', 'error', '-i', withCredentials(`${url}/stream.mjpg`), '-frames:v', '30', '-f', 'framemd5', '-'],
      ]);
      const pictures = stdout.split('\n').filter((line) => /^0,/.test(line));
      expect(new Set(pictures.map((line) => line.split(',').at(-1))).size).toBeGreaterThan(20);
      const snapshot = await ask(`${url}/snapshot.jpg`, { headers: RIGHT });
      expect([snapshot.status, snapshot.headers['content-type']]).toEqual([200, 'image/jpeg']);
    },
    'ffmpeg',
  );

  throughProxy('ONVIF works (npm onvif), with addresses by way of the proxy', async ({ url, port }) => {
    const { Cam } = require('onvif') as { Cam: new (options: object, callback: (this: Cam, error: Error | null) => void) => Cam };
    const access = { hostname: 'localhost', port, useSecure: true, secureOpts: { rejectUnauthorized: false } };
    const cam = await new Promise<Cam>((resolve, reject) => {
      new Cam({ ...access, username: 'admin', password: PASSWORD, timeout: 10_000 }, function (error) {
        if (error) reject(error);
        else resolve(this);
      });
    });
    expect(cam.uri.media!.href).toBe(`${url}/onvif/media_service`);
    const uriOf = (method: 'getStreamUri' | 'getSnapshotUri', options: object) =>
      new Promise<string>((resolve, reject) => {
        cam[method](options, (error, result) => (error ? reject(error) : resolve(result.uri)));
      });
    expect(await uriOf('getSnapshotUri', {})).toBe(`${url}/snapshot.jpg`);
    expect(await uriOf('getStreamUri', { protocol: 'HTTP' })).toBe(`${url}/stream.mjpg`);
    expect(await uriOf('getStreamUri', { protocol: 'RTSP' })).toMatch(new RegExp(`^rtsp://[\\d.]+:${server.rtspPort}/mjpeg$`));
  });

  throughProxy(
    'RTSP goes through it in a tunnel',
    async ({ port }) => {
      const { stdout } = await run('ffmpeg', [
        ...['-v', 'error', '-rtsp_transport', 'https', '-i', withCredentials(`rtsp://localhost:${port}/mjpeg`)],
        ...['-frames:v', '10', '-f', 'framemd5', '-'],
      ]);
      expect(stdout.split('\n').filter((line) => /^0,/.test(line))).toHaveLength(10);
    },
    'ffmpeg',
  );

  throughProxy('one who guesses behind it holds nobody up but himself, and the log has his address', async ({ url }) => {
    const guesser = new Guesser(24, (k, signal) =>
      ask(`${url}/snapshot.jpg`, { headers: { Authorization: basic('admin', `guess ${k}`) }, from: '127.0.0.66', signal }),
    );
    await guesser.answered(401, 8);
    for (let k = 0; k < 5; k++) {
      const before = guesser.answers[401] ?? 0;
      expect((await ask(`${url}/api/status`, { headers: RIGHT, from: '127.0.0.7' })).status).toBe(200);
      // It took no turn: he had one meanwhile at most.
      expect((guesser.answers[401] ?? 0) - before).toBeLessThanOrEqual(1);
    }
    // Nor does he become somebody else by saying so.
    const liar = await ask(`${url}/snapshot.jpg`, {
      headers: { 'X-Forwarded-For': '203.0.113.5', Authorization: basic('admin', 'wrong') },
      from: '127.0.0.99',
    });
    expect(liar.status).toBe(401);
    await guesser.stop();
    expect(server.stderr).toContain('wrong user name or password from 127.0.0.66');
    expect(server.stderr).not.toMatch(/password from (127\.0\.0\.1\b|203\.)/);
  });
});
