import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { ask, Guesser } from '../support/http-client.ts';
import { envelope, tds, trt } from '../support/onvif-endpoint.ts';
import { RtspClient } from '../support/rtsp-client.ts';
import { basic, eventually, PASSWORD, Server } from '../support/server.ts';

/** What a reverse proxy says of its clients. The proxy is 127.0.0.1; who comes from another address is none. */

const STRANGER = '127.0.0.2';
const TLS = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'cam.example.com' };
const RIGHT = { Authorization: basic('admin', PASSWORD) };

let server: Server;
let guesser: Guesser | undefined;
beforeAll(async () => {
  server = await Server.start({ args: ['--source', 'test', '--http-trusted-proxies', '127.0.0.1 10.0.0.0/8'] });
});
afterEach(async () => {
  await guesser?.stop();
  guesser = undefined;
});
afterAll(async () => {
  await server.stop();
});

const logIn = (headers: Record<string, string>, from?: string) =>
  ask(`${server.url}/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams({ username: 'admin', password: PASSWORD }).toString(),
    ...(from ? { from } : {}),
  });
const soap = async (body: string, headers: Record<string, string>, from?: string) =>
  (await ask(`${server.url}/onvif/device_service`, { method: 'POST', body: envelope(body), headers, ...(from ? { from } : {}) })).body;
const CAPABILITIES = tds('GetCapabilities');

describe('a trusted proxy', () => {
  test('gives its clients cookies for TLS, addresses that they can open, and lets its own page post', async () => {
    const answer = await logIn({ ...TLS, Origin: 'https://cam.example.com' });
    expect(answer.status).toBe(303);
    const [cookie] = answer.headers['set-cookie']!;
    expect(cookie).toMatch(/; HttpOnly; SameSite=Lax; Path=\/; Secure$/);
    const session = { Cookie: cookie!.split(';')[0]! };
    const { body } = await ask(`${server.url}/api/status`, { headers: { ...TLS, ...session } });
    const { urls } = JSON.parse(body) as { urls: { id: string; url: string }[] };
    expect(urls.find(({ id }) => id === 'stream')!.url).toBe('https://cam.example.com/stream.mjpg');
    expect(urls.find(({ id }) => id === 'snapshot')!.url).toBe('https://cam.example.com/snapshot.jpg');
    // RTSP does not go through the proxy: an address of this machine, not the name of the proxy.
    expect(urls.find(({ id }) => id === 'rtsp-mjpeg')!.url).toMatch(new RegExp(`^rtsp://[\\d.]+:${server.rtspPort}/mjpeg$`));
    const out = await ask(`${server.url}/logout`, {
      method: 'POST',
      headers: { ...TLS, ...session, Origin: 'https://cam.example.com:443' },
    });
    expect([out.status, out.headers['set-cookie']![0]]).toEqual([303, expect.stringMatching(/Max-Age=0; Secure$/)]);
    expect((await logIn({ ...TLS, Origin: 'https://evil.example' })).status).toBe(403);
    expect((await logIn({ ...TLS, Origin: server.url })).status).toBe(403);
  });

  test('gives ONVIF clients addresses that they can open', async () => {
    expect(await soap(CAPABILITIES, TLS)).toContain('https://cam.example.com/onvif/media_service');
    const streamUri = trt(
      'GetStreamUri',
      '<StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>HTTP</tt:Protocol></tt:Transport></StreamSetup><ProfileToken>mjpeg</ProfileToken>',
    );
    expect(await soap(streamUri, { ...TLS, ...RIGHT })).toContain('https://cam.example.com/stream.mjpg');
    expect(await soap(streamUri.replace('HTTP', 'RTSP'), { ...TLS, ...RIGHT })).not.toContain('cam.example.com');
    expect(await soap(trt('GetSnapshotUri', '<ProfileToken>mjpeg</ProfileToken>'), { ...TLS, ...RIGHT })).toContain(
      'https://cam.example.com/snapshot.jpg',
    );
  });

  test('of several clients, the one who guesses does not hold the others up; the log names him', async () => {
    const from = (address: string) => ({ 'X-Forwarded-For': address });
    guesser = new Guesser(24, (k, signal) =>
      ask(`${server.url}/snapshot.jpg`, { headers: { ...from('203.0.113.66'), Authorization: basic('admin', `guess ${k}`) }, signal }),
    );
    await guesser.answered(401, 8);
    for (let k = 0; k < 10; k++) {
      expect((await ask(`${server.url}/api/status`, { headers: { ...from('203.0.113.7'), ...RIGHT } })).status).toBe(200);
    }
    // Who says that he is a neighbour does not become one: the proxy puts his address behind it.
    const before = guesser.answers[401]!;
    const liar = new Guesser(24, (k, signal) =>
      ask(`${server.url}/snapshot.jpg`, {
        headers: { ...from(`203.0.113.${k % 60}, 203.0.113.66`), Authorization: basic('admin', `guess ${k}`) },
        signal,
      }),
    );
    // The two share what one address has, and the newer may get all of it.
    await Promise.race([guesser.answered(401, before + 2), liar.answered(401, 2)]);
    const [answered, seconds] = [liar.answers[401] ?? 0, liar.seconds];
    await liar.stop();
    expect(answered).toBeLessThanOrEqual(1 + seconds);
    expect(server.stderr).toContain('wrong user name or password from 203.0.113.66');
    expect(server.stderr).not.toMatch(/password from (127\.0\.0\.1|203\.0\.113\.[0-5])/);
  }, 60_000);

  test('carries tunnels of RTSP, each under its client’s address', async () => {
    const guess = async (headers: Record<string, string>) => {
      const tunnel = await RtspClient.tunnel(server.port, { credentials: { user: 'admin', password: 'wrong' }, headers });
      tunnel.sendPost();
      const { status } = await tunnel.request('DESCRIBE', tunnel.url('/mjpeg'));
      tunnel.vanish();
      return status;
    };
    expect(await guess({ 'X-Forwarded-For': '203.0.113.99' })).toBe(401);
    await eventually(() => server.stderr.includes('from 203.0.113.99 (RTSP)'), 'the line of the log');
  });
});

