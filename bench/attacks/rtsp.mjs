// Attacks on the RTSP server.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { HTTP_PORT, PASSWORD, RTSP_PORT } from './camera.mjs';
import { CAMERA, NEIGHBOUR } from './lan.mjs';

const URL = `rtsp://${CAMERA}:${RTSP_PORT}/mjpeg`;
const MB = 1e6;

/** The status of one request on a connection of its own; 0 where there is no answer. */
async function askRtsp(wire, from) {
  const socket = await wire.connect(RTSP_PORT, { from });
  if (!socket) return 0;
  const answer = new Promise((resolve) =>
    socket.once('data', (chunk) => resolve(Number(/^RTSP\/1\.0 (\d+)/.exec(chunk)?.[1]))).once('close', () => resolve(0)),
  );
  await wire.write(socket, Buffer.from(`DESCRIBE ${URL} RTSP/1.0\r\nCSeq: 1\r\n\r\n`));
  const status = await Promise.race([answer, sleep(5000, 0)]);
  socket.destroy();
  return status;
}

/** More connections than there is room for, each of which has asked for something. */
async function strangers({ wire, seconds }) {
  const hello = Buffer.from('OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n');
  const sockets = [];
  for (let k = 0; k < 250; k += 50) sockets.push(...(await Promise.all(Array.from({ length: 50 }, () => wire.connect(RTSP_PORT)))));
  await Promise.all(sockets.map((socket) => wire.write(socket, hello)));
  await sleep(1000);
  // A client that logs in needs its connection for longer than a moment.
  const other = await wire.connect(RTSP_PORT, { from: NEIGHBOUR });
  await wire.write(other, hello);
  const until = performance.now() + seconds * 1000;
  let pushed;
  other?.once('close', () => (pushed ??= (performance.now() - began) / 1000));
  const began = performance.now();
  while (performance.now() < until) {
    for (let k = 0; k < 20; k++) await wire.write(await wire.connect(RTSP_PORT), hello);
    await sleep(250);
  }
  const status = await askRtsp(wire, NEIGHBOUR);
  return `another machine is asked to log in: ${status === 401 ? 'yes' : `**no** (${status})`}; its connection: ${pushed === undefined ? 'kept' : `**cut off after ${pushed.toFixed(1)} s**`}`;
}

/** Requests that come byte by byte. */
async function bytewise({ wire, seconds }) {
  const request = Buffer.from(`OPTIONS ${URL} RTSP/1.0\r\nCSeq: 1\r\nX-Long: ${'x'.repeat(4000)}\r\n\r\n`);
  const until = performance.now() + seconds * 1000;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      const socket = await wire.connect(RTSP_PORT);
      for (let k = 0; k < 40_000 && performance.now() < until; k++) {
        if (!(await wire.write(socket, request.subarray(k % request.length, (k % request.length) + 1)))) return;
        if (k % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    }),
  );
}

/** Interleaved packets that belong to no session. */
async function junk({ wire, seconds }) {
  const frame = Buffer.alloc(4 + 1400, 0xa5);
  frame[0] = 0x24;
  frame[1] = 7;
  frame.writeUInt16BE(1400, 2);
  const data = Buffer.concat(Array.from({ length: 40 }, () => frame));
  const until = performance.now() + seconds * 1000;
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      const socket = await wire.connect(RTSP_PORT);
      while (wire.sent < 40 * MB && performance.now() < until && (await wire.write(socket, data)));
    }),
  );
}

/** The smallest of them, for the work of taking each apart. */
async function emptyFrames({ wire, seconds }) {
  const data = Buffer.from('$\0\0\0'.repeat(16_000), 'latin1');
  const until = performance.now() + seconds * 1000;
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      const socket = await wire.connect(RTSP_PORT);
      while (wire.sent < 8 * MB && performance.now() < until && (await wire.write(socket, data)));
    }),
  );
}

const md5 = (text) => createHash('md5').update(text).digest('hex');

/** A DESCRIBE; with credentials where there is a challenge to answer (RFC 2069, as RTSP clients do). */
function describe(cseq, challenge) {
  if (!challenge) return `DESCRIBE ${URL} RTSP/1.0\r\nCSeq: ${cseq}\r\n\r\n`;
  const { realm, nonce } = /realm="(?<realm>[^"]*)".*?nonce="(?<nonce>[^"]*)"/.exec(challenge).groups;
  const response = md5(`${md5(`admin:${realm}:${PASSWORD}`)}:${nonce}:${md5(`DESCRIBE:${URL}`)}`);
  const header = `Authorization: Digest username="admin", realm="${realm}", nonce="${nonce}", uri="${URL}", response="${response}"`;
  return `DESCRIBE ${URL} RTSP/1.0\r\nCSeq: ${cseq}\r\n${header}\r\n\r\n`;
}

/** Somebody at the same address, without a login, puts a request into the tunnel of a client that has logged in. */
async function foreignTunnel({ wire }) {
  const head = (method, more) => Buffer.from(`${method} /mjpeg HTTP/1.1\r\nHost: x\r\nx-sessioncookie: 1234567890\r\n${more}\r\n`);
  const body = head('POST', 'Content-Type: application/x-rtsp-tunnelled\r\nContent-Length: 32767\r\n');
  const put = (socket, request) => wire.write(socket, Buffer.from(Buffer.from(request).toString('base64')));
  const [get, post, foreign] = [await wire.connect(HTTP_PORT), await wire.connect(HTTP_PORT), await wire.connect(HTTP_PORT)];
  let heard = '';
  get.on('data', (chunk) => (heard += chunk.toString('latin1')));
  const statusOf = (cseq) => new RegExp(`RTSP/1\\.0 (\\d+)[^\\r]*\\r\\nCSeq: ${cseq}\\r`).exec(heard)?.[1];
  await wire.write(get, head('GET', 'Accept: application/x-rtsp-tunnelled\r\n'));
  await sleep(300);
  await wire.write(post, body);
  await put(post, describe(1));
  await sleep(300);
  await put(post, describe(2, /Digest [^\r]*/.exec(heard)?.[0]));
  await sleep(300);
  await wire.write(foreign, body);
  await put(foreign, describe(666));
  await sleep(700);
  await put(post, describe(3));
  await sleep(300);
  const own = statusOf(2) === '200' && statusOf(3) === '200' ? 'works' : '**broken**';
  const answer = statusOf(666) === '200' ? '**carried out**' : (statusOf(666) ?? 'not taken');
  return `the tunnel ${own}; the stranger's request in it: ${answer}`;
}

export const RTSP = {
  'rtsp-strangers': { title: 'RTSP, 250 connections of strangers, and more', seconds: 6, run: strangers },
  'rtsp-bytes': { title: 'RTSP, requests byte by byte, 8 connections', seconds: 8, run: bytewise },
  'rtsp-junk': { title: 'RTSP, 40 MB of packets that belong to nothing', seconds: 8, run: junk },
  'rtsp-empty': { title: 'RTSP, two million empty packets', seconds: 8, run: emptyFrames },
  'rtsp-tunnel': { title: "RTSP, a request without a login in another's tunnel", seconds: 5, run: foreignTunnel },
};
