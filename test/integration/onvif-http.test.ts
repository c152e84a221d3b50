import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { basic, PASSWORD, Server } from '../support/server.ts';

/** The ONVIF services over real sockets: what strangers may send, and how the program takes it. */

const DEVICE = 'http://www.onvif.org/ver10/device/wsdl';
const envelope = (body: string) => `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>${body}</s:Body></s:Envelope>`;
const TIME = envelope(`<GetSystemDateAndTime xmlns="${DEVICE}"/>`);
const SCOPES = envelope(`<GetScopes xmlns="${DEVICE}"/>`);

let server: Server;
beforeAll(async () => {
  server = await Server.start({ args: ['--source', 'test'] });
});
afterAll(async () => {
  await server.stop();
});

const post = (body: BodyInit, headers: Record<string, string> = {}, path = '/onvif/device_service') =>
  fetch(server.url + path, { method: 'POST', body, headers });
const answersAsEver = async () => expect(await (await post(TIME)).text()).toContain('GetSystemDateAndTimeResponse');
const memoryMb = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))![1]) / 1000;

test('without credentials: 401, the challenges, and a fault for those who read it', async () => {
  const answer = await post(SCOPES);
  expect(answer.status).toBe(401);
  expect(answer.headers.get('www-authenticate')).toMatch(/^Digest realm="onvif-camera".*Basic/);
  expect(await answer.text()).toContain('ter:NotAuthorized');
});

test('a session of the page is no way in, and another site’s page is kept out', async () => {
  const authorization = { Authorization: basic('admin', PASSWORD) };
  expect((await post(SCOPES, authorization)).status).toBe(200);
  expect((await post(SCOPES, { ...authorization, Origin: 'http://evil.example' })).status).toBe(403);
});

test('the description is served, with this address in it', async () => {
  const wsdl = await (await fetch(`${server.url}/onvif/device_service?wsdl`)).text();
  expect(wsdl).toContain(`${server.url}/onvif/device_service`);
  const [, schema] = /schemaLocation="([^"]+)"/.exec(wsdl)!;
  expect(await (await fetch(new URL(schema!, `${server.url}/onvif/device_service`))).text()).toContain('http://www.onvif.org/ver10/schema');
  expect((await fetch(`${server.url}/onvif/../../package.json`)).status).not.toBe(200);
});

test.each([
  ['a body of 10 MB', () => post('x'.repeat(10_000_000)), 413],
  ['a gzip body', () => post(gzipSync(TIME), { 'Content-Encoding': 'gzip' }), 415],
  ['a bad gzip body', () => post('no gzip', { 'Content-Encoding': 'gzip' }), 415],
  ['a form', () => post(new URLSearchParams({ a: 'b' })), 400],
  ['nothing', () => fetch(`${server.url}/onvif/device_service`, { method: 'POST' }), 401],
  ['GET', () => fetch(`${server.url}/onvif/device_service`), 405],
  ['DELETE', () => fetch(`${server.url}/onvif/device_service`, { method: 'DELETE' }), 405],
])('%s is refused', async (_name, send, status) => {
  // A server that refuses early may cut the connection while the client is still sending.
  expect(
    await send().then(
      (answer) => answer.status,
      () => status,
    ),
  ).toBe(status);
  await answersAsEver();
});

test('half-open and cut-off requests leave nothing behind', async () => {
  await answersAsEver();
  const before = memoryMb();
  const head = `POST /onvif/device_service HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n${TIME}`;
  for (let round = 0; round < 5; round++) {
    const sockets = Array.from({ length: 100 }, () => connect(server.port, '127.0.0.1'));
    await Promise.all(
      sockets.map(
        (socket, k) =>
          new Promise<void>((resolve) => {
            socket.on('error', () => {});
            socket.on('close', () => resolve());
            socket.on('connect', () => socket.write(head.slice(0, 20 + k * 3), () => socket.destroy()));
          }),
      ),
    );
  }
  await answersAsEver();
  expect(memoryMb() - before).toBeLessThan(25);
});

test('a prototype in an attribute changes nothing for anybody', async () => {
  const evil = envelope(`<GetScopes xmlns="${DEVICE}" id="__proto__"><a href="#__proto__" polluted="yes"/></GetScopes>`);
  expect((await post(evil, { Authorization: basic('admin', PASSWORD) })).status).toBe(400);
  await answersAsEver();
});
