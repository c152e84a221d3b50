import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startOurs } from './servers.mjs';
import { median } from './statistics.mjs';

const STARTS = 20;
const TARGET_MS = 50;
const POLL_MS = 20;

/**
 * The first picture of a camera that was off: from the moment before the camera writes its first byte until a client who
 * waits has the whole picture.
 */
export async function firstPicture(note) {
  const server = await startOurs('camera', { auth: 'off', 'idle-timeout': 0 });
  const delays = [];
  try {
    for (let start = 1; start <= STARTS; start++) {
      note(`start ${start} of ${STARTS}`);
      const arrived = await receiveFirst(server);
      delays.push(arrived - server.firstPictures().at(-1));
      while ((await server.json('/healthz')).camera !== 'idle') await sleep(POLL_MS);
    }
  } finally {
    await server.stop();
  }
  const longest = Math.max(...delays);
  return {
    results: [
      {
        what: `First picture after the camera's first byte, ${STARTS} cold starts: median, longest`,
        measured: `${median(delays).toFixed(1)}, ${longest.toFixed(1)} ms`,
        target: `≤ ${TARGET_MS} ms`,
        met: longest <= TARGET_MS,
      },
    ],
  };
}

/** Asks for the stream and returns when the first picture is complete, milliseconds since the Unix epoch. */
async function receiveFirst(server) {
  const socket = connect(server.port, '127.0.0.1');
  socket.write(`GET /stream.mjpg HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`);
  let received = Buffer.alloc(0);
  for (;;) {
    const [chunk] = await once(socket, 'data');
    received = Buffer.concat([received, chunk]);
    const header = /Content-Length: (\d+)\r\n(?:.+\r\n)*\r\n/.exec(received.toString('latin1'));
    if (header && received.length >= header.index + header[0].length + Number(header[1])) break;
  }
  const now = performance.timeOrigin + performance.now();
  socket.destroy();
  return now;
}
