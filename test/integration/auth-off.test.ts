import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fixture, security, trt } from '../support/onvif-endpoint.ts';
import { RtspClient } from '../support/rtsp-client.ts';
import { basic, Server } from '../support/server.ts';

/** `--auth off`: everybody may watch and read, and nobody may change anything without a login. */

const DEVICE = 'http://www.onvif.org/ver10/device/wsdl';
const EVA = '<User><t:Username>eva</t:Username><t:Password>secret</t:Password><t:UserLevel>Administrator</t:UserLevel></User>';
let server: Server;
let password: string;

const tds = (name: string, content = '') => `<${name} xmlns="${DEVICE}" xmlns:t="http://www.onvif.org/ver10/schema">${content}</${name}>`;
const post = async (body: string, { header = '', authorization }: { header?: string; authorization?: string } = {}) =>
  fetch(`${server.url}/onvif/device_service`, {
    method: 'POST',
    body: body.includes('Envelope')
      ? body
      : `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header>${header}</s:Header><s:Body>${body}</s:Body></s:Envelope>`,
    headers: authorization === undefined ? {} : { Authorization: authorization },
  });
const admin = () => ({ authorization: basic('admin', password) });

beforeAll(async () => {
  server = await Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240', '--auth', 'off'], password: null });
  password = server.firstPassword;
});
afterAll(async () => {
  await server.stop();
});

test('the terminal says that everybody can watch, and with what login to change something', () => {
  expect(server.stdout).toMatch(/Login\s+none to watch: everybody in the network can/);
  expect(server.stdout).toMatch(/User\s+admin\n\s+Password\s+in \S+first-password.txt\n/);
});

describe('a stranger', () => {
  test('watches: page, stream, snapshot, status and metrics', async () => {
    for (const path of ['/', '/stream.mjpg', '/snapshot.jpg', '/api/status', '/metrics']) {
      const answer = await fetch(server.url + path, { headers: { Authorization: basic('admin', 'wrong') } });
      expect([path, answer.status]).toEqual([path, 200]);
      await answer.body?.cancel();
    }
  });

  test.each([undefined, { user: 'admin', password: 'wrong' }])('watches by RTSP, as %j', async (credentials) => {
    const client = await RtspClient.connect(server.rtspPort, credentials === undefined ? {} : { credentials });
    await client.playInterleaved('/mjpeg');
    await client.until(() => client.stream().count > 0, 'a picture');
    client.vanish();
  });

  test('reads, with an empty or a wrong login as without one, as often as he likes', async () => {
    for (const body of [tds('GetDeviceInformation'), tds('GetScopes'), trt('GetProfiles')]) {
      for (let time = 0; time < 8; time++) {
        expect((await post(body)).status).toBe(200);
        expect((await post(body, { header: security({ password: 'wrong' }) })).status).toBe(200);
        expect((await post(body, { authorization: basic('admin', 'wrong') })).status).toBe(200);
      }
    }
    expect((await post(fixture('blank-credentials'))).status).toBe(200);
    expect(server.stderr).not.toContain('wrong user name or password');
  });

  test.each([
    ['CreateUsers', tds('CreateUsers', EVA)],
    ['GetUsers', tds('GetUsers')],
    ['SetUser', tds('SetUser', EVA.replace('eva', 'admin'))],
    ['DeleteUsers', tds('DeleteUsers', '<Username>admin</Username>')],
    ['SystemReboot', tds('SystemReboot')],
    ['SetSystemFactoryDefault', tds('SetSystemFactoryDefault', '<FactoryDefault>Hard</FactoryDefault>')],
    ['SetScopes', tds('SetScopes', '<Scopes>onvif://www.onvif.org/location/x</Scopes>')],
    ['SetDiscoveryMode', tds('SetDiscoveryMode', '<DiscoveryMode>NonDiscoverable</DiscoveryMode>')],
    ['CreateProfile', trt('CreateProfile', '<Name>x</Name>')],
    ['StartMulticastStreaming', trt('StartMulticastStreaming', '<ProfileToken>mjpeg</ProfileToken>')],
  ])('may not %s', async (_, body) => {
    const answer = await post(body);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Digest realm="onvif-camera"/);
    expect(await answer.text()).toContain('ter:NotAuthorized');
  });
});

test('an empty login, as clients send it whose user left the form empty, is none', async () => {
  expect((await post(fixture('blank-credentials').replace('GetDeviceInformation', 'GetUsers'))).status).toBe(400);
});

test('the administrator changes what he likes, by every login', async () => {
  expect((await post(tds('CreateUsers', EVA), admin())).status).toBe(200);
  const header = security({ password, created: new Date().toISOString() });
  const listed = await (await post(tds('GetUsers'), { header })).text();
  expect(listed).toContain('eva');
  expect((await post(tds('GetUsers'), { header })).status).toBe(400);
  expect((await post(tds('DeleteUsers', '<Username>eva</Username>'), admin())).status).toBe(200);
});
