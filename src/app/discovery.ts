import type { StateStore } from '../config/state.ts';
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/log.ts';
import { formatOrigin, type Origin } from '../core/origin.ts';
import type { Identity } from '../device/identity.ts';
import { MJPEG } from '../device/stream-names.ts';
import { Mdns } from '../discovery/mdns.ts';
import { MetadataVersions } from '../discovery/metadata-version.ts';
import { WsDiscovery } from '../discovery/ws-discovery.ts';
import { DEVICE } from '../onvif/device/options.ts';
import { deviceScopes } from '../onvif/device/scopes.ts';
import type { Machine } from '../platform/machine.ts';
import { ONVIF_TYPES } from '../protocols/ws-discovery/names.ts';

/** What {@link Discovery} takes. */
export interface DiscoveryOptions {
  readonly machine: Machine;
  readonly state: StateStore;
  readonly identity: Identity;
  /** Port of the web server. */
  readonly port: number;
  /** Returns the origin under which the web server is reached. @param host of this machine, as in a URL */
  readonly origin: (host: string) => Origin;
  /** Port of the RTSP server; undefined: there is none. */
  readonly rtspPort: number | undefined;
  /** Called when a client has been answered, and so is about to ask by ONVIF. */
  readonly onFound: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Makes the camera findable by WS-Discovery (Core Specification, "Discovery") and mDNS (RFC 6762, 6763). */
export class Discovery {
  readonly #ws: WsDiscovery;
  readonly #mdns: Mdns;

  constructor(options: DiscoveryOptions) {
    const { machine, state, identity, port, rtspPort, clock, log } = options;
    const { uuid, metadata: stored } = state.state;
    const scopes = () => deviceScopes({ machine, identity }).map(({ uri }) => uri);
    const versions = new MetadataVersions({ stored, store: (metadata) => state.update({ metadata }), clock, log });
    this.#ws = new WsDiscovery({
      uuid,
      types: ONVIF_TYPES,
      scopes,
      xaddr: (host) => `${formatOrigin(options.origin(host))}${DEVICE.path}`,
      onAnswer: options.onFound,
      discoverable: () => identity.discoverable,
      metadataVersion: (xaddrs) => versions.next([...ONVIF_TYPES.map(({ local }) => local), ...scopes(), ...xaddrs]),
      clock,
      log,
    });
    const { model, serial } = machine.hardware();
    const ports = { httpPort: port, rtspPort };
    const paths = { onvifPath: DEVICE.path, rtspPath: MJPEG.path };
    this.#mdns = new Mdns({ name: identity.name, uuid, model, serial, ...ports, ...paths, clock, log });
    identity.onChange(() => this.#ws.changed());
  }

  /** Announces the camera and begins to answer searches. */
  async start(): Promise<void> {
    await this.#ws.start();
    this.#mdns.start();
  }

  /** Says goodbye and stops. */
  async stop(): Promise<void> {
    await Promise.all([this.#ws.stop(), this.#mdns.stop()]);
  }
}
