import { isIP, isIPv4 } from 'node:net';
import { AppError } from '../../core/errors.ts';
import { isHostIpv4, isHostIpv4In } from '../../core/host-addresses.ts';
import { isDomainName, MAX_OWN_NAME } from '../../core/host-names.ts';
import type { InterfaceAddress } from '../machine.ts';

/** Every IPv4 host takes datagrams of 576 bytes (RFC 791); above 9000 no Ethernet of this size of machine goes, bytes. */
const MTU_RANGE = [576, 9000] as const;
/** Throws SYSTEM_FAILED for a value that is wrong in itself. */
export function refuse(message: string): never {
  throw new AppError('SYSTEM_FAILED', message, { hint: 'Correct the value and try again.' });
}

const quoted = (value: string) => JSON.stringify(value.slice(0, 80));

/** Throws SYSTEM_FAILED unless the name is one by RFC 1123 that Linux takes. */
export function checkHostname(name: string): void {
  if (!isDomainName(name, MAX_OWN_NAME))
    refuse(`${quoted(name)} is not a host name: letters, digits and hyphens, at most ${MAX_OWN_NAME} characters, no number at the end.`);
}

/** Throws SYSTEM_FAILED unless it is a domain to search names in. */
export function checkDomain(name: string): void {
  if (!isDomainName(name)) refuse(`${quoted(name)} is not a domain name.`);
}

/** Throws SYSTEM_FAILED unless it is an address (of a certain host: without a zone index) of version 4 or 6. */
export function checkAddress(address: string): void {
  if (isIP(address) === 0 || address.includes('%')) refuse(`${quoted(address)} is not an IP address.`);
}

/** Throws SYSTEM_FAILED unless a host can have this IPv4 address: not the unspecified, a loopback, multicast or reserved one. */
export function checkHostIpv4(address: string): void {
  if (!isIPv4(address)) refuse(`${quoted(address)} is not an IPv4 address.`);
  if (!isHostIpv4(address)) refuse(`${address} cannot be the address of a host.`);
}

/** Throws SYSTEM_FAILED unless the address and its prefix can be given to an interface. */
export function checkInterfaceAddress({ address, prefixLength }: InterfaceAddress): void {
  checkHostIpv4(address);
  if (!Number.isInteger(prefixLength) || prefixLength < 1 || prefixLength > 32)
    refuse(`${prefixLength} is not the length of an IPv4 prefix: 1 to 32.`);
  if (!isHostIpv4In(address, prefixLength))
    refuse(`${address}/${prefixLength} is the address of the network itself or its broadcast address.`);
}

/** Throws SYSTEM_FAILED unless it is a packet size for Ethernet or Wi-Fi. */
export function checkMtu(mtu: number): void {
  const [min, max] = MTU_RANGE;
  if (!Number.isInteger(mtu) || mtu < min || mtu > max) refuse(`${mtu} is not an MTU that can be set: ${min} to ${max} bytes.`);
}

/** Throws SYSTEM_FAILED unless it is a host name or an address to ask for the time. */
export function checkServer(server: string): void {
  if (isIP(server) === 0 && !isDomainName(server)) refuse(`${quoted(server)} is neither a host name nor an IP address.`);
  if (server.includes('%')) refuse(`${quoted(server)} has a zone index; give an address without one.`);
}
