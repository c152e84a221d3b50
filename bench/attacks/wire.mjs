// The attacker's sockets, which count what they send and get.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ATTACKER, CAMERA } from './lan.mjs';

const CONNECT_LIMIT_MS = 3000;

/** Bytes and packets that came over the cable since the machine started, all of the network's own headers included. */
export function cableCounters() {
  const line = readFileSync('/proc/net/dev', 'utf8')
    .split('\n')
    .find((each) => each.trim().startsWith('lan0:'));
  const numbers = line.split(':')[1].trim().split(/\s+/).map(Number);
  return { gotBytes: numbers[0], gotPackets: numbers[1], sentBytes: numbers[8], sentPackets: numbers[9] };
}

export class Wire {
  sent = 0;
  got = 0;
  refused = 0;
  #sockets = new Set();
  #datagrams = new Set();

  /** A connection, or undefined where there is none to be had. What comes is counted and thrown away, unless `read` is false. */
  async connect(port, { from = ATTACKER, read = true } = {}) {
    const socket = connect({ host: CAMERA, port, localAddress: from, noDelay: true });
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    if (read) socket.on('data', (chunk) => (this.got += chunk.length));
    try {
      await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_LIMIT_MS) });
      return socket;
    } catch {
      this.refused++;
      socket.destroy();
      return undefined;
    }
  }

  /** Writes, and waits until the kernel has taken it; false when the connection is gone. */
  async write(socket, data) {
    if (!socket || socket.destroyed) return false;
    this.sent += data.length;
    if (socket.write(data)) return true;
    await new Promise((resolve) => {
      const done = () => {
        socket.off('drain', done).off('close', done);
        resolve();
      };
      socket.on('drain', done).on('close', done);
    });
    return !socket.destroyed;
  }

  /** A function that sends a datagram to the camera. */
  async datagrams(port, { from = ATTACKER } = {}) {
    const socket = createSocket('udp4');
    this.#datagrams.add(socket);
    socket.on('message', (data) => (this.got += data.length));
    socket.on('error', () => {});
    socket.bind(0, from);
    await once(socket, 'listening');
    return (data) =>
      new Promise((resolve) => {
        this.sent += data.length;
        socket.send(data, port, CAMERA, resolve);
      });
  }

  close() {
    for (const socket of this.#sockets) socket.destroy();
    for (const socket of this.#datagrams) socket.close();
    this.#datagrams.clear();
  }
}

/** Calls `act` at `perSecond` for as long as `seconds`, late ones made up for, one at a time. */
export async function atRate(perSecond, seconds, act) {
  const began = performance.now();
  for (let k = 0; k < perSecond * seconds; k++) {
    const early = began + (k * 1000) / perSecond - performance.now();
    if (early > 1) await sleep(early);
    if (performance.now() - began > seconds * 1000) return;
    await act(k);
  }
}
