import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { ask, Guesser, oneConnection } from '../support/http-client.ts';
import { envelope, TOKEN_PROFILE, tds, WSSE } from '../support/onvif-endpoint.ts';
import { RtspClient } from '../support/rtsp-client.ts';
import { basic, PASSWORD, Server } from '../support/server.ts';

/** Who gets through, over real sockets, while somebody guesses from the same address. */

/** As many as guessing tools make at a time, and some more. */
const THREADS = 24;

let server: Server;
let guesser: Guesser | undefined;
beforeAll(async () => {
  server = await Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240'] });
});
afterEach(async () => {
  await guesser?.stop();
  guesser = undefined;
});
afterAll(async () => {
  await server.stop();
});

const RIGHT = { Authorization: basic('admin', PASSWORD) };
const guess = (k: number, signal: AbortSignal) =>
  ask(`${server.url}/snapshot.jpg`, { headers: { Authorization: basic('admin', `guess ${k}`) }, signal });
const logIn = () =>
  ask(`${server.url}/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ username: 'admin', password: PASSWORD }).toString(),
  });
/** GetScopes with a WS-UsernameToken. */
const scopesAs = (user: string, password: string) =>
  envelope(
    tds('GetScopes'),
    `<Security xmlns="${WSSE}"><UsernameToken><Username>${user}</Username><Password Type="${TOKEN_PROFILE}#PasswordText">${password}</Password></UsernameToken></Security>`,
  );
const soap = async () => (await ask(`${server.url}/onvif/device_service`, { method: 'POST', body: scopesAs('admin', PASSWORD) })).status;

/** Requests with Digest, all with one nonce, each on a connection of its own. */
async function digestClient() {
  const hash = (text: string) => createHash('md5').update(text).digest('hex');
  const path = '/api/status';
  const challenge = String((await ask(server.url + path)).headers['www-authenticate']);
  const nonce = /nonce="([0-9a-f]+)"/.exec(challenge)![1]!;
  let count = 0;
  return async () => {
    const nc = (++count).toString(16).padStart(8, '0');
    const response = hash(`${hash(`admin:onvif-camera:${PASSWORD}`)}:${nonce}:${nc}:abc:auth:${hash(`GET:${path}`)}`);
    const Authorization = `Digest username="admin", realm="onvif-camera", nonce="${nonce}", uri="${path}", qop=auth, nc=${nc}, cnonce="abc", response="${response}"`;
    return (await ask(server.url + path, { headers: { Authorization } })).status;
  };
}

test('who is logged in goes on at once, however he is; a newcomer gets his turn; and the guesser gets no faster', async () => {
  const cookie = (await logIn()).headers['set-cookie']![0]!.split(';')[0]!;
  const session = async () => (await ask(`${server.url}/api/status`, { headers: { Cookie: cookie } })).status;
  const digest = await digestClient();
  expect(await digest()).toBe(200);
  const agent = oneConnection();
  const kept = async () => (await ask(`${server.url}/api/status`, { headers: RIGHT, agent })).status;
  expect(await kept()).toBe(200);
  const player = await RtspClient.connect(server.rtspPort);
  expect((await player.request('DESCRIBE', player.url('/mjpeg'))).status).toBe(200);

  guesser = new Guesser(THREADS, guess);
  // By then one in two seconds is left to him.
  await guesser.answered(401, 8);
  for (let k = 0; k < 5; k++) {
    const before = guesser.answers[401] ?? 0;
    const began = guesser.seconds;
    expect(await Promise.all([session(), digest(), kept()])).toEqual([200, 200, 200]);
    expect((await player.request('DESCRIBE', player.url('/mjpeg'))).status).toBe(200);
    // None of it took a turn: he had but those that the time gave him.
    expect((guesser.answers[401] ?? 0) - before).toBeLessThanOrEqual(1 + (guesser.seconds - began) / 2);
  }

  expect((await logIn()).status).toBe(303);
  expect((await ask(`${server.url}/api/status`, { headers: RIGHT })).status).toBe(200);
  expect(await soap()).toBe(200);
  const newcomer = await RtspClient.connect(server.rtspPort);
  expect((await newcomer.request('DESCRIBE', newcomer.url('/mjpeg'))).status).toBe(200);
  const newcomers = 4;
  // Five that are free, those that double the distance, and one for each success that let him go on at once.
  expect(guesser.answers[401]).toBeLessThanOrEqual(5 + 4 + newcomers + guesser.seconds / 2 + 1);

  agent.destroy();
  player.vanish();
  newcomer.vanish();
}, 90_000);

test('guessing goes on at one rate over RTSP, SOAP and the form together', async () => {
  const other = await Server.start({ args: ['--source', 'test'] });
  const wrongSoap = scopesAs('admin', 'wrong');
  const doors = [
    (k: number, signal: AbortSignal) =>
      ask(`${other.url}/snapshot.jpg`, { headers: { Authorization: basic('admin', `guess ${k}`) }, signal }),
    (_k: number, signal: AbortSignal) => ask(`${other.url}/onvif/device_service`, { method: 'POST', body: wrongSoap, signal }),
    (k: number, signal: AbortSignal) =>
      ask(`${other.url}/login`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: `username=admin&password=guess${k}`,
        signal,
      }),
  ];
  guesser = new Guesser(THREADS, (k, signal) => doors[k % doors.length]!(k, signal));
  await guesser.answered(401, 8);
  const looked = (guesser.answers[401] ?? 0) + (guesser.answers[400] ?? 0);
  expect(looked).toBeLessThanOrEqual(5 + 4 + guesser.seconds / 2 + 1);
  await guesser.stop();
  await other.stop();
}, 60_000);
