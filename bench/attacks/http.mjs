// Attacks on the web server by strangers, and by viewers who misbehave.
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, basic, cookieOf, envelope, HTTP_PORT, logIn, soap } from './camera.mjs';
import { ATTACKER, NEIGHBOUR } from './lan.mjs';

const MB = 1e6;
const head = (lines) => `${lines.join('\r\n')}\r\n\r\n`;

/** Asks for a file many times at once and goes at the first answer. */
async function filesNotTaken({ wire }) {
  const request = Buffer.from('GET /assets/page.js HTTP/1.1\r\nHost: x\r\n\r\n');
  const perConnection = 1500;
  const data = Buffer.concat(Array.from({ length: perConnection }, () => request));
  for (let sent = 0; sent + data.length <= 2 * MB; sent += data.length) {
    const socket = await wire.connect(HTTP_PORT);
    if (!(await wire.write(socket, data))) continue;
    await Promise.race([new Promise((resolve) => socket.once('data', resolve)), sleep(2000)]);
    socket.destroy();
  }
  await sleep(3000);
}

/** A body in chunks of one byte each; as much as `bytes`, on eight connections. */
function oneByteChunks(path, type) {
  return async ({ wire, seconds }) => {
    const bytes = 1.5 * MB;
    const connections = 8;
    const chunks = Buffer.from('1\r\nx\r\n'.repeat(1000));
    const until = performance.now() + seconds * 1000;
    await Promise.all(
      Array.from({ length: connections }, async () => {
        const socket = await wire.connect(HTTP_PORT);
        await wire.write(
          socket,
          Buffer.from(head([`POST ${path} HTTP/1.1`, 'Host: x', `Content-Type: ${type}`, 'Transfer-Encoding: chunked'])),
        );
        for (let sent = 0; sent < bytes / connections && performance.now() < until; sent += chunks.length) {
          if (!(await wire.write(socket, chunks))) return;
        }
      }),
    );
    await sleep(500);
  };
}

/** Nearly a whole body, eight hundred times, and never the rest. */
async function endlessBodies({ wire, seconds, serves }) {
  const request = Buffer.from(head(['POST /onvif/device_service HTTP/1.1', 'Host: x', 'Content-Length: 262144']));
  const body = Buffer.alloc(200_000, 0x20);
  const began = performance.now();
  for (let k = 0; k < 800 && performance.now() - began < seconds * 1000; k += 16) {
    await Promise.all(
      Array.from({ length: 16 }, async () => {
        const socket = await wire.connect(HTTP_PORT);
        if (await wire.write(socket, request)) await Promise.race([wire.write(socket, body), sleep(2000)]);
      }),
    );
  }
  return `another machine meanwhile: ${await serves()}`;
}

/** Connections that say nothing, or a head line by line. */
function manyConnections(count, speak) {
  return async ({ wire, seconds, serves }) => {
    const sockets = [];
    for (let k = 0; k < count; k += 50) {
      sockets.push(...(await Promise.all(Array.from({ length: 50 }, () => wire.connect(HTTP_PORT)))));
    }
    await Promise.all(sockets.map((socket) => wire.write(socket, Buffer.from(speak ? 'GET / HTTP/1.1\r\nHost: x\r\n' : ''))));
    const during = serves();
    for (let second = 0; second < seconds; second++) {
      if (speak) await Promise.all(sockets.map((socket) => wire.write(socket, Buffer.from('X-A: b\r\n'))));
      await sleep(1000);
    }
    return `another machine meanwhile: ${await during}`;
  };
}

/** Logged in, asks for thousands of snapshots and reads none. */
async function snapshotsNotRead({ wire, seconds, serves }) {
  const { Cookie } = cookieOf(await logIn(ATTACKER));
  const request = Buffer.from(head(['GET /snapshot.jpg HTTP/1.1', 'Host: x', `Cookie: ${Cookie}`]));
  const data = Buffer.concat(Array.from({ length: 2000 }, () => request));
  for (let k = 0; k < 16; k++) {
    const socket = await wire.connect(HTTP_PORT, { read: false });
    socket?.pause();
    await Promise.race([wire.write(socket, data), sleep(500)]);
  }
  await sleep((seconds * 1000) / 2);
  return `another machine meanwhile: ${await serves()}`;
}

/** A page of another site, whose name has been made to lead to the camera, asks as the visitor's browser would. */
async function rebinding() {
  const headers = { Host: 'evil.example:8080', Origin: 'http://evil.example:8080' };
  const picture = await ask('/snapshot.jpg', { headers, limitMs: 12_000 });
  const change = await soap(
    envelope('<tds:SetDiscoveryMode><tds:DiscoveryMode>NonDiscoverable</tds:DiscoveryMode></tds:SetDiscoveryMode>'),
    { headers },
  );
  return `picture: ${given(picture)}, setting changed: ${given(change)}`;
}

const given = ({ status }) => (status === 200 ? '**yes**' : `no (${status})`);

