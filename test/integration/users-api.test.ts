import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { basic, eventually, PASSWORD, Server } from '../support/server.ts';
import { Viewer } from '../support/viewer.ts';

/** /api/v1: who may do what, what is refused, and what becomes of it. */

const EVE = { name: 'eve', password: 'long enough', level: 'User' };
let server: Server;

interface Asked {
  readonly as?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}
const ask = async (method: string, path: string, { as = basic('admin', PASSWORD), body, headers = {} }: Asked = {}) => {
  const answer = await fetch(server.url + path, {
    method,
    headers: {
      Accept: 'application/json',
      ...(as === '' ? {} : { Authorization: as }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, allow: answer.headers.get('allow'), json: text === '' ? undefined : JSON.parse(text) };
};
const refusal = (status: number, code: string) => ({ status, json: { error: { code } } });

const start = (args: readonly string[] = []) => Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240', ...args] });

describe('users', () => {
  beforeAll(async () => {
    server = await start();
  });
  afterAll(async () => {
    await server.stop();
  });

  test('are listed, added, changed and removed, without their passwords being told', async () => {
    const admin = { name: 'admin', level: 'Administrator', fixed: true };
    expect(await ask('GET', '/api/v1/users')).toMatchObject({ status: 200, json: { users: [admin] } });
    expect(await ask('POST', '/api/v1/users', { body: EVE })).toMatchObject({ status: 201, json: { name: 'eve', level: 'User' } });
    const changed = await ask('PATCH', '/api/v1/users/eve', { body: { level: 'Operator' } });
    expect(changed).toMatchObject({ status: 200, json: { name: 'eve', level: 'Operator' } });
    const list = await ask('GET', '/api/v1/users');
    expect(list.json).toEqual({ users: [admin, { name: 'eve', level: 'Operator' }] });
    expect((await ask('GET', '/api/status', { as: basic('eve', EVE.password) })).status).toBe(200);
    expect(await ask('DELETE', '/api/v1/users/eve')).toMatchObject({ status: 204 });
    expect((await ask('GET', '/api/status', { as: basic('eve', EVE.password) })).status).toBe(401);
  });

  test('names may have any characters', async () => {
    const name = 'a/b?c#d%20 ö';
    expect((await ask('POST', '/api/v1/users', { body: { ...EVE, name } })).status).toBe(201);
    expect((await ask('PATCH', `/api/v1/users/${encodeURIComponent(name)}`, { body: { level: 'Operator' } })).json.name).toBe(name);
    expect((await ask('DELETE', `/api/v1/users/${encodeURIComponent(name)}`)).status).toBe(204);
  });

  test('a stream ends with its user, and with his password', async () => {
    for (const end of [
      () => ask('PATCH', '/api/v1/users/eve', { body: { password: 'another one' } }),
      () => ask('DELETE', '/api/v1/users/eve'),
    ]) {
      await ask('POST', '/api/v1/users', { body: EVE });
      const viewer = new Viewer(server, '/stream.mjpg', { Authorization: basic('eve', EVE.password) });
      await viewer.until(() => viewer.parts.length > 0, 'a picture');
      await end();
      await viewer.until(() => viewer.closed, 'the end');
      await ask('DELETE', '/api/v1/users/eve');
    }
  });

  test.each<[string, string, unknown, ReturnType<typeof refusal>]>([
    ['POST', '', { ...EVE, name: 'admin' }, refusal(409, 'USER_EXISTS')],
    ['POST', '', { ...EVE, password: 'short' }, refusal(400, 'PASSWORD_WEAK')],
    ['POST', '', { ...EVE, name: 'a:b' }, refusal(400, 'CONFIG_INVALID')],
    ['POST', '', { ...EVE, level: 'Boss' }, refusal(400, 'BAD_BODY')],
    ['POST', '', { ...EVE, extra: 1 }, refusal(400, 'BAD_BODY')],
    ['POST', '', '{"name":', refusal(400, 'BAD_BODY')],
    ['POST', '', { ...EVE, name: 'x'.repeat(5000) }, refusal(413, 'BAD_BODY')],
    ['PATCH', '/nobody', { level: 'User' }, refusal(404, 'USER_UNKNOWN')],
    ['DELETE', '/nobody', undefined, refusal(404, 'USER_UNKNOWN')],
    ['DELETE', '/admin', undefined, refusal(409, 'LAST_ADMINISTRATOR')],
    ['PATCH', '/admin', { level: 'User' }, refusal(409, 'LAST_ADMINISTRATOR')],
    // The environment sets it.
    ['PATCH', '/admin', { password: 'another one' }, refusal(409, 'USER_FIXED')],
    ['PUT', '/admin', {}, refusal(405, 'METHOD_NOT_ALLOWED')],
    ['DELETE', '', undefined, refusal(405, 'METHOD_NOT_ALLOWED')],
  ])('%s %s is refused where it has to be', async (method, path, body, expected) => {
    const before = readFileSync(join(server.dataDir, 'state.json'), 'utf8');
    expect(await ask(method, `/api/v1/users${path}`, { body })).toMatchObject(expected);
    expect(readFileSync(join(server.dataDir, 'state.json'), 'utf8')).toBe(before);
  });

  test('the methods of an address are told', async () => {
    expect(await ask('OPTIONS', '/api/v1/users')).toMatchObject({ status: 204, allow: 'GET, HEAD, POST, OPTIONS' });
    expect(await ask('OPTIONS', '/api/v1/users/x')).toMatchObject({ status: 204, allow: 'PATCH, DELETE, OPTIONS' });
    expect(await ask('OPTIONS', '/api/v1/camera/retry')).toMatchObject({ status: 204, allow: 'POST, OPTIONS' });
  });

  test('a page of another site changes nothing: neither with its origin, nor with a type that needs no question', async () => {
    for (const method of ['POST', 'PATCH', 'DELETE', 'PUT'])
      expect(await ask(method, '/api/v1/users/admin', { headers: { Origin: 'http://evil.example' } })).toMatchObject(
        refusal(403, 'CROSS_ORIGIN'),
      );
    const headers = { 'Content-Type': 'text/plain' };
    expect(await ask('POST', '/api/v1/users', { body: EVE, headers })).toMatchObject(refusal(415, 'BAD_BODY'));
  });

  test('only an Administrator sees and changes them', async () => {
    for (const level of ['User', 'Operator']) {
      await ask('POST', '/api/v1/users', { body: { ...EVE, level } });
      const as = basic('eve', EVE.password);
      expect(await ask('GET', '/api/v1/users', { as })).toMatchObject(refusal(403, 'FORBIDDEN'));
      expect(await ask('POST', '/api/v1/users', { as, body: { ...EVE, name: 'x' } })).toMatchObject(refusal(403, 'FORBIDDEN'));
      expect(await ask('PATCH', '/api/v1/users/eve', { as, body: { level: 'Administrator' } })).toMatchObject(refusal(403, 'FORBIDDEN'));
      expect(await ask('DELETE', '/api/v1/users/eve', { as })).toMatchObject(refusal(403, 'FORBIDDEN'));
      expect((await ask('POST', '/api/v1/camera/retry', { as })).status).toBe(202);
      await ask('DELETE', '/api/v1/users/eve');
    }
    expect((await ask('GET', '/api/v1/users', { as: '' })).status).toBe(401);
    expect((await ask('DELETE', '/api/v1/users/admin', { as: '' })).status).toBe(401);
  });
});

describe('the status', () => {
  beforeAll(async () => {
    server = await start(['--auth', 'off']);
  });
  afterAll(async () => {
    await server.stop();
  });

  test('says what the camera does and since when, and to administrators who watches', async () => {
    const token = JSON.parse(readFileSync(join(server.dataDir, 'server.json'), 'utf8')).token as string;
    const viewer = new Viewer(server, '/stream.mjpg');
    await viewer.until(() => viewer.parts.length > 0, 'a picture');
    const { json } = await ask('GET', '/api/v1/status', { as: `Bearer ${token}` });
    expect(json).toMatchObject({
      camera: { state: 'live', source: 'test pattern', width: 320, height: 240, error: null },
      viewerCount: 1,
      viewers: [{ protocol: 'http', transport: 'tcp', stream: 'mjpeg', address: '127.0.0.1', user: null }],
      discovery: { enabled: false },
    });
    for (const time of [json.startedAt, json.camera.since, json.viewers[0].since])
      expect(Math.abs(Date.now() - Date.parse(time))).toBeLessThan(60_000);
    // Everybody may look here, but not at who else does.
    expect((await ask('GET', '/api/v1/status', { as: '' })).json).toMatchObject({ viewerCount: 1, viewers: null });
    viewer.socket.destroy();
    await eventually(async () => (await ask('GET', '/api/v1/status', { as: '' })).json.viewerCount === 0, 'nobody watches');
  });

  test('where everybody may watch, users are seen and changed with a login alone', async () => {
    for (const as of ['', basic('admin', 'wrong')]) {
      expect((await ask('GET', '/api/v1/users', { as })).status).toBe(401);
      expect((await ask('POST', '/api/v1/users', { as, body: EVE })).status).toBe(401);
    }
    expect((await ask('POST', '/api/v1/users', { body: EVE })).status).toBe(201);
    expect(await ask('GET', '/api/v1/users', { as: basic('eve', EVE.password) })).toMatchObject(refusal(403, 'FORBIDDEN'));
  });
});
