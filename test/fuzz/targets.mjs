// What is sent where. A case is what one connection or one datagram carries.
import { mdnsPacket, rtcpPacket, wsDiscovery } from './datagrams.mjs';
import { httpRequest, loginRequest, soapRequest } from './http.mjs';
import { Random } from './random.mjs';
import { rtspMessage, tunnelMessage } from './rtsp.mjs';
import { sendDatagrams, sendReports, sendTcp } from './senders.mjs';

const HTTP_ANSWER = /HTTP\/1\.1 \d{3} /g;
const RTSP_ANSWER = /RTSP\/1\.0 \d{3} /g;

/** A conversation of several messages, `most` of them. */
const conversation = (message, most) => (random) => {
  const messages = 1 + random.below(most);
  return { chunks: Array.from({ length: messages }, () => message(random)).flat(), messages };
};
const datagram = (make) => (random) => ({ chunks: [make(random)], messages: 1 });

const tcp = (make, port, answer, most = 12) => ({
  make: conversation(make, most),
  send: (camera, cases) => sendTcp(camera[port], cases, answer),
  slice: 400,
});
const udp = (make, port, slice) => ({
  make: datagram(make),
  send: (camera, cases, address) => sendDatagrams(camera, address, port, cases),
  slice,
  network: true,
});

/**
 * `make` gives a case, `send` sends some and resolves when the camera has dealt with them, with the number of messages.
 * `slice`: cases between two looks at the camera. `network`: needs a network of its own.
 */
export const TARGETS = {
  http: tcp(httpRequest, 'httpPort', HTTP_ANSWER),
  // After five wrong passwords the others of an address wait.
  login: tcp(loginRequest, 'httpPort', HTTP_ANSWER, 4),
  soap: tcp(soapRequest, 'httpPort', HTTP_ANSWER, 4),
  rtsp: tcp(rtspMessage, 'rtspPort', RTSP_ANSWER),
  tunnel: tcp(tunnelMessage, 'httpPort', HTTP_ANSWER),
  wsd: udp(wsDiscovery, 3702, 1500),
  mdns: udp(mdnsPacket, 5353, 3000),
  rtcp: { make: datagram(rtcpPacket), send: sendReports, slice: 4000, proc: true },
};

/** Case `number` of a target: the same for the same seed, everywhere. */
export function caseOf(target, seed, number) {
  const name = `${target} ${seed} ${number}`;
  return { ...TARGETS[target].make(new Random(name)), seed: name };
}
