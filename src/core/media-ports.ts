/** Ports of the protocols by which machines find each other: SSDP, WS-Discovery, mDNS. Everybody listens there. */
const DISCOVERY_PORTS: ReadonlySet<number> = new Set([1900, 3702, 5353]);
/** Lowest port; those below belong to the system's services (RFC 6335, section 6). */
const MIN = 1024;
/** Highest port. */
const MAX = 65_535;

/** Words for what {@link areMediaPorts} asks for, to follow "from 1024 to …". */
export const NOT_DISCOVERY = `away from ${[...DISCOVERY_PORTS].join(', ')}, which discovery has`;

/** Returns whether RTP or RTCP may be sent to all of these UDP ports. */
export const areMediaPorts = (...ports: readonly number[]): boolean =>
  ports.every((port) => port >= MIN && port <= MAX && !DISCOVERY_PORTS.has(port));
