import { type Message, parseMessage } from '../../../src/protocols/ws-discovery/message.ts';
import { type Datagram, Listener } from './listener.ts';
import type { Neighbour } from './neighbour.ts';

interface Line extends Datagram {
  readonly text: string;
}

export interface Heard extends Line {
  /** Milliseconds, performance.now(). */
  readonly at: number;
  readonly message: Message | undefined;
}

/** A WS-Discovery client at the neighbour's; keeps all that it hears. */
export class Station extends Listener<Line, Heard> {
  static start(neighbour: Neighbour, address: string): Promise<Station> {
    return new Station(neighbour, 'wsd-station.js', address).listening();
  }

  send(text: string | Buffer, to = '239.255.255.250', count = 1): void {
    const data = typeof text === 'string' ? { text } : { text: text.toString('base64'), base64: true };
    this.tell({ to, count, ...data });
  }

  protected read(line: Line): Heard {
    return { ...line, at: performance.now(), message: parseMessage(Buffer.from(line.text)) };
  }

  protected describe(): string {
    return `\n${this.heard.map(({ text }) => text).join('\n')}`;
  }
}
