import { isIPv4 } from 'node:net';

/** Returns whether one host can have this IPv4 address: it is neither unspecified, loopback, multicast nor reserved. */
export function isHostIpv4(address: string): boolean {
  const first = Number(address.split('.')[0]);
  return isIPv4(address) && first > 0 && first !== 127 && first < 224;
}

/**
 * Returns whether one host can have this IPv4 address in its network. The first and the last one are the network's own, except in
 * networks of one or two addresses (RFC 3021).
 * @param prefixLength length of the network's prefix, bits
 */
export function isHostIpv4In(address: string, prefixLength: number): boolean {
  if (!isHostIpv4(address) || !Number.isInteger(prefixLength) || prefixLength < 1 || prefixLength > 32) return false;
  const size = 2 ** (32 - prefixLength);
  const host = ipv4Number(address) % size;
  return size <= 2 || (host !== 0 && host !== size - 1);
}

/** Returns whether two IPv4 addresses are in one network. @param prefixLength bits */
export function sameNetwork(a: string, b: string, prefixLength: number): boolean {
  const size = 2 ** (32 - prefixLength);
  return Math.floor(ipv4Number(a) / size) === Math.floor(ipv4Number(b) / size);
}

const ipv4Number = (address: string): number => address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
