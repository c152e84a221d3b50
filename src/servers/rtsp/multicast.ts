import { createSocket, type Socket } from 'node:dgram';
import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { machineInterfaces } from '../../platform/interfaces.ts';
import type { MulticastGroup } from '../../platform/multicast.ts';
import type { RtspCounters } from './counters.ts';
import type { Track, TrackStart } from './track.ts';
import { closeUdpPorts, connected, type UdpPorts } from './udp-ports.ts';
import { type Pacer, UdpSender } from './udp-sender.ts';

/** The track that is sent, and from where. */
export interface MulticastOptions {
  readonly track: Track;
  /** Address whose interface sends; undefined: the system's choice, or the first one where it has no route. */
  readonly local: string | undefined;
  readonly pacer: Pacer;
  readonly counters: RtspCounters;
  readonly log: Logger;
}

type Sockets = Pick<UdpPorts, 'rtp' | 'rtcp'>;

interface Running {
  readonly group: MulticastGroup;
  readonly sender: UdpSender;
  readonly sockets: Sockets;
}

/** Sends a track to a multicast group while somebody wants it: any number of clients, or the owner for good. */
export class MulticastStream {
  #users = 0;
  #running: Running | undefined;
  #renewing = false;
  /** Whether the owner was told that it does not come from the port it goes to. */
  #told = false;

  constructor(private readonly options: MulticastOptions) {}

  /** The group that is being sent to; undefined: none is. */
  get group(): MulticastGroup | undefined {
    return this.#running?.group;
  }

  /**
   * Sends until each caller has called the function that it got. While it sends already, `group` is not looked
   * at. Rejects where the network does not let us.
   */
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
    const { track, log } = this.options;
    const sockets = await this.#open(group);
    // Another one was quicker.
    if (this.#running) {
      closeUdpPorts(sockets);
      return;
    }
    log.info(`multicast of ${track.name} to ${group.address}:${group.port} begins`);
    this.#begin(group, sockets, track.begin());
  }

  #begin(group: MulticastGroup, sockets: Sockets, start: TrackStart): void {
    const { track, pacer, counters } = this.options;
    const sender = new UdpSender({
      ...sockets,
      resumption: track.resumption,
      requestKeyFrame: () => track.requestKeyFrame(),
      onFailure: () => void this.#renew(running),
      pacer,
      counters,
    });
    const running = { group, sender, sockets };
    this.#running = running;
    track.add(sender, start);
  }

  /** Opens the sockets anew: an address that is gone, as after a new lease by DHCP, takes their way with it. */
  async #renew(failed: Running): Promise<void> {
    if (this.#renewing || this.#running !== failed) return;
    this.#renewing = true;
    // Where there is no network now, the next report tries again.
    const sockets = await this.#open(failed.group).catch(() => undefined);
    this.#renewing = false;
    if (!sockets) return;
    if (this.#running !== failed) {
      closeUdpPorts(sockets);
      return;
    }
    this.#begin(failed.group, sockets, this.options.track.position());
    this.#close(failed);
  }

  #stop(): void {
    const { track, log } = this.options;
    const running = this.#running;
    if (!running) return;
    this.#running = undefined;
    track.remove(running.sender);
    running.sender.report(track.goodbye());
    this.#close(running);
    log.info(`multicast of ${track.name} ends`);
  }

  #close({ sender, sockets }: Running): void {
    this.options.track.remove(sender);
    sender.close();
    closeUdpPorts(sockets);
  }

  /** The two sockets, each on the port that it sends to: strict receivers drop what comes from another (as RFC 4961 has it). */
  async #open(group: MulticastGroup): Promise<Sockets> {
    const rtp = await this.#openOne(group, group.port);
    try {
      return { rtp, rtcp: await this.#openOne(group, group.port + 1) };
    } catch (error) {
      rtp.close();
      throw error;
    }
  }

  async #openOne({ address, ttl }: MulticastGroup, port: number): Promise<Socket> {
    const { local, log } = this.options;
    const socket = await bound(port, local).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') throw error;
      if (!this.#told)
        log.warn(`another program has UDP port ${port} to itself: multicast comes from another port, and strict receivers do not take it`);
      this.#told = true;
      return bound(0, local);
    });
    try {
      socket.setMulticastTTL(ttl);
      if (local !== undefined) socket.setMulticastInterface(local);
      // A group never is where a datagram comes from: what others on this machine are to get on this port, they get.
      await connected(socket, port, address).catch((error: NodeJS.ErrnoException) => {
        // A network of cameras without a way out has no route to any group.
        const own = local === undefined && error.code === 'ENETUNREACH' ? firstAddress() : undefined;
        if (own === undefined) throw error;
        socket.setMulticastInterface(own);
        return connected(socket, port, address);
      });
      return socket;
    } catch (error) {
      socket.close();
      throw new Error(messageOf(error));
    }
  }
}

/** The machine's first IPv4 address that others can reach. */
function firstAddress(): string | undefined {
  const all = Object.values(machineInterfaces.read()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}

function bound(port: number, address: string | undefined): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // Other cameras on this machine may send to the same port of other groups, and receivers listen there.
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    const onError = (error: Error) => {
      socket.close();
      reject(error);
    };
    socket.once('error', onError);
    socket.bind({ port, ...(address === undefined ? {} : { address }) }, () => {
      socket.removeListener('error', onError);
      // Without a route the packets go nowhere until there is one.
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}
