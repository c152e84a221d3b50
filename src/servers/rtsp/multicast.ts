import { createSocket, type Socket, type SocketOptions } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { RtspCounters } from './counters.ts';
import type { Track } from './track.ts';
import { type Pacer, UdpSender } from './udp-sender.ts';

export interface MulticastGroup {
  readonly address: string;
  /** Of RTP, even; RTCP goes to the next one. */
  readonly port: number;
  /** Routers that the packets may pass, plus one. */
  readonly ttl: number;
}

export interface MulticastOptions {
  readonly track: Track;
  /** Address whose interface sends; undefined: the system's choice. */
  readonly local: string | undefined;
  readonly pacer: Pacer;
  readonly counters: RtspCounters;
  readonly log: Logger;
}

/** A track sent to a multicast group while somebody asks for it: any number of clients, or the owner for good. */
export class MulticastStream {
  #users = 0;
  #running: { readonly group: MulticastGroup; readonly sender: UdpSender; readonly sockets: readonly Socket[] } | undefined;

  constructor(private readonly options: MulticastOptions) {}

  /** The group that is being sent to. */
  get group(): MulticastGroup | undefined {
    return this.#running?.group;
  }

  /** Sends, until as many calls of the returned function as of this one. Rejects where the network does not let us. */
  async acquire(group: MulticastGroup): Promise<() => void> {
    this.#users++;
    try {
      if (!this.#running) await this.#start(group);
    } catch (error) {
      this.#users--;
      throw error;
    }
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      if (--this.#users === 0) this.#stop();
    };
  }

  async #start(group: MulticastGroup): Promise<void> {
    const { track, local, pacer, counters, log } = this.options;
    const rtp = await openSocket(group, local);
    const rtcp = await openSocket(group, local).catch((error: unknown) => {
      rtp.close();
      throw error;
    });
    const sockets = [rtp, rtcp];
    // Another one was quicker.
    if (this.#running) {
      for (const socket of sockets) socket.close();
      return;
    }
    const sender = new UdpSender({
      rtp,
      rtcp,
      destination: { address: group.address, rtpPort: group.port, rtcpPort: group.port + 1 },
      resumption: track.resumption,
      requestKeyFrame: () => track.requestKeyFrame(),
      pacer,
      counters,
    });
    this.#running = { group, sender, sockets };
    log.info(`multicast of ${track.name} to ${group.address}:${group.port} begins`);
    track.add(sender, track.begin());
  }

  #stop(): void {
    const { track, log } = this.options;
    const running = this.#running;
    if (!running) return;
    this.#running = undefined;
    track.remove(running.sender);
    running.sender.report(track.goodbye());
    running.sender.close();
    for (const socket of running.sockets) socket.close();
    log.info(`multicast of ${track.name} ends`);
  }
}

function openSocket({ address, ttl }: MulticastGroup, local: string | undefined): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // Node asks for the address of an address before each packet, and takes a turn of the event loop for it.
    const lookup: NonNullable<SocketOptions['lookup']> = (hostname, _options, callback) =>
      callback(null, hostname, isIPv6(hostname) ? 6 : 4);
    const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', lookup });
    socket.once('error', reject);
    socket.bind({ port: 0, ...(local === undefined ? {} : { address: local }) }, () => {
      try {
        socket.setMulticastTTL(ttl);
        if (local !== undefined) socket.setMulticastInterface(local);
      } catch (error) {
        socket.close();
        reject(new Error(messageOf(error)));
        return;
      }
      socket.removeListener('error', reject);
      // Without a route the packets go nowhere until there is one.
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}
