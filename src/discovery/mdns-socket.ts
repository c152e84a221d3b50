import { createSocket, type Socket } from 'node:dgram';
import { EventEmitter } from 'node:events';

/** The address and port that a datagram came from. */
export interface Sender {
  readonly address: string;
  readonly port: number;
}

type Sent = (error: Error | null, bytes?: number) => void;

/**
 * A UDP socket for the library multicast-dns, which takes one of the caller's: what comes in is shown to `onDatagram` first,
 * which gives the library only what is worth parsing. It has the methods of dgram.Socket that the library calls; what fails in
 * them becomes an "error" event, where dgram would throw in the middle of the library's callbacks.
 */
export class MdnsSocket extends EventEmitter {
  readonly #socket: Socket;
  #closed = false;

  /** @throws Error where the system refuses a socket */
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

  /** Binds the socket; "listening" is emitted, and `bound` called, when that is done. */
  bind(port: number, address: string, bound: () => void): void {
    this.#attempt(() => this.#socket.bind(port, address, bound));
  }

  /** Sends a datagram; `sent` is called with the error where it cannot be. */
  send(message: Buffer, offset: number, length: number, port: number, address: string, sent: Sent): void {
    try {
      this.#socket.send(message, offset, length, port, address, sent);
    } catch (error) {
      // A port that no datagram can go to, or the socket was closed meanwhile.
      sent(error as Error);
    }
  }

  /** Joins a group on the interface with this address. @throws Error, which the library catches to try again */
  addMembership(group: string, address: string): void {
    this.#socket.addMembership(group, address);
  }

  /** Leaves a group on the interface with this address. @throws Error where it was not joined */
  dropMembership(group: string, address: string): void {
    this.#socket.dropMembership(group, address);
  }

  /** Sends to groups by the interface with this address. */
  setMulticastInterface(address: string): void {
    this.#attempt(() => this.#socket.setMulticastInterface(address));
  }

  /** Sets how many routers datagrams to groups may pass, plus one. */
  setMulticastTTL(hops: number): void {
    this.#attempt(() => this.#socket.setMulticastTTL(hops));
  }

  /** Sets whether other programs of this machine get what is sent to groups. */
  setMulticastLoopback(on: boolean): void {
    this.#attempt(() => this.#socket.setMulticastLoopback(on));
  }

  /** The address that the socket is bound to. @throws Error where it is not */
  address(): ReturnType<Socket['address']> {
    return this.#socket.address();
  }

  /** Closes the socket, once; `closed` is called in any case. */
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
