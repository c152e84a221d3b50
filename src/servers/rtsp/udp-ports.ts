import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Pair } from '../../protocols/rtsp/transport.ts';

/** Odd numbers from the system are as likely as even ones; this many tries miss once in a million. */
const MAX_TRIES = 20;

/** Two sockets on neighbouring ports, RTP on the even one (RFC 3550 section 11). */
export interface UdpPorts {
  readonly rtp: Socket;
  readonly rtcp: Socket;
  /** Port of RTP; that of RTCP is the next one. */
  readonly port: number;
}

/** The ports of a client for RTP and RTCP, and its address. */
export interface UdpPeer extends Pair {
  readonly address: string;
}

/**
 * Opens a pair of ports on `local`, connected to the peer: the kernel then lets nobody else's datagrams in, and sends
 * without looking up the route each time. Rejects if no pair is free, or if the peer cannot be reached.
 */
export async function openUdpPorts(local: string, peer: UdpPeer): Promise<UdpPorts> {
  const ports = await bindPair(local);
  try {
    await connected(ports.rtp, peer.rtp, peer.address);
    await connected(ports.rtcp, peer.rtcp, peer.address);
    return ports;
  } catch (error) {
    closeUdpPorts(ports);
    throw error;
  }
}

/** Closes both sockets. */
export function closeUdpPorts({ rtp, rtcp }: Pick<UdpPorts, 'rtp' | 'rtcp'>): void {
  rtp.close();
  rtcp.close();
}

async function bindPair(local: string): Promise<UdpPorts> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const first = await bound(local, 0);
    const { port } = first.address();
    const even = port % 2 === 0;
    const second = await bound(local, even ? port + 1 : port - 1).catch(() => undefined);
    if (second) return even ? { rtp: first, rtcp: second, port } : { rtp: second, rtcp: first, port: port - 1 };
    first.close();
  }
  throw new Error('no two neighbouring UDP ports are free');
}

function bound(address: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const onError = (error: Error) => {
      socket.close();
      reject(error);
    };
    socket.once('error', onError);
    socket.bind({ address, port }, () => {
      socket.removeListener('error', onError);
      // A closed port at the client's end shows here; the session's time-out is what ends it.
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}

/** Connects a UDP socket to a peer: it sends there, and the kernel lets nobody else's datagrams in. Rejects where there is no route. */
export function connected(socket: Socket, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.connect(port, address, ((error?: Error) => (error ? reject(error) : resolve())) as () => void);
  });
}
