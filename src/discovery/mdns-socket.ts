import { createSocket, type Socket } from 'node:dgram';
import { EventEmitter } from 'node:events';

export interface Sender {
  readonly address: string;
  readonly port: number;
}

type Sent = (error: Error | null, bytes?: number) => void;

/**
 * A UDP socket for the library multicast-dns, which takes one of the caller's: what comes in is shown to `onDatagram` first, that
 * gives the library only what is worth parsing. What fails becomes an "error" event, where the library's own calls would throw
 * in the middle of a callback.
 */
export class MdnsSocket extends EventEmitter {
  readonly #socket: Socket;
  #closed = false;

  /** @throws where the system refuses */
  constructor(onDatagram: (datagram: Buffer, sender: Sender) => void) {
    super();
    this.#socket = createSocket({ type: 'udp4', reuseAddr: true });
    this.#socket.on('message', (datagram, { address, port }) => onDatagram(datagram, { address, port }));
    this.#socket.on('listening', () => this.#attempt(() => this.emit('listening')));
    this.#socket.on('error', (error) => this.#fail(error));
  }

  /** Hands a datagram to the library. */
  deliver(datagram: Buffer, sender: Sender): void {
    this.emit('message', datagram, sender);
  }

  bind(port: number, address: string, bound: () => void): void {
    this.#attempt(() => this.#socket.bind(port, address, bound));
  }

  send(message: Buffer, offset: number, length: number, port: number, address: string, sent: Sent): void {
    try {
      this.#socket.send(message, offset, length, port, address, sent);
    } catch (error) {
      // A port that no datagram can go to, or the socket was closed meanwhile.
      sent(error as Error);
    }
  }

  addMembership(group: string, address: string): void {
    // The library catches what this throws, and tries again.
    this.#socket.addMembership(group, address);
  }

  dropMembership(group: string, address: string): void {
    this.#socket.dropMembership(group, address);
  }

  setMulticastInterface(address: string): void {
    this.#attempt(() => this.#socket.setMulticastInterface(address));
  }

  setMulticastTTL(hops: number): void {
    this.#attempt(() => this.#socket.setMulticastTTL(hops));
  }

  setMulticastLoopback(on: boolean): void {
    this.#attempt(() => this.#socket.setMulticastLoopback(on));
  }

  address(): ReturnType<Socket['address']> {
    return this.#socket.address();
  }

  close(closed: () => void = () => {}): void {
    if (this.#closed) return void process.nextTick(closed);
    this.#closed = true;
    this.#socket.close(closed);
  }

  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    // The library listens until it is destroyed; without a listener the event would be thrown.
    if (!this.#closed && this.listenerCount('error') > 0) this.emit('error', error);
  }
}
