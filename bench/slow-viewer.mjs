// node slow-viewer.mjs mjpeg|rtsp URL WARM_UP_S WINDOW_S
//
// Watches a stream and prints one line of JSON when the window is over: how many pictures came (`pictures`), how many a second
// (`fps`), and how old they were when their last byte came (`ages`, milliseconds): by the X-Timestamp of each part, or by the RTP
// timestamps and the sender report that goes with them (RFC 3550 section 6.4.1).
import { connect } from 'node:net';

const [, , kind, address, warmUp, window] = process.argv;
const { hostname, port, pathname } = new URL(address);
const EPOCH_1900_S = 2_208_988_800;
const CLOCK_KHZ = 90;
const DOLLAR = 0x24;
const ages = [];
let pictures = 0;

const now = () => performance.timeOrigin + performance.now();
const began = now() + Number(warmUp) * 1000;
const ends = began + Number(window) * 1000;

/** @param age milliseconds; undefined: not known */
function picture(age) {
  if (now() < began || now() > ends) return;
  pictures++;
  if (age !== undefined) ages.push(age);
}

const socket = connect(Number(port), hostname);
socket.on('error', fail);
socket.on('close', fail);
function fail(error) {
  process.stderr.write(`${kind} ${address}: ${error?.message ?? 'the connection was closed'}\n`);
  process.exit(1);
}
setTimeout(() => {
  process.stdout.write(`${JSON.stringify({ pictures, fps: pictures / Number(window), ages })}\n`);
  process.exit(0);
}, ends - now());

if (kind === 'mjpeg') watchMjpeg();
else watchRtsp();

function watchMjpeg() {
  let text = '';
  let left = 0;
  let timestamp;
  socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
  socket.on('data', (bytes) => {
    for (let at = 0; at < bytes.length; ) {
      if (left > 0) {
        const step = Math.min(left, bytes.length - at);
        left -= step;
        at += step;
        if (left === 0) picture(timestamp === undefined ? undefined : now() - timestamp * 1000);
        continue;
      }
      const head = bytes.indexOf('\r\n\r\n', at);
      // A header that comes in two pieces is put together; pieces are large, so that this is rare.
      text += bytes.toString('latin1', at, head < 0 ? bytes.length : head + 4);
      at = head < 0 ? bytes.length : head + 4;
      if (!text.endsWith('\r\n\r\n') && !text.includes('\r\n\r\n')) continue;
      left = Number(/Content-Length: *(\d+)/i.exec(text)?.[1] ?? 0);
      const stamp = /X-Timestamp: *([\d.]+)/i.exec(text)?.[1];
      timestamp = stamp === undefined ? undefined : Number(stamp);
      text = '';
    }
  });
}

function watchRtsp() {
  let buffer = Buffer.alloc(0);
  let sequence = 0;
  let session;
  let report;
  const send = (method, url, ...headers) =>
    socket.write(
      [`${method} ${url} RTSP/1.0`, `CSeq: ${++sequence}`, ...(session ? [`Session: ${session}`] : []), ...headers, '', ''].join('\r\n'),
    );
  const onPacket = (channel, packet) => {
    if (channel === 1) {
      // A sender report begins the compound packet.
      const wall = (packet.readUInt32BE(8) - EPOCH_1900_S) * 1000 + (packet.readUInt32BE(12) / 2 ** 32) * 1000;
      if (packet[1] === 200) report = { wall, timestamp: packet.readUInt32BE(16) };
    } else if (channel === 0 && packet[1] & 0x80) {
      const since = report && (packet.readUInt32BE(4) - report.timestamp) | 0;
      picture(report && now() - (report.wall + since / CLOCK_KHZ));
    }
  };
  const onAnswer = (text) => {
    session ??= /^Session: *([^;\r\n]+)/im.exec(text)?.[1];
    if (sequence === 1)
      send('SETUP', `${address}/${/^a=control:(?!\*)(.+?)\r?$/m.exec(text)?.[1] ?? ''}`, 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1');
    else if (sequence === 2) send('PLAY', address);
  };
  socket.on('data', (bytes) => {
    buffer = buffer.length === 0 ? bytes : Buffer.concat([buffer, bytes]);
    for (;;) {
      if (buffer[0] === DOLLAR) {
        if (buffer.length < 4 || buffer.length < 4 + buffer.readUInt16BE(2)) return;
        const end = 4 + buffer.readUInt16BE(2);
        onPacket(buffer[1], buffer.subarray(4, end));
        buffer = buffer.subarray(end);
        continue;
      }
      const head = buffer.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/Content-Length: *(\d+)/i.exec(buffer.toString('latin1', 0, head))?.[1] ?? 0);
      if (buffer.length < head + 4 + length) return;
      onAnswer(buffer.toString('latin1', 0, head + 4 + length));
      buffer = buffer.subarray(head + 4 + length);
    }
  });
  send('DESCRIBE', address, 'Accept: application/sdp');
}
