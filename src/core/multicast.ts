import { isIPv4 } from 'node:net';

/** What can be chosen as a group, as in error messages. */
export const MULTICAST_GROUPS = 'an IPv4 multicast address from 224.0.1.0 to 239.255.255.255';

/** Whether a stream may be sent to this address: 224.0.0.0/24 is the routing protocols' (RFC 5771, section 4). */
export function isMulticastGroup(address: string): boolean {
  if (!isIPv4(address)) return false;
  const [a = 0, b, c] = address.split('.').map(Number);
  return a >= 224 && a <= 239 && !(a === 224 && b === 0 && c === 0);
}

/**
 * A group of a camera's own, the same for ever, so that two cameras in a network do not send into each other's stream: in
 * the IPv4 local scope 239.255.0.0/16, without its last /24, which is assigned (RFC 2365, sections 6.1 and 9).
 */
export function groupOf(uuid: string): string {
  const digits = uuid.replaceAll('-', '');
  const byte = (at: number) => Number.parseInt(digits.slice(at, at + 2), 16);
  return `239.255.${byte(0) % 255}.${1 + (byte(2) % 254)}`;
}
