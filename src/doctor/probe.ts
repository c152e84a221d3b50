import { randomUUID } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { systemClock } from '../core/clock.ts';
import { pause } from '../core/pause.ts';
import type { LocalAddress } from '../discovery/addresses.ts';
import { GROUP, PORT } from '../discovery/ws-sockets.ts';
import { buildProbe } from '../protocols/ws-discovery/builders.ts';
import { type Endpoint, parseMessage } from '../protocols/ws-discovery/message.ts';
import { ONVIF_TYPES } from '../protocols/ws-discovery/names.ts';

/** Time for answers: cameras wait for up to half a second each, so as not to answer all at once. */
const LISTEN_MS = 1500;
/** Time after which the Probe is repeated, should the first have been lost. */
const REPEAT_MS = 400;
/** Most answers that are kept: they can be made up without end. */
const MAX_ANSWERS = 500;

/** What came of a Probe that was sent by one interface. */
export interface ProbeOutcome {
  readonly local: LocalAddress;
  /** Whether the Probe came back from the multicast group, as every device in the network gets it. */
  readonly cameBack: boolean;
  /** The devices that answered. */
  readonly answers: readonly Endpoint[];
}

/**
 * Sends a Probe by one interface (WS-Discovery), and listens to the group there, as a recorder in that network would.
 * @throws Error of the operating system: EADDRINUSE where another program keeps the port for itself
 */
export async function probeBy(local: LocalAddress, signal: AbortSignal): Promise<ProbeOutcome> {
  const messageId = `urn:uuid:${randomUUID()}`;
  const message = buildProbe(ONVIF_TYPES.slice(0, 1), messageId);
  const answers = new Map<string, Endpoint>();
  let cameBack = false;
  const sockets: Socket[] = [];
  const open = async (address: string, port: number, onMessage: (datagram: Buffer) => void) => {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    sockets.push(socket);
    socket.on('message', onMessage);
    socket.bind({ address, port, exclusive: true });
    await once(socket, 'listening');
    // From here on, an error is an interface that went away in the middle.
    socket.on('error', () => {});
    return socket;
  };
  try {
    const group = await open(GROUP, PORT, (datagram) => {
      cameBack ||= datagram.includes(messageId) && parseMessage(datagram)?.kind === 'Probe';
    });
    group.addMembership(GROUP, local.address);
    const sender = await open(local.address, 0, (datagram) => {
      const answer = parseMessage(datagram);
      if (answer?.kind !== 'ProbeMatches' || answer.relatesTo !== messageId) return;
      for (const endpoint of answer.endpoints) if (answers.size < MAX_ANSWERS) answers.set(endpoint.address, endpoint);
    });
    sender.setMulticastInterface(local.address);
    const send = () => sender.send(message, PORT, GROUP, () => {});
    send();
    await pause(systemClock, REPEAT_MS, signal);
    send();
    await pause(systemClock, LISTEN_MS - REPEAT_MS, signal);
    return { local, cameBack, answers: [...answers.values()] };
  } finally {
    for (const socket of sockets) socket.close();
  }
}
