import type { Clock } from '../../core/clock.ts';
import { areMediaPorts } from '../../core/media-ports.ts';
import type { MulticastGroup } from '../../platform/multicast.ts';
import { formatTransport, type Pair, type TransportOffer } from '../../protocols/rtsp/transport.ts';
import type { RtspClient } from './client.ts';
import type { RtspCounters } from './counters.ts';
import { InterleavedSink } from './interleaved-sink.ts';
import type { MulticastStream } from './multicast.ts';
import type { Carrier, SessionTrack } from './session-track.ts';
import type { Track } from './track.ts';
import { closeUdpPorts, openUdpPorts, type UdpPorts } from './udp-ports.ts';
import { type Pacer, UdpSender } from './udp-sender.ts';
import { VideoTrack } from './video-track.ts';

/** What carries a track, and how the client is told. */
export interface Carried {
  readonly carrier: Carrier;
  /** Value of the Transport header in the answer. */
  readonly transport: string;
  /** Calls the listener with RTCP that comes by another way than the RTSP connection. */
  readonly onReport?: (listener: (rtcp: Buffer) => void) => void;
}

/** What carriers are made of. */
export interface CarriersOptions {
  /** Returns what sends a track by multicast, and the group it goes to; undefined: there is no multicast of it. */
  readonly multicast: (track: Track) => { readonly stream: MulticastStream; readonly group: MulticastGroup } | undefined;
  readonly pacer: Pacer;
  readonly clock: Clock;
  readonly counters: RtspCounters;
}

/** Makes what carries a track's packets out of what a client offers in its Transport header. */
export class Carriers {
  constructor(private readonly options: CarriersOptions) {}

  /**
   * Makes what carries a track by the first of the client's offers that can be met.
   *
   * @param before the track whose place it will take
   * @returns undefined: none of them can
   */
  async choose(
    offers: readonly TransportOffer[],
    track: Track,
    client: RtspClient,
    before: SessionTrack | undefined,
  ): Promise<Carried | undefined> {
    const taken = channelsOf([...client.sessions.values()].flatMap(({ tracks }) => tracks.filter((each) => each !== before)));
    for (const offer of offers) {
      if (offer.mode !== 'PLAY') continue;
      const carried = offer.lower === 'TCP' ? this.#interleaved(offer, track, client, taken) : await this.#overUdp(offer, track, client);
      if (carried) return carried;
    }
    return undefined;
  }

  async #overUdp(offer: TransportOffer, track: Track, client: RtspClient): Promise<Carried | undefined> {
    if (offer.delivery === 'multicast') return this.#multicast(track);
    // Packets go to the client that asks, never to an address of its choice.
    if (offer.destination !== undefined && offer.destination !== client.remoteAddress) return undefined;
    // Nor to what else listens at its address, which may be that of a proxy or a NAT, or this machine.
    if (!offer.clientPort || !areMediaPorts(offer.clientPort.rtp, offer.clientPort.rtcp)) return undefined;
    return this.#unicast(offer.clientPort, track, client);
  }

  #interleaved(offer: TransportOffer, track: Track, client: RtspClient, taken: ReadonlySet<number>): Carried | undefined {
    const channels = offer.interleaved ?? freeChannels(taken);
    if (taken.has(channels.rtp) || taken.has(channels.rtcp)) return undefined;
    const { clock, counters } = this.options;
    const sink = new InterleavedSink({
      socket: client.socket,
      // Of what is no picture, nothing may be left out for the sake of its age.
      pace: track instanceof VideoTrack ? client.pace : undefined,
      movedAt: () => client.pace.movedAt,
      channels,
      resumption: track.resumption,
      requestKeyFrame: () => track.requestKeyFrame(),
      clock,
      counters,
    });
    return {
      carrier: { kind: 'interleaved', channels, sink },
      transport: formatTransport({ kind: 'interleaved', channels, ssrc: track.ssrc }),
    };
  }

  async #unicast(clientPort: Pair, track: Track, client: RtspClient): Promise<Carried | undefined> {
    const { pacer, counters } = this.options;
    let ports: UdpPorts;
    try {
      ports = await openUdpPorts(client.localAddress, { address: client.remoteAddress, ...clientPort });
    } catch {
      return undefined;
    }
    const { rtp, rtcp } = ports;
    const sink = new UdpSender({
      rtp,
      rtcp,
      resumption: track.resumption,
      requestKeyFrame: () => track.requestKeyFrame(),
      pacer,
      counters,
    });
    const close = () => {
      sink.close();
      closeUdpPorts(ports);
    };
    return {
      carrier: { kind: 'udp', sink, close },
      transport: formatTransport({
        kind: 'udp',
        clientPort,
        serverPort: { rtp: ports.port, rtcp: ports.port + 1 },
        source: client.localAddress,
        ssrc: track.ssrc,
      }),
      onReport: (listener) => rtcp.on('message', listener),
    };
  }

  #multicast(track: Track): Carried | undefined {
    const found = this.options.multicast(track);
    if (!found) return undefined;
    const { stream } = found;
    const group = stream.group ?? found.group;
    return {
      carrier: { kind: 'multicast', start: () => stream.acquire(group) },
      transport: formatTransport({
        kind: 'multicast',
        destination: group.address,
        port: { rtp: group.port, rtcp: group.port + 1 },
        ttl: group.ttl,
        ssrc: track.ssrc,
      }),
    };
  }
}

/** Interleaved channels that are in use. */
const channelsOf = (tracks: readonly SessionTrack[]): ReadonlySet<number> =>
  new Set(tracks.flatMap(({ carrier }) => (carrier.kind === 'interleaved' ? [carrier.channels.rtp, carrier.channels.rtcp] : [])));

function freeChannels(taken: ReadonlySet<number>): Pair {
  let first = 0;
  while (taken.has(first) || taken.has(first + 1)) first += 2;
  return { rtp: first, rtcp: first + 1 };
}
