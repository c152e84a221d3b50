import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { security } from '../support/onvif-endpoint.ts';
import { PASSWORD, Server } from '../support/server.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** What one who listens in on the network can do with a login that he copied. */

const DEVICE = 'http://www.onvif.org/ver10/device/wsdl';
let dataDir: string;
let server: Server;
let logins = 0;

const start = async () => {
  server = await Server.start({ args: ['--source', 'test'], dataDir });
};
/** A request with a login of its own. @param slow seconds by which the client's clock is slow */
const request = (operation: string, { slow = 0, content = '' } = {}) => {
  const created = new Date(Date.now() - slow * 1000).toISOString();
  const header = security({ password: PASSWORD, nonce: `nonce ${++logins}`, created });
  return `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header>${header}</s:Header><s:Body><${operation} xmlns="${DEVICE}" xmlns:t="http://www.onvif.org/ver10/schema">${content}</${operation}></s:Body></s:Envelope>`;
};
const send = async (body: string) => {
  const answer = await fetch(`${server.url}/onvif/device_service`, { method: 'POST', body });
  const reason = /<env:Text[^>]*>([^<]*)/.exec(await answer.text())?.[1];
  return [answer.status, ...(reason === undefined ? [] : [reason])];
};
const REPLAYED = [400, 'The security token was used before.'];
const FORGOTTEN = [400, expect.stringContaining('The security token has expired: the camera stopped without warning')];

/** One makes an administrator; what an attacker would like to do again. */
const makeAdministrator = () =>
  request('CreateUsers', {
    content: '<User><t:Username>eva</t:Username><t:Password>secret</t:Password><t:UserLevel>Administrator</t:UserLevel></User>',
  });
const removeEva = async () => expect(await send(request('DeleteUsers', { content: '<Username>eva</Username>' }))).toEqual([200]);
const users = () =>
  (JSON.parse(readFileSync(join(dataDir, 'state.json'), 'utf8')) as { users: { name: string }[] }).users.map(({ name }) => name);

beforeEach(async () => {
  dataDir = makeTempDir();
  await start();
});
afterEach(async () => {
  await server.stop('SIGKILL');
});

test('a copied login makes no administrator after a restart that a client asked for', async () => {
  const copied = makeAdministrator();
  expect(await send(copied)).toEqual([200]);
  expect(await send(copied)).toEqual(REPLAYED);
  await removeEva();
  const reboot = request('SystemReboot');
  expect(await send(reboot)).toEqual([200]);
  await server.output(/is ready\.[\s\S]*is ready\.[\s\S]*\n\n/);
  for (const used of [copied, reboot]) expect(await send(used)).toEqual(REPLAYED);
  expect(users()).not.toContain('eva');
  expect(await send(request('GetScopes'))).toEqual([200]);
});

test('nor where the disk takes nothing', async () => {
  mkdirSync(join(dataDir, 'used-tokens.json'));
  const copied = makeAdministrator();
  expect(await send(copied)).toEqual([200]);
  await removeEva();
  expect(await send(request('SystemReboot'))).toEqual([200]);
  await server.output(/is ready\.[\s\S]*is ready\.[\s\S]*\n\n/);
  expect(await send(copied)).toEqual(REPLAYED);
  expect(server.stderr).toMatch(/used-tokens\.json cannot be written: .* Give a directory/);
});

test('nor after a stop and a start; clients with slow and fast clocks get in at once', async () => {
  const copied = [makeAdministrator(), request('GetScopes', { slow: 300 }), request('GetScopes', { slow: -300 })];
  for (const used of copied) expect(await send(used)).toEqual([200]);
  await removeEva();
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  const file = join(dataDir, 'used-tokens.json');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(dataDir).filter((name) => name.startsWith('used-tokens'))).toEqual(['used-tokens.json']);
  expect(readFileSync(file, 'utf8')).not.toContain(PASSWORD);
  await start();
  for (const used of copied) expect(await send(used)).toEqual(REPLAYED);
  for (const slow of [0, 300, -300]) expect(await send(request('GetScopes', { slow }))).toEqual([200]);
  expect(users()).not.toContain('eva');
});

test('nor after the program was killed; a client with the right time gets in at once', async () => {
  const copied = [makeAdministrator(), request('GetScopes', { slow: 300 }), request('GetScopes', { slow: 1 })];
  for (const used of copied) expect(await send(used)).toEqual([200]);
  await removeEva();
  await server.stop('SIGKILL');
  await start();
  expect(await send(request('GetScopes'))).toEqual([200]);
  for (const used of copied) expect(await send(used)).toEqual(FORGOTTEN);
  expect(server.stderr.match(/An ONVIF login of .* was refused/g)).toHaveLength(1);
  expect(users()).not.toContain('eva');
});

test('one whose clock was ahead when the program was killed cannot be copied either', async () => {
  const copied = request('GetScopes', { slow: -30 });
  expect(await send(copied)).toEqual([200]);
  await server.stop('SIGKILL');
  await start();
  expect(await send(copied)).toEqual(FORGOTTEN);
});

test('a second program that finds the first running leaves its memory alone', async () => {
  const copied = request('GetScopes');
  expect(await send(copied)).toEqual([200]);
  const second = Server.spawn({ args: ['--source', 'test'], dataDir });
  expect((await second.ended).code).toBe(1);
  await server.stop();
  await start();
  expect(await send(copied)).toEqual(REPLAYED);
});

test('without a login nothing is written', async () => {
  await server.fetch('/snapshot.jpg');
  await server.stop();
  expect(existsSync(join(dataDir, 'used-tokens.json'))).toBe(false);
});

test('a copied login of HTTP Digest is worth nothing after a restart', async () => {
  const md5 = (text: string) => createHash('md5').update(text).digest('hex');
  const challenge = (await fetch(`${server.url}/snapshot.jpg`)).headers.get('www-authenticate')!;
  const nonce = /nonce="([0-9a-f]+)"/.exec(challenge)![1]!;
  const response = md5(`${md5(`admin:onvif-camera:${PASSWORD}`)}:${nonce}:00000001:c:auth:${md5('GET:/snapshot.jpg')}`);
  const Authorization = `Digest username="admin", realm="onvif-camera", nonce="${nonce}", uri="/snapshot.jpg", qop=auth, nc=00000001, cnonce="c", response="${response}"`;
  const get = async () => {
    const answer = await fetch(`${server.url}/snapshot.jpg`, { headers: { Authorization } });
    await answer.arrayBuffer();
    return answer.status;
  };
  expect([await get(), await get()]).toEqual([200, 401]);
  expect(await send(request('SystemReboot'))).toEqual([200]);
  await server.output(/is ready\.[\s\S]*is ready\.[\s\S]*\n\n/);
  expect(await get()).toBe(401);
});
