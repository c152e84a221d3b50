import { isIP, isIPv4 } from 'node:net';
import { AppError } from '../../core/errors.ts';
import { isHostIpv4, isHostIpv4In } from '../../core/host-addresses.ts';
import { isDomainName, MAX_OWN_NAME } from '../../core/host-names.ts';
import type { InterfaceAddress } from '../machine.ts';

/**
 * Least and largest MTU that can be set, bytes: every IPv4 host takes datagrams of 576 (RFC 791), and Ethernet of small machines
 * goes up to 9000.
 */
const MTU_RANGE = [576, 9000] as const;

/** Throws an AppError (SYSTEM_FAILED) for a value that is wrong in itself. */
export function refuse(message: string): never {
  throw new AppError('SYSTEM_FAILED', message, { hint: 'Correct the value and try again.' });
}

const quoted = (value: string) => JSON.stringify(value.slice(0, 80));

/** Checks that a text is a host name by RFC 1123 that Linux takes. @throws AppError (SYSTEM_FAILED) */
export function checkHostname(name: string): void {
  if (!isDomainName(name, MAX_OWN_NAME))
    refuse(`${quoted(name)} is not a host name: letters, digits and hyphens, at most ${MAX_OWN_NAME} characters, no number at the end.`);
}

/** Checks that a text is a domain to search names in. @throws AppError (SYSTEM_FAILED) */
export function checkDomain(name: string): void {
  if (!isDomainName(name)) refuse(`${quoted(name)} is not a domain name.`);
}

/** Checks that a text is an IPv4 or IPv6 address, without a zone index. @throws AppError (SYSTEM_FAILED) */
export function checkAddress(address: string): void {
  if (isIP(address) === 0 || address.includes('%')) refuse(`${quoted(address)} is not an IP address.`);
}

/**
 * Checks that a host can have this IPv4 address, which is not the unspecified, a loopback, multicast or reserved one.
 * @throws AppError (SYSTEM_FAILED)
 */
export function checkHostIpv4(address: string): void {
  if (!isIPv4(address)) refuse(`${quoted(address)} is not an IPv4 address.`);
  if (!isHostIpv4(address)) refuse(`${address} cannot be the address of a host.`);
}

/** Checks that an address and its prefix can be given to an interface. @throws AppError (SYSTEM_FAILED) */
export function checkInterfaceAddress({ address, prefixLength }: InterfaceAddress): void {
  checkHostIpv4(address);
  if (!Number.isInteger(prefixLength) || prefixLength < 1 || prefixLength > 32)
    refuse(`${prefixLength} is not the length of an IPv4 prefix: 1 to 32.`);
  if (!isHostIpv4In(address, prefixLength))
    refuse(`${address}/${prefixLength} is the address of the network itself or its broadcast address.`);
}

/** Checks that a number is a packet size for Ethernet or Wi-Fi, bytes. @throws AppError (SYSTEM_FAILED) */
export function checkMtu(mtu: number): void {
  const [min, max] = MTU_RANGE;
  if (!Number.isInteger(mtu) || mtu < min || mtu > max) refuse(`${mtu} is not an MTU that can be set: ${min} to ${max} bytes.`);
}

/** Checks that a text is a host name or an address to ask for the time. @throws AppError (SYSTEM_FAILED) */
export function checkServer(server: string): void {
  if (isIP(server) === 0 && !isDomainName(server)) refuse(`${quoted(server)} is neither a host name nor an IP address.`);
  if (server.includes('%')) refuse(`${quoted(server)} has a zone index; give an address without one.`);
}
