import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { basic, PASSWORD, Server } from '../support/server.ts';

let server: Server;
beforeAll(async () => {
  server = await Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240', '--fps', '20'] });
});
afterAll(async () => {
  await server.stop();
});

describe('what strangers see', () => {
  test('health, without secrets', async () => {
    const health = (await (await server.anonymous('/healthz')).json()) as Record<string, unknown>;
    expect(health).toMatchObject({ status: 'ok', camera: expect.stringMatching(/^(idle|starting|live)$/) });
    expect(Object.keys(health).sort()).toEqual(['camera', 'status', 'uptime', 'version']);
  });

  test.each(['/stream.mjpg', '/snapshot.jpg', '/metrics', '/api/status', '/', '/nothing', '/?action=stream', '//snapshot.jpg'])(
    '%s: 401 with all challenges, the one for ffmpeg last among the digests',
    async (path) => {
      const answer = await server.anonymous(path);
      expect(answer.status).toBe(401);
      const challenges = answer.headers.get('www-authenticate')!;
      expect(challenges).toMatch(
        /^Digest realm="onvif-camera", nonce="[0-9a-f]+", qop="auth", algorithm=SHA-256, Digest .*algorithm=MD5, Basic realm=/,
      );
      expect(await answer.text()).toBe('User name and password needed.\n');
    },
  );

  test.each([
    'Basic !!!',
    'Basic',
    'Digest',
    'Digest username="admin"',
    'Bearer x',
    'Bearer ',
    basic('admin', 'wrong'),
    basic('nobody', PASSWORD),
    'x'.repeat(5000),
  ])('wrong credentials (%.30s) are 401', async (authorization) => {
    expect((await server.anonymous('/snapshot.jpg', { headers: { Authorization: authorization } })).status).toBe(401);
    // As many as there are here would be slowed down otherwise.
    expect((await server.fetch('/healthz')).status).toBe(200);
  });

  test('the page’s own requests get no challenge: the browser would put its password window over the page', async () => {
    const answer = await server.anonymous('/api/status', { headers: { 'X-Requested-With': 'fetch' } });
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, null]);
  });
});

describe('guessing', () => {
  test('is slowed down after five failures, in the end refused; others are not held up', async () => {
    const guarded = await Server.start({ args: ['--source', 'test'] });
    const enough = new AbortController();
    const guess = async () =>
      (await fetch(`${guarded.url}/snapshot.jpg`, { headers: { Authorization: basic('admin', 'guess') }, signal: enough.signal })).status;
    for (let k = 0; k < 5; k++) expect(await guess()).toBe(401);
    let refused = 0;
    await new Promise<void>((resolve) => {
      for (let k = 0; k < 100; k++) {
        const count = (status: number) => {
          if (status === 429 && ++refused === 20) resolve();
        };
        guess().then(count, () => {});
      }
    });
    enough.abort();
    expect((await fetch(`${guarded.url}/healthz`)).status).toBe(200);
    expect(guarded.stderr).toContain('wrong user name or password from 127.0.0.1');
    expect(guarded.stderr.split('wrong user name').length).toBeLessThan(20);
    await guarded.stop();
  });
});
