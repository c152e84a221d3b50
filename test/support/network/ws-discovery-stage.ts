import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { systemClock } from '../../../src/core/clock.ts';
import type { Logger } from '../../../src/core/log.ts';
import { WsDiscovery, type WsDiscoveryOptions } from '../../../src/discovery/ws-discovery.ts';
import type { Message } from '../../../src/protocols/ws-discovery/message.ts';
import { ONVIF_TYPES } from '../../../src/protocols/ws-discovery/names.ts';
import { REQUESTS } from '../ws-discovery.ts';
import { Neighbour } from './neighbour.ts';
import { type Heard, Station } from './station.ts';

export const UUID = '9a8b7c6d-1234-4abc-8def-0123456789ab';
export const SCOPES = [
  'onvif://www.onvif.org/Profile/Streaming',
  'onvif://www.onvif.org/name/Pi_Camera',
  'onvif://www.onvif.org/hardware/RPi4',
];

/**
 * A camera's WS-Discovery at 10.99.0.1 on "eth0", and a neighbour at 10.99.0.2 with a station that hears and asks. For tests
 * within {@link inOwnNetwork}: constructing it registers what makes it before them and ends it after them.
 */
export class WsDiscoveryStage {
  /** What cameras that were started on it write to the log. */
  readonly lines: string[] = [];
  discoverable = true;
  version = 1;
  #neighbour: Neighbour | undefined;
  #station: Station | undefined;
  readonly #started: WsDiscovery[] = [];
  #count = 0;

  constructor() {
    beforeAll(async () => {
      this.#neighbour = await Neighbour.start();
      this.connect();
    });
    afterAll(() => this.neighbour.stop());
    beforeEach(async () => {
      this.discoverable = true;
      this.version = 1;
      this.lines.length = 0;
      await this.startStation();
    });
    afterEach(async () => {
      await Promise.all(this.#started.splice(0).map((each) => each.stop()));
      await this.station.stop();
    });
  }

  get neighbour(): Neighbour {
    return this.#neighbour!;
  }

  get station(): Station {
    return this.#station!;
  }

  /** Connects the camera's machine with the neighbour. */
  connect(): void {
    this.neighbour.connect('eth0', '10.99.0');
    this.neighbour.prefer('eth0');
  }

  /** Starts the neighbour's station, which must be stopped or not started yet. */
  async startStation(): Promise<void> {
    this.#station = await Station.start(this.neighbour, '10.99.0.2');
  }

  async startDiscovery(options: Partial<WsDiscoveryOptions> = {}): Promise<WsDiscovery> {
    const keep = (message: string) => void this.lines.push(message);
    const log: Logger = { debug: keep, info: keep, warn: keep, error: keep };
    const discovery = new WsDiscovery({
      uuid: UUID,
      types: ONVIF_TYPES,
      scopes: () => SCOPES,
      xaddr: (host) => `http://${host}:8080/onvif/device_service`,
      discoverable: () => this.discoverable,
      metadataVersion: () => this.version,
      clock: systemClock,
      log,
      ...options,
    });
    this.#started.push(discovery);
    await discovery.start();
    return discovery;
  }

  /** A MessageID that no other message has. */
  newId(): string {
    return `urn:uuid:test-${++this.#count}`;
  }

  /** Asks something that is answered always, and waits for the answer: what was asked before it has had its time. */
  async settle(to?: string): Promise<void> {
    const id = this.newId();
    this.station.send(REQUESTS.bare(id), to);
    await this.station.hears(answers(id));
  }
}

/** Whether a message is of this kind and about this device. */
export const is =
  (kind: Message['kind'], uuid = UUID) =>
  ({ message }: Heard) =>
    message?.kind === kind &&
    ('endpoint' in message ? [message.endpoint] : 'endpoints' in message ? message.endpoints : []).some(
      ({ address }) => address === `urn:uuid:${uuid}`,
    );

/** Whether a message answers the one with this MessageID. */
export const answers =
  (id: string) =>
  ({ message, text }: Heard) =>
    (message !== undefined && 'relatesTo' in message && message.relatesTo === id) || text.includes(`<a:RelatesTo>${id}<`);