describe('anybody else', () => {
  test('cannot say that he came by TLS, or under another name', async () => {
    const answer = await logIn(TLS, STRANGER);
    expect(answer.status).toBe(303);
    expect(answer.headers['set-cookie']![0]).not.toContain('Secure');
    const { body } = await ask(`${server.url}/api/status`, { headers: { ...TLS, ...RIGHT }, from: STRANGER });
    expect(body).toContain(`"${server.url}/stream.mjpg"`);
    expect(body).not.toContain('cam.example.com');
    expect(await soap(CAPABILITIES, TLS, STRANGER)).toContain(`${server.url}/onvif/media_service`);
    expect((await logIn({ ...TLS, Origin: 'https://cam.example.com' }, STRANGER)).status).toBe(403);
  });

  test('cannot say that he is somebody else', async () => {
    const headers = { 'X-Forwarded-For': '203.0.113.5', Authorization: basic('admin', 'wrong') };
    // The log has a line a second.
    await eventually(async () => {
      await ask(`${server.url}/snapshot.jpg`, { headers, from: STRANGER });
      return server.stderr.includes(`wrong user name or password from ${STRANGER}`);
    }, 'the line of the log');
    expect(server.stderr).not.toContain('203.0.113.5"');
    expect(server.stderr).not.toMatch(/password from 203\.0\.113\.5\b/);
  });
});

test('nonsense in these headers does no harm', async () => {
  const nonsense = [
    ',',
    ',,,,',
    'x'.repeat(4000),
    '[::',
    '"',
    '1.2.3.4:',
    ':::::',
    '\u00ff',
    'unknown',
    'http://x/',
    '%00',
    `${'1.1.1.1,'.repeat(1500)}`,
  ];
  for (const text of nonsense) {
    for (const name of ['X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host']) {
      expect((await ask(`${server.url}/api/status`, { headers: { ...RIGHT, [name]: text } })).status).toBe(200);
      expect(await soap(CAPABILITIES, { [name]: text })).toContain('GetCapabilitiesResponse');
    }
  }
  expect(server.stderr).not.toMatch(/ {4}at /);
});