/** With `--auth off`, where everybody may watch: what a stranger may change. */
async function authOff() {
  const user = '<tt:Username>mallory</tt:Username><tt:Password>mallory12</tt:Password><tt:UserLevel>Administrator</tt:UserLevel>';
  const calls = {
    'discovery off': '<tds:SetDiscoveryMode><tds:DiscoveryMode>NonDiscoverable</tds:DiscoveryMode></tds:SetDiscoveryMode>',
    'user made': `<tds:CreateUsers><tds:User>${user}</tds:User></tds:CreateUsers>`,
    'scopes set': '<tds:SetScopes><tds:Scopes>onvif://www.onvif.org/name/Mallory</tds:Scopes></tds:SetScopes>',
    restart: '<tds:SystemReboot/>',
  };
  const said = [];
  for (const [what, body] of Object.entries(calls)) said.push(`${what}: ${given(await soap(envelope(body)))}`);
  await sleep(3000);
  return said.join(', ');
}

/** A wrong password a second, at a path as long as a head may be. */
async function longPaths({ wire, seconds }) {
  const path = `/${'a'.repeat(15_000)}`;
  for (let k = 0; k < seconds; k++) {
    wire.sent += path.length;
    await ask(path, { headers: basic('wrong') });
    await sleep(1000);
  }
}

/** One request of a user: a number of 250,000 digits that is none. */
async function longNumber({ wire }) {
  const number = `${'1'.repeat(250_000)}x`;
  const settings = `<i:VideoSourceToken>x</i:VideoSourceToken><i:ImagingSettings><tt:Brightness>${number}</tt:Brightness></i:ImagingSettings>`;
  const body = envelope(`<i:SetImagingSettings xmlns:i="http://www.onvif.org/ver20/imaging/wsdl">${settings}</i:SetImagingSettings>`);
  wire.sent += body.length;
  const { status, ms, error } = await soap(body, { headers: basic(), limitMs: 90_000 });
  return `answered after ${(ms / 1000).toFixed(1)} s (${status || error})`;
}

/** One who holds F5 down: the page, its stream, gone again. Counts the capture programs that were started. */
async function reload({ wire, captures }) {
  const { Cookie } = cookieOf(await logIn(ATTACKER));
  const request = (path) => Buffer.from(head([`GET ${path} HTTP/1.1`, 'Host: x', `Cookie: ${Cookie}`]));
  for (let k = 0; k < 250; k++) {
    const [page, stream] = await Promise.all([wire.connect(HTTP_PORT), wire.connect(HTTP_PORT)]);
    const first = (socket) => new Promise((resolve) => (socket ? socket.once('data', resolve).once('close', resolve) : resolve()));
    const answers = [first(page), first(stream)];
    await Promise.all([wire.write(page, request('/')), wire.write(stream, request('/stream.mjpg'))]);
    await Promise.race([Promise.all(answers), sleep(5000)]);
    page?.destroy();
    stream?.destroy();
  }
  return `capture programs started for 500 requests: ${captures()}`;
}

/** Nothing but the watcher: what the others are to be compared with. */
async function nothing({ seconds }) {
  await sleep(seconds * 1000);
  const picture = await ask('/snapshot.jpg', { from: NEIGHBOUR, headers: basic(), limitMs: 12_000 });
  return `snapshot ${picture.status}`;
}

export const HTTP = {
  nothing: { title: 'Nothing, for comparison', seconds: 5, run: nothing },
  descriptors: { title: 'Files asked for and not taken, 2 MB of requests', seconds: 10, run: filesNotTaken },
  'soap-chunks': {
    title: 'SOAP in chunks of one byte, 1.5 MB, 8 connections',
    seconds: 20,
    run: oneByteChunks('/onvif/device_service', 'application/soap+xml'),
  },
  'login-chunks': {
    title: 'Login form in chunks of one byte, 1.5 MB, 8 connections',
    seconds: 20,
    run: oneByteChunks('/login', 'application/x-www-form-urlencoded'),
  },
  'endless-bodies': { title: '800 bodies of 200 kB that never end', seconds: 15, run: endlessBodies },
  connections: { title: '1200 connections that say nothing', seconds: 5, run: manyConnections(1200, false) },
  'slow-heads': { title: '1000 heads, a line a second', seconds: 8, run: manyConnections(1000, true) },
  'unread-snapshots': { title: '32000 snapshots asked for by a user and not read', seconds: 8, run: snapshotsNotRead },
  rebinding: { title: "Another site's page by DNS rebinding, --auth off", seconds: 10, args: ['--auth', 'off'], run: rebinding },
  'auth-off': { title: 'Changes by strangers, --auth off', seconds: 10, args: ['--auth', 'off'], run: authOff },
  'long-paths': { title: 'Wrong logins at a path of 15 kB, one a second', seconds: 8, run: longPaths },
  'long-number': { title: 'One number of 250,000 digits', seconds: 5, run: longNumber },
  reload: { title: '250 reloads of the page, each with its stream', seconds: 30, captured: true, run: reload },
};
