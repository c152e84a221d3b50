import { isIP, isIPv4 } from 'node:net';
import { AppError } from '../core/errors.ts';
import type { InterfaceAddress } from '../core/machine.ts';

/** Longest host name that Linux takes (HOST_NAME_MAX), characters. */
const MAX_HOSTNAME = 64;
/** Longest domain name (RFC 1035 section 2.3.4, without the root's dot), characters. */
const MAX_DOMAIN = 253;
/** Every IPv4 host takes datagrams of 576 bytes (RFC 791); above 9000 no Ethernet of this size of machine goes, bytes. */
const MTU_RANGE = [576, 9000] as const;
/** A label of RFC 952 as RFC 1123 section 2.1 widened it: letters, digits and inner hyphens. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

/** Throws SYSTEM_FAILED for a value that is wrong in itself. */
export function refuse(message: string): never {
  throw new AppError('SYSTEM_FAILED', message, { hint: 'Correct the value and try again.' });
}

const quoted = (value: string) => JSON.stringify(value.slice(0, 80));

const isDomain = (name: string) => name.length <= MAX_DOMAIN && name.split('.').every((label) => LABEL.test(label));

/** Throws SYSTEM_FAILED unless the name is one by RFC 1123 that Linux takes. */
export function checkHostname(name: string): void {
  if (name.length > MAX_HOSTNAME || !isDomain(name))
    refuse(`${quoted(name)} is not a host name: letters, digits and hyphens, at most ${MAX_HOSTNAME} characters.`);
  if (/^[\d.]+$/.test(name) && name.includes('.')) refuse(`${quoted(name)} looks like an address, not like a host name.`);
}

/** Throws SYSTEM_FAILED unless it is a domain to search names in. */
export function checkDomain(name: string): void {
  if (!isDomain(name)) refuse(`${quoted(name)} is not a domain name.`);
}

/** Throws SYSTEM_FAILED unless it is an address (of a certain host: without a zone index) of version 4 or 6. */
export function checkAddress(address: string): void {
  if (isIP(address) === 0 || address.includes('%')) refuse(`${quoted(address)} is not an IP address.`);
}

/** Throws SYSTEM_FAILED unless a host can have this IPv4 address: not the unspecified, a loopback, multicast or reserved one. */
export function checkHostIpv4(address: string): void {
  if (!isIPv4(address)) refuse(`${quoted(address)} is not an IPv4 address.`);
  const first = Number(address.split('.')[0]);
  if (first === 0 || first === 127 || first >= 224) refuse(`${address} cannot be the address of a host.`);
}

/** Throws SYSTEM_FAILED unless the address and its prefix can be given to an interface. */
export function checkInterfaceAddress({ address, prefixLength }: InterfaceAddress): void {
  checkHostIpv4(address);
  if (!Number.isInteger(prefixLength) || prefixLength < 1 || prefixLength > 32)
    refuse(`${prefixLength} is not the length of an IPv4 prefix: 1 to 32.`);
  const hostBits = 2 ** (32 - prefixLength);
  const host = ipv4Number(address) % hostBits;
  // In networks of one or two addresses (RFC 3021) each of them is a host.
  if (hostBits > 2 && (host === 0 || host === hostBits - 1))
    refuse(`${address}/${prefixLength} is the address of the network itself or its broadcast address.`);
}

/** Throws SYSTEM_FAILED unless it is a packet size for Ethernet or Wi-Fi. */
export function checkMtu(mtu: number): void {
  const [min, max] = MTU_RANGE;
  if (!Number.isInteger(mtu) || mtu < min || mtu > max) refuse(`${mtu} is not an MTU that can be set: ${min} to ${max} bytes.`);
}

/** Throws SYSTEM_FAILED unless it is a host name or an address to ask for the time. */
export function checkServer(server: string): void {
  if (isIP(server) === 0 && !isDomain(server)) refuse(`${quoted(server)} is neither a host name nor an IP address.`);
  if (server.includes('%')) refuse(`${quoted(server)} has a zone index; give an address without one.`);
}

/** Whether two IPv4 addresses are in one network. */
export const sameNetwork = (a: string, b: string, prefixLength: number): boolean => {
  const size = 2 ** (32 - prefixLength);
  return Math.floor(ipv4Number(a) / size) === Math.floor(ipv4Number(b) / size);
};

const ipv4Number = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
