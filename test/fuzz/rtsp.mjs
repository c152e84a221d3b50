// Requests to the RTSP server, packets between them, and its tunnel through HTTP.
import { readdirSync, readFileSync } from 'node:fs';
import { BASIC } from './camera.mjs';
import { rtcpPacket } from './datagrams.mjs';
import { cut, mutateBytes, mutateText } from './mutate.mjs';

const FIXTURES = new URL('../fixtures/rtsp/', import.meta.url);
/** Conversations of real clients. */
const CONVERSATIONS = readdirSync(FIXTURES)
  .filter((name) => name.endsWith('.rtsp'))
  .sort()
  .map((name) => readFileSync(new URL(name, FIXTURES)));

const WORDS = [
  'OPTIONS',
  'DESCRIBE',
  'SETUP',
  'PLAY',
  'PAUSE',
  'TEARDOWN',
  'GET_PARAMETER',
  'SET_PARAMETER',
  'ANNOUNCE',
  'RECORD',
  'RTSP/1.0',
  'RTSP/2.0',
  'CSeq',
  'Session',
  'Transport',
  'RTP/AVP',
  'RTP/AVP/TCP',
  'RTP/AVP/UDP',
  'unicast',
  'multicast',
  'interleaved',
  'client_port',
  'destination',
  'source',
  'ttl',
  'ssrc',
  'mode',
  'Range',
  'npt',
  'clock',
  'smpte',
  'now',
  'Require',
  'onvif-replay',
  'Accept',
  'application/sdp',
  'Scale',
  'Blocksize',
  'Content-Length',
  'Authorization',
  'Basic',
  'Digest',
  'trackID',
  'mjpeg',
  'h264',
  '127.0.0.1',
  '::1',
  'x-sessioncookie',
];

const METHODS = ['OPTIONS', 'DESCRIBE', 'SETUP', 'SETUP', 'PLAY', 'PAUSE', 'GET_PARAMETER', 'SET_PARAMETER', 'TEARDOWN', 'ANNOUNCE'];
const TRANSPORTS = [
  'RTP/AVP/TCP;unicast;interleaved=0-1',
  'RTP/AVP;unicast;client_port=40000-40001',
  'RTP/AVP;multicast',
  'RTP/AVP/UDP;unicast;client_port=5000-5001;mode="PLAY", RTP/AVP/TCP;unicast;interleaved=2-3',
  'RTP/SAVP;unicast',
  'RTP/AVP;unicast;destination=127.0.0.1;client_port=9',
];

function request(random, cseq) {
  const method = random.pick(METHODS);
  const url = `rtsp://127.0.0.1:8554${random.pick(['/mjpeg', '/mjpeg/trackID=0', '/h264', '/h264/trackID=0', '/stream.mjpg', '/', '/nothing', '/mjpeg/'])}`;
  const headers = [`CSeq: ${cseq}`];
  if (!random.once(4)) headers.push(`Authorization: ${BASIC}`);
  if (method === 'SETUP') headers.push(`Transport: ${random.pick(TRANSPORTS)}`);
  if (method === 'PLAY' || random.once(8))
    headers.push(`Range: ${random.pick(['npt=0.000-', 'npt=now-', 'npt=0-10', 'clock=20260102T030405Z-', 'smpte=0:10:20-'])}`);
  if (random.once(3)) headers.push(`Session: ${random.pick(['12345678', 'abc;timeout=60', ''])}`);
  if (random.once(8)) headers.push(`Require: ${random.pick(['onvif-replay', 'implicit-play', 'a, b'])}`);
  const body = method === 'SET_PARAMETER' || random.once(15) ? 'x'.repeat(random.size(3000)) : '';
  if (body !== '' || random.once(15))
    headers.push(`Content-Length: ${random.once(6) ? random.pick(['-1', '70000', '4294967296', '1x']) : body.length}`);
  return `${method} ${url} RTSP/1.0\r\n${headers.join('\r\n')}\r\n\r\n${body}`;
}

/** A packet between the requests. */
function frame(random) {
  const payload = random.once(2) ? rtcpPacket(random) : random.bytes(random.size(4000));
  const length = random.once(10) ? random.below(65_536) : payload.length;
  return Buffer.concat([Buffer.of(0x24, random.pick([0, 1, 2, 3, 255]), length >> 8, length & 255), payload]);
}

/** One message. @returns {Buffer[]} */
export function rtspMessage(random) {
  if (random.once(6)) return cut(frame(random), random);
  if (random.once(12)) return cut(mutateBytes(random.pick(CONVERSATIONS), random), random);
  let text = request(random, 1 + random.below(100));
  if (!random.once(3)) text = mutateText(text, random, WORDS);
  const bytes = Buffer.from(text, random.once(3) ? 'latin1' : 'utf8');
  return cut(random.once(6) ? mutateBytes(bytes, random) : bytes, random);
}

/** One half of a tunnel: the GET, or the POST with requests in base64. @returns {Buffer[]} */
export function tunnelMessage(random) {
  const cookie = random.pick(['a1bbc4f57dde1a1a', 'b', 'x'.repeat(70), '']);
  const method = random.pick(['GET', 'POST', 'POST', 'POST']);
  const type =
    method === 'GET' ? 'Accept: application/x-rtsp-tunnelled' : 'Content-Type: application/x-rtsp-tunnelled\r\nContent-Length: 32767';
  let head = `${method} ${random.pick(['/stream.mjpg', '/mjpeg', '/h264'])} HTTP/1.${random.below(2)}\r\nHost: a\r\nx-sessioncookie: ${cookie}\r\n${type}\r\n\r\n`;
  if (random.once(3)) head = mutateText(head, random, WORDS);
  let body = '';
  if (method === 'POST')
    for (let count = random.below(4); count > 0; count--) body += Buffer.from(request(random, count)).toString('base64');
  if (random.once(3)) body = mutateText(body, random, ['=', '==', '====', '\r\n', 'T1BUSU9O']);
  const bytes = Buffer.from(head + body, 'latin1');
  return cut(random.once(6) ? mutateBytes(bytes, random) : bytes, random);
}
