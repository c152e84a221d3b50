import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PASSWORD, Server } from '../support/server.ts';

/** A request of RTSP that was recorded in the network, and is sent again by another machine. */

let server: Server;
beforeAll(async () => {
  server = await Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240'] });
});
afterAll(async () => {
  await server.stop();
});

const md5 = (text: string) => createHash('md5').update(text).digest('hex');

/** Sends one request from an address of this machine; gives the answer's head. */
async function describeFrom(localAddress: string, authorization?: string): Promise<string> {
  const socket = connect({ port: server.rtspPort, host: '127.0.0.1', localAddress }).setEncoding('latin1');
  const header = authorization === undefined ? '' : `Authorization: ${authorization}\r\n`;
  socket.write(`DESCRIBE rtsp://127.0.0.1:${server.rtspPort}/mjpeg RTSP/1.0\r\nCSeq: 1\r\n${header}\r\n`);
  const [head] = (await once(socket, 'data')) as [string];
  socket.destroy();
  return head;
}

function answerTo(challenge: string): string {
  const nonce = /nonce="([0-9a-f]+)"/.exec(challenge)![1]!;
  const uri = `rtsp://127.0.0.1:${server.rtspPort}/mjpeg`;
  const response = md5(`${md5(`admin:onvif-camera:${PASSWORD}`)}:${nonce}:${md5(`DESCRIBE:${uri}`)}`);
  return `Digest username="admin", realm="onvif-camera", nonce="${nonce}", uri="${uri}", response="${response}"`;
}

test('is answered with a challenge; the one whose it is may send it again, and the other one with a login of his own', async () => {
  const recorded = answerTo(await describeFrom('127.0.0.1'));
  expect(await describeFrom('127.0.0.1', recorded)).toMatch(/^RTSP\/1\.0 200 /);
  const refused = await describeFrom('127.0.0.2', recorded);
  expect(refused).toMatch(/^RTSP\/1\.0 401 [\s\S]*stale=true/);
  expect(await describeFrom('127.0.0.1', recorded)).toMatch(/^RTSP\/1\.0 200 /);
  expect(await describeFrom('127.0.0.2', answerTo(refused))).toMatch(/^RTSP\/1\.0 200 /);
  expect(server.stderr).not.toContain('wrong user name or password');
});
