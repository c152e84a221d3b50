import { isIPv4, isIPv6 } from 'node:net';
import { isHostIpv4 } from '../../core/host-addresses.ts';
import { isDomainName } from '../../core/host-names.ts';
import { invalidArgument } from '../../protocols/soap/fault.ts';
import { required, text } from '../args.ts';
import type { SoapObject } from '../service.ts';
import { invalidValue } from './refusals.ts';

/** tt:IPAddress, which is a tt:NetworkHost as well. */
export const ipAddress = (address: string): SoapObject =>
  isIPv4(address) ? { Type: 'IPv4', IPv4Address: address } : { Type: 'IPv6', IPv6Address: address };

/** tt:NetworkHost of an address or a host name. */
export const networkHost = (host: string): SoapObject => (isIPv4(host) || isIPv6(host) ? ipAddress(host) : { Type: 'DNS', DNSname: host });

/** Reads a tt:IPAddress. Throws Sender / InvalidArgVal / InvalidIPv4Address or InvalidIPv6Address. */
export function readIpAddress(value: SoapObject): string {
  const type = required(value, 'Type');
  if (type !== 'IPv4' && type !== 'IPv6') throw invalidValue('Type must be IPv4 or IPv6.');
  const address = text(value, `${type}Address`)?.trim() ?? '';
  // A zone index ("fe80::1%eth0") means something only on the machine of the sender.
  if (type === 'IPv4' ? !isHostIpv4(address) && !isLoopback(address) : !isIPv6(address) || address.includes('%'))
    throw invalidArgument(`Invalid${type}Address`, `"${address}" is not an ${type} address of a host.`);
  return address;
}

/** Loopback is allowed: a resolver or time server may well run on the machine itself. */
const isLoopback = (address: string): boolean => isIPv4(address) && address.startsWith('127.');

/** Reads a tt:NetworkHost: an address or a host name. Throws like {@link readIpAddress}, and Sender / InvalidArgVal / InvalidDnsName. */
export function readNetworkHost(value: SoapObject): string {
  if (required(value, 'Type') !== 'DNS') return readIpAddress(value);
  const name = text(value, 'DNSname')?.trim() ?? '';
  if (!isDomainName(name)) throw invalidArgument('InvalidDnsName', `"${name}" is not a host name.`);
  return name;
}
