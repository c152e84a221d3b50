import { isIPv4, isIPv6 } from 'node:net';
import { invalidArgument } from '../../protocols/soap/fault.ts';
import { required, text } from '../args.ts';
import type { SoapObject } from '../service.ts';
import { invalidValue } from './refusals.ts';

/** Characters of a label, and of a whole name (RFC 1123 section 2.1, RFC 1035 section 2.3.4). */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
const MAX_NAME_LENGTH = 253;

/** Whether this is a host name by RFC 1123 section 2.1: labels of letters, digits and inner hyphens; no address. */
export const isHostname = (name: string, maxLength = MAX_NAME_LENGTH): boolean =>
  name.length <= maxLength && name.split('.').every((label) => LABEL.test(label)) && !/(^|\.)\d+$/.test(name);

/** Whether one device can have this IPv4 address: neither unspecified, loopback, multicast nor reserved. */
export function isUnicast(address: string): boolean {
  const first = Number(address.split('.')[0]);
  return isIPv4(address) && first > 0 && first !== 127 && first < 224;
}

/** Whether one device can have this address in its network: the first and the last one are the network's own (but see RFC 3021). */
export function isHostAddress(address: string, prefixLength: number): boolean {
  if (!isUnicast(address) || prefixLength < 1 || prefixLength > 32) return false;
  const size = 2 ** (32 - prefixLength);
  const host = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) % size;
  return size <= 2 || (host !== 0 && host !== size - 1);
}

/** tt:IPAddress, and tt:NetworkHost as far as it holds addresses. */
export const ipAddress = (address: string): SoapObject =>
  isIPv4(address) ? { Type: 'IPv4', IPv4Address: address } : { Type: 'IPv6', IPv6Address: address };

/** tt:NetworkHost */
export const networkHost = (host: string): SoapObject => (isIPv4(host) || isIPv6(host) ? ipAddress(host) : { Type: 'DNS', DNSname: host });

/** Reads a tt:IPAddress. Throws Sender / InvalidArgVal / InvalidIPv4Address or InvalidIPv6Address. */
export function readIpAddress(value: SoapObject): string {
  const type = required(value, 'Type');
  if (type !== 'IPv4' && type !== 'IPv6') throw invalidValue('Type must be IPv4 or IPv6.');
  const address = text(value, `${type}Address`)?.trim() ?? '';
  // A zone index ("fe80::1%eth0") means something on one machine only.
  if (type === 'IPv4' ? !isUnicast(address) && !isLoopback(address) : !isIPv6(address) || address.includes('%'))
    throw invalidArgument(`Invalid${type}Address`, `"${address}" is not an ${type} address of a host.`);
  return address;
}

/** A resolver or time server may well run on the machine itself. */
const isLoopback = (address: string): boolean => isIPv4(address) && address.startsWith('127.');

/** Reads a tt:NetworkHost. Throws like {@link readIpAddress}, and InvalidDnsName. */
export function readNetworkHost(value: SoapObject): string {
  if (required(value, 'Type') !== 'DNS') return readIpAddress(value);
  const name = text(value, 'DNSname')?.trim() ?? '';
  if (!isHostname(name)) throw invalidArgument('InvalidDnsName', `"${name}" is not a host name.`);
  return name;
}
