import { type Datagram, Listener, type Via } from './listener.ts';
import type { Neighbour } from './neighbour.ts';

interface Line extends Datagram {
  /** Base64. */
  readonly data: string;
}

export interface HeardDatagram extends Datagram {
  readonly data: Buffer;
}

/** A station that sends bytes at the neighbour's, to a group and a port, and keeps all that it hears from others. */
export class UdpStation extends Listener<Line, HeardDatagram> {
  private constructor(
    neighbour: Neighbour,
    address: string,
    private readonly group: string,
    port: number,
  ) {
    super(neighbour, 'udp-station.js', address, group, String(port));
  }

  static start(neighbour: Neighbour, address: string, group: string, port: number): Promise<UdpStation> {
    return new UdpStation(neighbour, address, group, port).listening();
  }

  send(data: Buffer, { to = this.group, from = 'group' as Via, count = 1 } = {}): void {
    this.tell({ to, from, count, data: data.toString('base64') });
  }

  protected read({ data, ...rest }: Line): HeardDatagram {
    return { ...rest, data: Buffer.from(data, 'base64') };
  }

  protected describe(): string {
    return `${this.heard.length} datagrams`;
  }
}
