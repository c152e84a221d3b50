// How inputs come to the camera: TCP connections from many addresses, datagrams no faster than they are read.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { BASIC } from './camera.mjs';
import { Random } from './random.mjs';

/** Connections at a time; more than a recorder has, fewer than there may be. */
const CONNECTIONS = 40;
/** A connection on which nothing comes for this long has said all that it will, milliseconds. */
const QUIET_MS = 100;
const LONGEST_MS = 1500;
const SENDERS_PER_SLICE = 8;
/** Datagrams at a time, and bytes: they fit the queue of any system. */
const BURST = 30;
const BURST_BYTES = 60_000;
/** CPU time that they may take, seconds: the first search makes the program load what answers the next questions. */
const BURST_S = 0.8;
const QUEUE_LIMIT_MS = 20_000;

/**
 * An address of its own for each: nobody is then slowed down for what another did. Only Linux has all of 127.0.0.0/8.
 * @param {Random} random
 */
const strangerAddress = (random) =>
  process.platform === 'linux' ? `127.${1 + random.below(250)}.${random.below(250)}.${1 + random.below(250)}` : '127.0.0.1';

/**
 * Sends cases, each the pieces of what is said on a connection of its own.
 * @param {number} port
 * @param {{ chunks: Buffer[], seed: string }[]} cases
 * @param {RegExp} answer how an answer begins, for counting
 * @returns {Promise<number>} how many messages were answered, or refused by closing the connection
 */
export async function sendTcp(port, cases, answer) {
  let heard = 0;
  const left = [...cases];
  const next = async () => {
    for (let each = left.shift(); each; each = left.shift()) {
      const answers = await converse(port, each, answer);
      heard += answers;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, next));
  return heard;
}

function converse(port, { chunks, seed, messages = 1 }, answer) {
  return new Promise((resolve) => {
    const localAddress = strangerAddress(new Random(`address ${seed}`));
    const socket = connect({ host: '127.0.0.1', port, localAddress, noDelay: true });
    let answers = 0;
    let quiet;
    const end = () => socket.destroy();
    const later = () => {
      clearTimeout(quiet);
      quiet = setTimeout(end, QUIET_MS);
    };
    const longest = setTimeout(end, LONGEST_MS);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      answers += chunk.toString('latin1').match(answer)?.length ?? 0;
      later();
    });
    socket.on('close', () => {
      clearTimeout(quiet);
      clearTimeout(longest);
      resolve(Math.min(messages, Math.max(1, answers)));
    });
    socket.on('connect', async () => {
      for (const chunk of chunks) {
        if (socket.destroyed) return;
        socket.write(chunk);
        // Pieces go out as packets of their own.
        if (chunks.length > 1) await new Promise((done) => setImmediate(done));
      }
      socket.end();
      later();
    });
  });
}

/** What waits at UDP ports of this network, and what was dropped there, from the kernel. */
function queues(ports) {
  let [waiting, dropped] = [0, 0];
  for (const line of readFileSync('/proc/net/udp', 'utf8').split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    if (!ports.has(Number.parseInt(fields[1]?.split(':')[1] ?? '', 16))) continue;
    waiting += Number.parseInt(fields[4].split(':')[1], 16);
    dropped += Number(fields[12]);
  }
  return { waiting, dropped };
}

async function untilRead(ports, camera) {
  const giveUp = performance.now() + QUEUE_LIMIT_MS;
  while (queues(ports).waiting > 0 && !camera.complaint && performance.now() < giveUp) await new Promise((done) => setImmediate(done));
}

async function sendAll(camera, socket, cases, port, address) {
  const ports = new Set([port]);
  let [count, bytes, cpuS] = [0, 0, camera.cpuS];
  for (const { chunks } of cases) {
    if (camera.complaint) return;
    if (count >= BURST || bytes + chunks[0].length > BURST_BYTES) {
      await untilRead(ports, camera);
      const spent = camera.cpuS - cpuS;
      if (spent > BURST_S) camera.complaint = `${spent.toFixed(2)} s of CPU time for ${count} datagrams of ${bytes} bytes`;
      [count, bytes, cpuS] = [0, 0, cpuS + spent];
    }
    count++;
    bytes += chunks[0].length;
    await new Promise((done) => (address ? socket.send(chunks[0], port, address, done) : socket.send(chunks[0], done)));
  }
  await untilRead(ports, camera);
}

/**
 * Sends datagrams to one of the ports by which cameras are found, from several machines by the look of it.
 * @returns {Promise<number>} how many were read
 */
export async function sendDatagrams(camera, address, port, cases) {
  const ports = new Set([port]);
  const before = queues(ports).dropped;
  const random = new Random(`senders ${cases[0].seed}`);
  const each = Math.ceil(cases.length / SENDERS_PER_SLICE);
  for (let at = 0; at < cases.length; at += each) {
    const socket = createSocket('udp4');
    socket.on('error', () => {});
    socket.bind(0, `10.${random.below(250)}.${random.below(250)}.${1 + random.below(250)}`);
    await once(socket, 'listening');
    await sendAll(camera, socket, cases.slice(at, at + each), port, address);
    socket.close();
  }
  return cases.length - (queues(ports).dropped - before);
}

/** Sends datagrams as the receiver reports of a viewer by UDP. @returns {Promise<number>} how many were read */
export async function sendReports(camera, cases) {
  const [rtp, rtcp] = [createSocket('udp4'), createSocket('udp4')];
  for (const socket of [rtp, rtcp]) socket.on('error', () => {}).bind(0, '127.0.0.1');
  await Promise.all([once(rtp, 'listening'), once(rtcp, 'listening')]);
  const socket = connect({ host: '127.0.0.1', port: camera.rtspPort });
  socket.on('error', () => {});
  try {
    const url = `rtsp://127.0.0.1:${camera.rtspPort}/mjpeg`;
    const ask = async (method, target, headers) => {
      socket.write(`${method} ${target} RTSP/1.0\r\nCSeq: 1\r\nAuthorization: ${BASIC}\r\n${headers}\r\n`);
      const [answer] = await once(socket, 'data', { signal: AbortSignal.timeout(LONGEST_MS) });
      return answer.toString('latin1');
    };
    const setUp = await ask(
      'SETUP',
      `${url}/trackID=0`,
      `Transport: RTP/AVP;unicast;client_port=${rtp.address().port}-${rtcp.address().port}\r\n`,
    );
    const port = Number(/server_port=\d+-(\d+)/.exec(setUp)?.[1]);
    await ask('PLAY', url, `Session: ${/^Session: ([^;\r]+)/m.exec(setUp)?.[1]}\r\n`);
    const before = queues(new Set([port])).dropped;
    await sendAll(camera, rtcp, cases, port, '127.0.0.1');
    return cases.length - Math.max(0, queues(new Set([port])).dropped - before);
  } catch {
    // No session to be had: nothing was sent, nothing counts.
    await sleep(50);
    return 0;
  } finally {
    socket.destroy();
    rtp.close();
    rtcp.close();
  }
}
