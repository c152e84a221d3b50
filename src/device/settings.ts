import type { Config } from '../config/schema.ts';
import type { Section, StateStore } from '../config/state.ts';
import type { Cancel } from '../core/clock.ts';
import { areMediaPorts } from '../core/media-ports.ts';
import type { H264Settings } from '../encode/encoder.ts';
import { groupOf, isMulticastGroup, type MulticastGroup } from '../platform/multicast.ts';
import type { StreamNames } from './stream-names.ts';

/** Keeps what clients changed of a group of settings. */
export interface KeptSettings<T> {
  /** Returns what is kept. */
  read(): Kept<T>;
  /** Replaces all that is kept. @throws AppError, with nothing changed, where it cannot be written */
  write(kept: Kept<T>): void;
}

type Kept<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** Where the values of a group of settings come from. */
export interface SettingsGroupOptions<T> {
  /** What the configuration says: what the owner set, and the defaults. */
  readonly configured: T;
  /** Whether the owner set the setting. */
  readonly isOwners: (key: keyof T & string) => boolean;
  /** Where the changes of clients are kept. */
  readonly kept: KeptSettings<T>;
  /** Returns what still holds of what an earlier run kept; undefined: all of it. */
  readonly valid?: (kept: Kept<T>) => Kept<T>;
}

/** Returns what holds at a start: what the owner set beats what clients have changed, and that beats the defaults. */
export function settingsAtStart<T extends object>({
  configured,
  isOwners,
  kept,
}: Pick<SettingsGroupOptions<T>, 'configured' | 'isOwners'> & { readonly kept: Kept<T> }): T {
  const clients = Object.entries(kept).filter(([key, value]) => value !== undefined && !isOwners(key as keyof T & string));
  return { ...configured, ...Object.fromEntries(clients) };
}

/**
 * Settings that clients may change while the program runs. What the owner set (by flag, environment or file) beats what
 * clients set, and that beats the defaults. A change by a client holds at once, even of what the owner set, which comes back at the
 * next start.
 */
export class SettingsGroup<T extends object> {
  #now: T;
  /** Names of the settings in force that a client wanted only until the next start. */
  readonly #passing = new Set<string>();
  readonly #listeners = new Set<(now: T, before: T) => void>();

  constructor(private readonly options: SettingsGroupOptions<T>) {
    const { configured, isOwners, kept, valid = (all) => all } = options;
    this.#now = settingsAtStart({ configured, isOwners, kept: valid(kept.read()) });
  }

  /** The settings in force. */
  get now(): T {
    return this.#now;
  }

  /** Returns whether the owner set a setting: what clients make of it does not outlive a restart. */
  isOwners(key: keyof T & string): boolean {
    return this.options.isOwners(key);
  }

  /** Returns whether the value in force was wanted only until the next start. */
  isPassing(key: keyof T & string): boolean {
    return this.#passing.has(key);
  }

