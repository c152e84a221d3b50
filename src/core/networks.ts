import { BlockList, isIP } from 'node:net';

interface Network {
  readonly address: string;
  /** Length of the prefix in bits. */
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** Words for what {@link isNetwork} takes, to follow "must be". */
export const NETWORKS = 'IP addresses and networks such as 192.168.1.10, 10.0.0.0/8 or fd00::/8';

/** Returns whether a text is an IP address, or a network in the notation of RFC 4632 section 3.1 ("10.0.0.0/8"). */
export const isNetwork = (text: string): boolean => parseNetwork(text) !== undefined;

/** Returns an address without the IPv4-mapped form (RFC 4291 section 2.5.5.2), and without the zone of a link-local one. */
export const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '').split('%', 1)[0]!;

/** A set of addresses and networks. */
export class Networks {
  readonly #list = new BlockList();

  /** @throws RangeError for a text that {@link isNetwork} does not take */
  constructor(texts: readonly string[]) {
    for (const text of texts) {
      const network = parseNetwork(text);
      if (!network) throw new RangeError(`not an address or a network: ${JSON.stringify(text)}`);
      this.#list.addSubnet(network.address, network.prefix, network.family);
    }
  }

  /** Returns whether an address is in the set; false for what is no address. Never throws. */
  has(address: string): boolean {
    const plain = plainAddress(address);
    const version = isIP(plain);
    return version !== 0 && this.#list.check(plain, version === 4 ? 'ipv4' : 'ipv6');
  }
}

function parseNetwork(text: string): Network | undefined {
  const [, address = '', digits] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  const bits = version === 4 ? 32 : 128;
  const prefix = digits === undefined ? bits : Number(digits);
  return version === 0 || prefix > bits ? undefined : { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}
