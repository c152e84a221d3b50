import { BlockList, isIPv4 } from 'node:net';

/** A multicast group, with the ports that a stream is sent to. */
export interface MulticastGroup {
  /** IPv4 multicast address. */
  readonly address: string;
  /** UDP port of RTP, even; that of RTCP is the next one. */
  readonly port: number;
  /** Routers that the packets may pass, plus one: 1 to 255. */
  readonly ttl: number;
}

/** Words for what can be chosen as a group, for error messages. */
export const MULTICAST_GROUPS = 'an IPv4 multicast address that no other protocol has, best one in 239.255.0.0/16';

/**
 * Groups that other protocols have (IANA's IPv4 Multicast Address Space Registry, RFC 5771; RFC 2365 section 9). A stream
 * sent to one of them reaches machines that never asked for it, and what they talk about there gets lost in it.
 */
const ASSIGNED = new BlockList();
// Routing, mDNS, LLMNR; NTP, PTP, SLP, SIP; KNX and others in the first ad-hoc block.
ASSIGNED.addSubnet('224.0.0.0', 16);
// SAP, with the sessions that it announces.
ASSIGNED.addSubnet('224.2.0.0', 16);
// The second and the third ad-hoc block.
ASSIGNED.addRange('224.3.0.0', '224.4.255.255');
ASSIGNED.addSubnet('233.252.0.0', 14);
// What each scope keeps for its protocols: SSDP and WS-Discovery (239.255.255.250), SLP, SAP.
ASSIGNED.addSubnet('239.195.255.0', 24);
ASSIGNED.addSubnet('239.255.255.0', 24);

/** Returns whether a stream may be sent to this address. */
export function isMulticastGroup(address: string): boolean {
  const first = isIPv4(address) ? Number.parseInt(address, 10) : 0;
  return first >= 224 && first <= 239 && !ASSIGNED.check(address);
}

/**
 * Returns a camera's own group, always the same, so that two cameras in a network do not send into each other's stream: in
 * the IPv4 local scope 239.255.0.0/16, without its last /24, which is assigned (RFC 2365, sections 6.1 and 9).
 */
export function groupOf(uuid: string): string {
  const digits = uuid.replaceAll('-', '');
  const byte = (at: number) => Number.parseInt(digits.slice(at, at + 2), 16);
  return `239.255.${byte(0) % 255}.${1 + (byte(2) % 254)}`;
}
