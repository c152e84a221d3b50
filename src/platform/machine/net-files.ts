import { isIP, isIPv4 } from 'node:net';

/** RTF_UP and RTF_GATEWAY of linux/route.h. */
const ROUTE_UP = 0x1;
const ROUTE_GATEWAY = 0x2;
/** Most name servers and domains taken from a file: nobody has more, and a broken file must not fill an answer. */
const MAX_ENTRIES = 32;

/** A default route of IPv4. */
export interface DefaultRoute {
  /** Name of the interface that it leads out by. */
  readonly interfaceName: string;
  /** IPv4 address of the router. */
  readonly gateway: string;
}

/** Returns the default routes in /proc/net/route, the preferred (of the lowest metric) first. */
export function parseRoutes(text: string): DefaultRoute[] {
  return text
    .split('\n')
    .flatMap((line) => {
      const [name = '', destination = '', gateway = '', flags = '', , , metric = '', mask = ''] = line.trim().split(/\s+/);
      const bits = ROUTE_UP | ROUTE_GATEWAY;
      if (!/^[0-9A-F]{8}$/i.test(gateway) || !isZero(destination) || !isZero(mask) || (Number.parseInt(flags, 16) & bits) !== bits)
        return [];
      return [{ interfaceName: name, gateway: hexAddress(gateway), metric: Number(metric) || 0 }];
    })
    .sort((a, b) => a.metric - b.metric)
    .map(({ interfaceName, gateway }) => ({ interfaceName, gateway }));
}

const isZero = (hex: string) => /^0+$/.test(hex);

/** Returns an address as text. The kernel prints it as the number in memory: on little-endian machines, its last byte first. */
function hexAddress(hex: string): string {
  return [6, 4, 2, 0].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join('.');
}

/** The servers and domains that resolv.conf(5) names. */
export interface Resolvers {
  /** IPv4 and IPv6 addresses of name servers. */
  readonly servers: readonly string[];
  /** Domains in which names are looked up. */
  readonly search: readonly string[];
}

/** Returns what resolv.conf(5) names: "nameserver" lines, and the last of "search" and "domain". */
export function parseResolvConf(text: string): Resolvers {
  const servers = new Set<string>();
  let search: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === 'nameserver' && values[0] !== undefined && isIP(values[0]) !== 0) servers.add(values[0]);
    // systemd-resolved writes "search ." for none.
    if (keyword === 'search' || keyword === 'domain') search = values.filter((name) => name !== '.');
  }
  return { servers: [...servers].slice(0, MAX_ENTRIES), search: [...new Set(search)].slice(0, MAX_ENTRIES) };
}

/** The IPv4 addresses that a DHCP server gave an interface: its own, and those of the servers. */
export interface Lease {
  readonly address: string;
  /** Name servers. */
  readonly dns: readonly string[];
  /** Time servers. */
  readonly ntp: readonly string[];
}

const addresses = (list: string | undefined): string[] => list?.split(/[\s,]+/).filter(isIPv4) ?? [];

/** Returns a lease that names the address it gives; anything else is none. */
const lease = (address: string | undefined, dns?: string, ntp?: string): Lease | undefined =>
  address !== undefined && isIPv4(address) ? { address, dns: addresses(dns), ntp: addresses(ntp) } : undefined;

/** Returns the lease in /run/systemd/netif/leases/INDEX of systemd-networkd, which has KEY=value lines; undefined: there is none. */
export function parseNetworkdLease(text: string): Lease | undefined {
  const values = new Map(text.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const));
  return lease(values.get('ADDRESS'), values.get('DNS'), values.get('NTP'));
}

/** Returns the lease of an interface in dhclient.leases(5), where the last one is the present one; undefined: there is none. */
export function parseDhclientLeases(text: string, interfaceName: string): Lease | undefined {
  const present = [...text.matchAll(/^lease6? \{([^}]*)\}/gm)]
    .map((match) => match[1]!)
    .findLast((body) => field(body, 'interface') === interfaceName);
  if (present === undefined) return undefined;
  return lease(field(present, 'fixed-address'), field(present, 'option domain-name-servers'), field(present, 'option ntp-servers'));
}

function field(body: string, name: string): string | undefined {
  const line = body.split('\n').find((text) => text.trim().startsWith(`${name} `));
  return line
    ?.trim()
    .slice(name.length + 1)
    .replace(/;$/, '')
    .replaceAll('"', '');
}

/** Where the options of a BOOTP message begin, after the magic cookie (RFC 2131 section 3), bytes. */
const OPTIONS_AT = 240;
const MAGIC_COOKIE = 0x63825363;
/** Codes of options (RFC 2132). */
const OPTION = { pad: 0, dns: 6, ntp: 42, end: 255 } as const;

/** Returns the lease in a file of dhcpcd, which is the server's DHCP message (RFC 2131) as it came; undefined: it is none. */
export function parseDhcpMessage(message: Buffer): Lease | undefined {
  if (message.length < OPTIONS_AT || message.readUInt32BE(OPTIONS_AT - 4) !== MAGIC_COOKIE) return undefined;
  const dotted = (bytes: Buffer) => Array.from({ length: bytes.length >> 2 }, (_, i) => [...bytes.subarray(i * 4, i * 4 + 4)].join('.'));
  const found = new Map<number, string[]>();
  for (let at = OPTIONS_AT; at + 1 < message.length && message[at] !== OPTION.end; ) {
    const code = message[at]!;
    if (code === OPTION.pad) {
      at++;
      continue;
    }
    const length = message[at + 1]!;
    found.set(code, dotted(message.subarray(at + 2, at + 2 + length)));
    at += 2 + length;
  }
  // "yiaddr", your address.
  return { address: dotted(message.subarray(16, 20))[0]!, dns: found.get(OPTION.dns) ?? [], ntp: found.get(OPTION.ntp) ?? [] };
}
