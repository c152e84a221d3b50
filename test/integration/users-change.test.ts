import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ClientOptions, RtspClient } from '../support/rtsp-client.ts';
import { basic, PASSWORD, Server } from '../support/server.ts';
import { Viewer } from '../support/viewer.ts';

/** Whoever loses his login, by a recorder or the owner, loses the picture too. */

const DEVICE = 'http://www.onvif.org/ver10/device/wsdl';
const SCHEMA = 'http://www.onvif.org/ver10/schema';
const GUEST = { user: 'guest', password: 'open sesame' };

let server: Server;
let clients: RtspClient[];

const change = async (operation: string, fields: string) => {
  const answer = await server.fetch('/onvif/device_service', {
    method: 'POST',
    body: `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><${operation} xmlns="${DEVICE}" xmlns:t="${SCHEMA}">${fields}</${operation}></s:Body></s:Envelope>`,
  });
  expect([operation, answer.status]).toEqual([operation, 200]);
};
const userOf = (password: string, level = 'User') =>
  `<User><t:Username>${GUEST.user}</t:Username><t:Password>${password}</t:Password><t:UserLevel>${level}</t:UserLevel></User>`;
const connect = async (options: ClientOptions) => {
  const client = await RtspClient.connect(server.rtspPort, options);
  clients.push(client);
  return client;
};
const tunnel = async (options: ClientOptions) => {
  const client = await RtspClient.tunnel(server.port, options);
  clients.push(client);
  client.sendPost();
  return client;
};

/** One who looks in every way there is. */
async function watch(credentials: { user: string; password: string }) {
  const viewer = new Viewer(server, '/stream.mjpg', { Authorization: basic(credentials.user, credentials.password) });
  const [inConnection, tunnelled, udp] = [await connect({ credentials }), await tunnel({ credentials }), await connect({ credentials })];
  await inConnection.playInterleaved('/mjpeg');
  await tunnelled.playInterleaved('/stream.mjpg');
  const receiver = await udp.playUdp('/mjpeg');
  const sees = async () => {
    const [parts, ...counts] = [viewer.parts.length, inConnection.stream().count, tunnelled.stream().count, receiver.stream.count];
    await viewer.until(() => viewer.parts.length > parts, 'a picture over HTTP');
    await inConnection.until(() => inConnection.stream().count > counts[0]!, 'a picture in the connection');
    await tunnelled.until(() => tunnelled.stream().count > counts[1]!, 'a picture through the tunnel');
    await receiver.until(() => receiver.stream.count > counts[2]!, 'a picture over UDP');
  };
  await sees();
  const isCutOff = async () => {
    await viewer.until(() => viewer.closed, 'the end over HTTP');
    for (const client of [inConnection, tunnelled, udp]) await client.until(() => client.closed, 'the end of a connection');
    await receiver.until(() => receiver.stream.saidGoodbye, 'goodbye');
    expect(inConnection.stream().saidGoodbye).toBe(true);
  };
  const stop = () => {
    viewer.socket.destroy();
    receiver.close();
  };
  return { sees, isCutOff, stop };
}

beforeEach(async () => {
  clients = [];
  server = await Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240'] });
  await change('CreateUsers', userOf(GUEST.password));
});
afterEach(async () => {
  for (const client of clients) client.vanish();
  await server.stop();
});

describe('a user who watches', () => {
  test.each([
    ['is deleted', () => change('DeleteUsers', `<Username>${GUEST.user}</Username>`)],
    ['gets another password', () => change('SetUser', userOf('another one'))],
  ])('is cut off when he %s; others are not', async (_what, happens) => {
    const guest = await watch(GUEST);
    const admin = await watch({ user: 'admin', password: PASSWORD });
    await happens();
    await guest.isCutOff();
    await admin.sees();
    guest.stop();
    admin.stop();
  });

  test('goes on watching when he only gets another level', async () => {
    const guest = await watch(GUEST);
    await change('SetUser', userOf(GUEST.password, 'Operator'));
    await guest.sees();
    guest.stop();
  });
});
