import { createHash } from 'node:crypto';
import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { Link } from './links.ts';

/** Keeps the MAC address of the camera between runs. */
export interface KeptMac {
  /** The address of earlier runs; undefined at the first start. */
  readonly mac: string | undefined;
  /** Keeps an address. May throw: then the next start chooses again. */
  keep(mac: string): void;
  /** An address that belongs to this camera alone and to no adapter, where the machine has several cameras. */
  readonly own?: string | undefined;
}

/** Returns a MAC address that is nobody else's, made of a camera's UUID: unicast, locally administered (IEEE 802c). */
export function ownMac(uuid: string): string {
  const bytes = createHash('sha256').update(uuid.toLowerCase()).digest().subarray(0, 6);
  bytes[0] = (bytes[0]! & 0xfc) | 0x02;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/**
 * Chooses the MAC address by which recorders know the camera (ONVIF's scope `mac/`, and HwAddress): once, and then it stays, whatever
 * cable is in and whichever network is on. Only an adapter that is gone at the start is replaced, by one that has a network. Where there
 * is no hardware, in a container, addresses are made up at each start: there the first one stays.
 */
export class KnownMac {
  #mac: string | undefined;

  constructor(
    private readonly links: () => readonly Link[],
    private readonly kept: KeptMac,
    private readonly log: Pick<Logger, 'warn'>,
  ) {}

  /** Returns the address; undefined while the machine has no network interface, and never had one. */
  get(): string | undefined {
    this.#mac ??= this.kept.own ?? this.#choose();
    return this.#mac ?? this.kept.mac;
  }

  /** Returns the address that stays; undefined while that cannot be told. */
  #choose(): string | undefined {
    const links = this.links();
    const { mac: before } = this.kept;
    if (before !== undefined && (links.some(({ mac }) => mac === before) || !links.some(({ hardware }) => hardware))) return before;
    const main = mainLink(links);
    // Wi-Fi that looks for its access point has a made-up address meanwhile, and an adapter by USB may come later.
    if (!main || (before !== undefined && !isConnected(main))) return undefined;
    const { mac } = main;
    if (before !== undefined)
      this.log.warn(
        `The network adapter ${before}, by which recorders know this camera, is gone: it is known by ${mac} from now on. ` +
          'Where a recorder or Home Assistant shows a second camera, remove the old one there.',
      );
    try {
      this.kept.keep(mac);
    } catch (error) {
      this.log.warn(`The network adapter ${mac}, by which recorders know this camera, cannot be kept: ${messageOf(error)}`);
    }
    return mac;
  }
}

/** Returns the interface of hardware, where there is any, that is connected, or else switched on. */
function mainLink(links: readonly Link[]): Link | undefined {
  const real = realLinks(links);
  return real.find(isConnected) ?? real.find(({ up }) => up) ?? real[0];
}

const isConnected = ({ up, ipv4 }: Link): boolean => up && ipv4.length > 0;

/** Returns the interfaces of hardware; others only where there is none, as in a container: bridges and the like come and go with other programs. */
export function realLinks(links: readonly Link[]): readonly Link[] {
  const real = links.filter(({ hardware }) => hardware);
  return real.length > 0 ? real : links;
}
