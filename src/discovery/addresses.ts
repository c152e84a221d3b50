import { BlockList } from 'node:net';
import type { Logger } from '../core/log.ts';
import { machineInterfaces } from '../platform/interfaces.ts';

/** An address of this machine, and the interface that has it. */
export interface LocalAddress {
  /** "192.168.1.5" */
  readonly address: string;
  /** Length of the network prefix in bits. */
  readonly prefixLength: number;
  /** "eth0" */
  readonly interfaceName: string;
}

/**
 * Returns the machine's IPv4 addresses by which others reach it, of the interfaces that are up. Never throws;
 * see {@link machineInterfaces}.
 */
export function localAddresses(log: Logger): LocalAddress[] {
  return Object.entries(machineInterfaces.read(log)).flatMap(([interfaceName, list = []]) =>
    list
      .filter((each) => each.family === 'IPv4' && !each.internal && each.cidr !== null)
      .map(({ address, cidr }) => ({ address, prefixLength: Number(cidr?.split('/')[1]), interfaceName })),
  );
}

/** Networks that belong to nobody on the internet: private (RFC 1918), shared (RFC 6598), link-local (RFC 3927), this machine. */
const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['127.0.0.0', 8],
] as const)
  PRIVATE.addSubnet(network, prefix, 'ipv4');

/** Whether `peer` is in a network of ours or in a private one. Anybody else may be a victim whose address was forged. */
export const isNear = (peer: string, own: readonly LocalAddress[]): boolean =>
  PRIVATE.check(peer, 'ipv4') || own.some((each) => isInNetworkOf(each, peer));

/** Returns the one of our addresses that `peer` can reach: in the same network, else the most alike. Undefined: we have none. */
export function nearest<T extends LocalAddress>(peer: string, own: readonly T[]): T | undefined {
  const sameNetwork = own.filter((each) => isInNetworkOf(each, peer));
  const candidates = sameNetwork.length > 0 ? sameNetwork : own;
  return candidates.reduce<T | undefined>(
    (best, each) => (best && commonBits(best.address, peer) >= commonBits(each.address, peer) ? best : each),
    undefined,
  );
}

/** Whether `peer` is in the network of an interface with this address, so that it is reached without a router. */
export const isInNetworkOf = ({ address, prefixLength }: LocalAddress, peer: string): boolean => commonBits(address, peer) >= prefixLength;

/** How many bits two IPv4 addresses have in common at their start. */
const commonBits = (one: string, two: string): number => Math.clz32((bitsOf(one) ^ bitsOf(two)) >>> 0);

const bitsOf = (address: string): number => address.split('.').reduce((bits, part) => (bits << 8) | Number(part), 0);
