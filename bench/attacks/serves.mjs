// Whether another machine of the network can use the camera.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ask, basic, cookieOf, logIn } from './camera.mjs';
import { CAMERA, NEIGHBOUR } from './lan.mjs';

/** WS-Discovery's clients wait for three seconds at most. */
const PROBE_LIMIT_MS = 3000;
const PICTURE_LIMIT_MS = 12_000;

/** In rpicam-vid's place. */
export const STANDIN = fileURLToPath(new URL('../../test/support/rpicam-vid', import.meta.url));

/** "yes", or what cannot be done now. */
export async function serves() {
  const [health, login, found] = await Promise.all([ask('/healthz', { from: NEIGHBOUR }), logIn(NEIGHBOUR), isFound()]);
  const headers = login.headers['set-cookie'] ? cookieOf(login) : basic();
  const picture = await ask('/snapshot.jpg', { from: NEIGHBOUR, headers, limitMs: PICTURE_LIMIT_MS });
  const missing = [
    ...(health.status === 200 ? [] : [`no /healthz (${health.status || health.error})`]),
    ...(login.status === 303 ? [] : [`no login (${login.status || login.error})`]),
    ...(picture.status === 200 ? [] : [`no picture (${picture.status || picture.error})`]),
    ...(found ? [] : ['not found by WS-Discovery']),
  ];
  return missing.length === 0 ? 'yes' : `**${missing.join(', ')}**`;
}

let probes = 0;

/** Whether a Probe is answered; asked twice, as clients do, for datagrams get lost. */
export async function isFound() {
  const socket = createSocket('udp4');
  socket.on('error', () => {});
  socket.bind(0, NEIGHBOUR);
  await once(socket, 'listening');
  const answered = once(socket, 'message', { signal: AbortSignal.timeout(PROBE_LIMIT_MS) }).then(
    () => true,
    () => false,
  );
  for (let k = 0; k < 2; k++) {
    const probe = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><s:Header><a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action><a:MessageID>urn:uuid:${process.pid}-${++probes}</a:MessageID><a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header><s:Body><d:Probe/></s:Body></s:Envelope>`;
    socket.send(probe, 3702, CAMERA, () => {});
    if (await Promise.race([answered, sleep(PROBE_LIMIT_MS / 2)])) break;
  }
  const found = await answered;
  socket.close();
  return found;
}
