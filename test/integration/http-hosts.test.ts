import { hostname } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ask } from '../support/http-client.ts';
import { envelope, tds } from '../support/onvif-endpoint.ts';
import { RtspClient } from '../support/rtsp-client.ts';
import { basic, PASSWORD, Server } from '../support/server.ts';

/** Under which names the page may be opened. What a browser has in its address line comes as the Host header. */

const RIGHT = { Authorization: basic('admin', PASSWORD) };
const json = { Accept: 'application/json' };
const PAGES = ['/', '/index.html', '/login', '/assets/page.js', '/favicon.ico', '/api/status', '/metrics', '/nothing'];
const PICTURES = ['/snapshot.jpg', '/?action=snapshot'];
const EVIL = 'rebound.evil.example';

let server: Server;
let open: Server;
beforeAll(async () => {
  server = await Server.start({
    args: ['--source', 'test', '--http-hosts', 'cam.example.com *.garden.example', '--http-trusted-proxies', '127.0.0.3'],
  });
  open = await Server.start({ args: ['--source', 'test', '--auth', 'off'] });
});
afterAll(async () => {
  await server.stop();
  await open.stop();
});

const at = async (of: Server, path: string, host: string, headers: Record<string, string> = RIGHT) =>
  (await ask(of.url + path, { headers: { ...headers, Host: host } })).status;
const soap = (of: Server, host: string, method = 'GetDeviceInformation') =>
  ask(`${of.url}/onvif/device_service`, { method: 'POST', headers: { ...RIGHT, Host: host }, body: envelope(tds(method)) });

describe('under a name of somebody else', () => {
  test.each(PAGES)('%s is not there: 421, and what to set', async (path) => {
    const answer = await ask(server.url + path, { headers: { ...RIGHT, ...json, Host: `${EVIL}:${server.port}` } });
    expect(answer.status).toBe(421);
    expect(JSON.parse(answer.body)).toEqual({
      error: {
        code: 'WRONG_HOST',
        message: `This camera does not know itself as "${EVIL}".`,
        hint: expect.stringContaining(`--http-hosts ${EVIL}`),
      },
    });
  });

  test('nobody logs in, nor out', async () => {
    const form = { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded', Host: EVIL, Origin: `http://${EVIL}` } };
    const answer = await ask(`${server.url}/login`, {
      ...form,
      body: new URLSearchParams({ username: 'admin', password: PASSWORD }).toString(),
    });
    expect([answer.status, answer.headers['set-cookie']]).toEqual([421, undefined]);
    expect((await ask(`${server.url}/logout`, form)).status).toBe(421);
  });

  test('programs get pictures and ONVIF all the same, with the password', async () => {
    for (const path of PICTURES) expect([path, await at(server, path, EVIL)]).toEqual([path, 200]);
    expect(await at(server, '/snapshot.jpg', EVIL, {})).toBe(401);
    const head = await ask(`${server.url}/stream.mjpg`, { method: 'HEAD', headers: { ...RIGHT, Host: EVIL } });
    expect(head.status).toBe(200);
    expect((await soap(server, EVIL)).status).toBe(200);
    expect(await at(server, '/healthz', EVIL, {})).toBe(200);
  });

  test('the log tells the owner', () => {
    expect(server.stderr).toContain(`a request for \\"${EVIL}\\", which is no name of this camera; see http.hosts`);
  });
});

test('without a password nothing is there under such a name but /healthz', async () => {
  for (const path of [...PAGES, ...PICTURES, '/stream.mjpg', '/?action=stream']) {
    expect([path, await at(open, path, EVIL)]).toEqual([path, 421]);
  }
  const answer = await soap(open, EVIL);
  expect([answer.status, answer.body]).toEqual([421, expect.stringContaining('http.hosts')]);
  expect(await at(open, '/healthz', EVIL)).toBe(200);
  for (const path of PICTURES) expect([path, await at(open, path, 'picam.local')]).toEqual([path, 200]);
  expect((await soap(open, 'picam.local')).status).toBe(200);
});

test('without a password there is no tunnel under such a name either, on either port', async () => {
  for (const port of [open.port, open.rtspPort]) {
    const stranger = await RtspClient.tunnel(port, { headers: { Host: EVIL } }).catch(() => undefined);
    if (stranger) {
      await stranger.until(() => stranger.head !== '' || stranger.closed, 'the answer');
      expect(stranger.head).not.toMatch(/^HTTP\/1\.\d 200/);
      stranger.vanish();
    }
    const owner = await RtspClient.tunnel(port, { headers: { Host: `127.0.0.1:${port}` } });
    owner.sendPost();
    expect((await owner.request('DESCRIBE', owner.url('/mjpeg'))).status).toBe(200);
    owner.vanish();
  }
});

describe('under a name of ours', () => {
  const names = [
    '192.168.1.5',
    '[fd00::5]',
    'localhost',
    'picam.local',
    'picam.lan',
    'kamera',
    'cam.example.com',
    'a.garden.example',
    hostname().split('.')[0]!,
  ];
  test.each(names)('%s, with and without a port, all is there', async (name) => {
    for (const host of [name, `${name}:8080`, name.toUpperCase()]) expect(await at(server, '/api/status', host)).toBe(200);
  });

  test('that a trusted proxy answers for', async () => {
    const headers = { ...RIGHT, Host: 'inside', 'X-Forwarded-Host': 'any.example' };
    expect((await ask(`${server.url}/api/status`, { headers, from: '127.0.0.3' })).status).toBe(200);
    // Of Host alone it does not: it may hand on whatever comes.
    expect((await ask(`${server.url}/api/status`, { headers: { ...RIGHT, Host: EVIL }, from: '127.0.0.3' })).status).toBe(421);
    expect((await ask(`${server.url}/api/status`, { headers: { ...headers, Host: EVIL } })).status).toBe(421);
  });
});

test.each(['"<>', 'a b', 'x@y', '1.2.3.999', '[::', 'x:99999'])('the Host %j is refused as nonsense', async (host) => {
  expect(await at(server, '/api/status', host)).toBe(400);
});

test.each([
  ['--http-hosts', 'http://cam.example.com', 'http.hosts'],
  ['--http-hosts', '192.168.1.5', 'http.hosts'],
  ['--http-trusted-proxies', 'proxy.example.com', 'http.trustedProxies'],
  ['--http-trusted-proxies', '10.0.0.0/33', 'http.trustedProxies'],
])('%s %s is no setting', async (flag, value, key) => {
  const wrong = Server.spawn({ args: [flag, value] });
  expect((await wrong.ended).code).toBe(2);
  expect(wrong.stderr).toContain(`${key} is`);
  await wrong.stop();
});