  /**
   * Keeps a change by a client and puts it in force.
   * @param keep false: the change holds until the next start, and what is kept stays
   * @returns a function that takes the change back; it throws an AppError where that cannot be kept, with the change taken back
   * all the same
   * @throws AppError, with nothing changed, where it cannot be kept
   */
  change(change: Partial<T>, keep = true): () => void {
    const { kept } = this.options;
    const before = { now: this.#now, kept: kept.read() };
    if (keep) kept.write({ ...before.kept, ...change });
    for (const key of Object.keys(change)) {
      if (keep) this.#passing.delete(key);
      else this.#passing.add(key);
    }
    this.#set({ ...this.#now, ...change });
    return () => {
      this.#set(before.now);
      if (keep) kept.write(before.kept);
    };
  }

  /** Calls the listener after every change, when that is in force. */
  onChange(listener: (now: T, before: T) => void): Cancel {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #set(now: T): void {
    const before = this.#now;
    this.#now = now;
    for (const listener of this.#listeners) listener(now, before);
  }
}

/** The settings of the camera's identity that recorders may change. */
export interface IdentitySettings {
  /** What viewers and recorders call the camera: 1 to 64 printable characters. */
  readonly name: string;
  /** Where the camera is: "Building 1/Entrance", with "/" between the steps; empty: nobody said. */
  readonly location: string;
  /** Whether the camera answers to discovery. */
  readonly discoverable: boolean;
  /** Scopes that recorders added, beside those of name and location, as URIs. */
  readonly scopes: readonly string[];
}

/** TCP ports that the servers are set to; 0: any free one. */
export interface PortSettings {
  readonly http: number;
  readonly rtsp: number;
}

/** Where a stream is sent by multicast, and whether it is sent until somebody stops it. */
export interface MulticastSettings extends MulticastGroup {
  /** Whether it is sent, restarts included, until somebody stops it. */
  readonly autoStart: boolean;
}

/** Where the settings of the device come from, and where they are kept. */
export interface DeviceSettingsOptions {
  readonly config: Pick<Config, 'name' | Section> & {
    readonly http: Pick<Config['http'], 'port'>;
    readonly rtsp: Pick<Config['rtsp'], 'port' | 'multicast'>;
  };
  /** Keys of the settings that the owner set: "camera.width". */
  readonly explicit: ReadonlySet<string>;
  readonly state: StateStore;
}

/** UDP ports that a stream takes: RTP and RTCP. */
const PORTS_PER_STREAM = 2;

/** All settings that clients may change, by group. */
export class DeviceSettings {
  /** Settings of the capture; sizes are those before rotation. */
  readonly camera: SettingsGroup<Config['camera']>;
  /** Settings of the H.264 stream. */
  readonly h264: SettingsGroup<H264Settings>;
  /** Settings of the small H.264 stream. */
  readonly sub: SettingsGroup<H264Settings>;
  /** Name, location, scopes and discovery mode. */
  readonly identity: SettingsGroup<IdentitySettings>;
  /** Ports for the next start. */
  readonly ports: SettingsGroup<PortSettings>;

  constructor(private readonly options: DeviceSettingsOptions) {
    const { config, state } = options;
    this.camera = new SettingsGroup({
      configured: config.camera,
      isOwners: this.#owners('camera'),
      kept: { read: () => state.state.camera, write: (camera) => state.update({ camera }) },
    });
    this.h264 = this.#encoder('h264');
    this.sub = this.#encoder('sub');
    this.identity = new SettingsGroup<IdentitySettings>({
      configured: { name: config.name, location: '', discoverable: true, scopes: [] },
      isOwners: (key) => key === 'name' && options.explicit.has('name'),
      kept: {
        read: () => {
          const { name, location, discoverable, scopes } = state.state.device;
          return { name, location, discoverable, scopes };
        },
        write: ({ name, location = '', discoverable = true, scopes = [] }) =>
          state.update({ device: { ...state.state.device, name, location, discoverable, scopes: [...scopes] } }),
      },
    });
    this.ports = new SettingsGroup({
      configured: { http: config.http.port, rtsp: config.rtsp.port },
      isOwners: (key) => options.explicit.has(`${key}.port`),
      kept: {
        read: () => {
          const { httpPort, rtspPort } = state.state.device;
          return { http: httpPort, rtsp: rtspPort };
        },
        write: ({ http, rtsp }) => state.update({ device: { ...state.state.device, httpPort: http, rtspPort: rtsp } }),
      },
    });
  }

  /**
   * Returns the settings of one stream's multicast. The owner sets the largest TTL that clients may set. What was kept and is not
   * allowed counts for nothing.
   */
  multicast({ encoder, portPair }: Pick<StreamNames, 'encoder' | 'portPair'>): SettingsGroup<MulticastSettings> {
    const { state, config } = this.options;
    const { address, port, ttl } = config.rtsp.multicast;
    const isOwners = this.#owners('rtsp.multicast');
    return new SettingsGroup<MulticastSettings>({
      configured: { address: address || groupOf(state.state.uuid), port: port + PORTS_PER_STREAM * portPair, ttl, autoStart: false },
      isOwners: (key) => key !== 'ttl' && isOwners(key),
      kept: {
        read: () => state.state.multicast[encoder] ?? {},
        write: ({ autoStart = false, ...group }) =>
          state.update({ multicast: { ...state.state.multicast, [encoder]: { ...group, autoStart } } }),
      },
      valid: (kept) => ({
        ...kept,
        address: kept.address !== undefined && isMulticastGroup(kept.address) ? kept.address : undefined,
        port: kept.port !== undefined && areMediaPorts(kept.port, kept.port + 1) ? kept.port : undefined,
        ttl: kept.ttl && Math.min(kept.ttl, ttl),
      }),
    });
  }

  #encoder(name: Exclude<Section, 'camera'>): SettingsGroup<H264Settings> {
    const { config, state } = this.options;
    const { width, height, fps, bitrate, keyframeInterval, profile } = config[name];
    return new SettingsGroup<H264Settings>({
      configured: { width, height, fps, bitrate, keyframeInterval, profile },
      isOwners: this.#owners(name),
      kept: { read: () => state.state[name], write: (kept) => state.update({ [name]: kept }) },
    });
  }

  #owners(prefix: string): (key: string) => boolean {
    return (key) => this.options.explicit.has(`${prefix}.${key}`);
  }
}
