import { naturalOrder } from '../../core/natural-order.ts';
import type { InterfaceAddresses } from '../interfaces.ts';
import type { InterfaceAddress } from '../machine.ts';
import { type Lease, parseDhclientLeases, parseDhcpMessage, parseNetworkdLease } from './net-files.ts';
import type { Tree } from './tree.ts';

/** A network interface as the kernel has it. */
export interface Link {
  readonly name: string;
  /** The kernel's number for it; empty where it does not say. */
  readonly index: string;
  /** In lower case: "b8:27:eb:12:34:56". */
  readonly mac: string;
  /** Largest packet, bytes. */
  readonly mtu: number;
  /** Whether it is an adapter of the machine, rather than a bridge, a tunnel or a container's. */
  readonly hardware: boolean;
  /** Whether it is switched on, with a cable or a network or without. */
  readonly up: boolean;
  /** Without the link-local one. */
  readonly ipv4: readonly InterfaceAddress[];
  /** Global and unique local addresses. */
  readonly ipv6: readonly InterfaceAddress[];
  /** The IPv4 address of zero configuration (RFC 3927). */
  readonly linkLocal: InterfaceAddress | undefined;
}

const NET = '/sys/class/net';
/** ARPHRD_ETHER of linux/if_arp.h: Ethernet, Wi-Fi and what pretends to be one. */
const TYPE_ETHERNET = '1';
/** IFF_UP of linux/if.h: switched on. */
const FLAG_UP = 0x1;
/** Ethernet's MTU, where the system does not say, bytes. */
const DEFAULT_MTU = 1500;

/** Returns all interfaces with a MAC address except the loopback; those of hardware first, bridges and the like after them, each by name. */
export function readLinks(tree: Tree, osAddresses: InterfaceAddresses): Link[] {
  const addresses = byInterface(osAddresses);
  const names = new Set([...tree.list(NET), ...addresses.keys()]);
  names.delete('lo');
  return [...names]
    .flatMap((name) => {
      const link = readLink(tree, name, addresses.get(name) ?? []);
      return link ? [link] : [];
    })
    .sort((a, b) => Number(b.hardware) - Number(a.hardware) || naturalOrder(a.name, b.name));
}

type OsAddress = NonNullable<InterfaceAddresses[string]>[number];

/** Returns the addresses by interface: those with a label ("eth0:1") belong to the one before the colon. */
function byInterface(osAddresses: InterfaceAddresses): Map<string, OsAddress[]> {
  const map = new Map<string, OsAddress[]>();
  for (const [label, list] of Object.entries(osAddresses)) {
    const external = list?.filter((address) => !address.internal) ?? [];
    const name = label.split(':')[0]!;
    if (external.length > 0) map.set(name, [...(map.get(name) ?? []), ...external]);
  }
  return map;
}

function readLink(tree: Tree, name: string, addresses: readonly OsAddress[]): Link | undefined {
  const read = (file: string) => tree.text(`${NET}/${name}/${file}`);
  const mac = (read('address') ?? addresses[0]?.mac ?? '').toLowerCase();
  if (!/^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac) || mac === '00:00:00:00:00:00') return undefined;
  if ((read('type') ?? TYPE_ETHERNET) !== TYPE_ETHERNET) return undefined;

  const flags = read('flags');
  const ipv4 = addresses.filter(({ family }) => family === 'IPv4').map(withPrefix);
  const isLinkLocal = ({ address }: InterfaceAddress) => address.startsWith('169.254.');
  return {
    name,
    index: read('ifindex') ?? '',
    mac,
    mtu: Number(read('mtu')) || DEFAULT_MTU,
    hardware: tree.list(`${NET}/${name}/device`).length > 0,
    up: flags === undefined || (Number(flags) & FLAG_UP) !== 0,
    ipv4: ipv4.filter((address) => !isLinkLocal(address)),
    // Link-local ones (fe80::/10) have a scope.
    ipv6: addresses.filter((address) => address.family === 'IPv6' && address.scopeid === 0).map(withPrefix),
    linkLocal: ipv4.find(isLinkLocal),
  };
}

const withPrefix = ({ address, cidr, family }: OsAddress): InterfaceAddress => ({
  address,
  prefixLength: Number(cidr?.split('/')[1] ?? (family === 'IPv4' ? 32 : 128)),
});

/** Returns the DHCP lease an interface lives on; "none" where its network service says so; undefined where that is not known. */
export function findLease(tree: Tree, link: Link): Lease | 'none' | undefined {
  return networkdLease(tree, link) ?? dhcpcdLease(tree, link) ?? dhclientLease(tree, link);
}

function networkdLease(tree: Tree, { index }: Link): Lease | 'none' | undefined {
  const lease = tree.text(`/run/systemd/netif/leases/${index}`);
  if (index === '' || lease !== undefined) return lease === undefined ? undefined : parseNetworkdLease(lease);
  return /^ADMIN_STATE=configured$/m.test(tree.text(`/run/systemd/netif/links/${index}`) ?? '') ? 'none' : undefined;
}

/** Returns a lease while the interface has its address: the files outlive it. */
const ifPresent = (lease: Lease | undefined, link: Link) =>
  link.ipv4.some(({ address }) => address === lease?.address) ? lease : undefined;

/** Returns the lease of dhcpcd, whose files are named by the interface, on Wi-Fi with the network: "wlan0-Home.lease". */
function dhcpcdLease(tree: Tree, link: Link): Lease | undefined {
  const dir = '/var/lib/dhcpcd';
  const files = tree
    .list(dir)
    .filter((name) => name === `${link.name}.lease` || (name.startsWith(`${link.name}-`) && name.endsWith('.lease')));
  return first(files, (name) => ifPresent(parseDhcpMessage(tree.bytes(`${dir}/${name}`) ?? Buffer.alloc(0)), link));
}

function dhclientLease(tree: Tree, link: Link): Lease | undefined {
  const files = [`/var/lib/dhcp/dhclient.${link.name}.leases`, '/var/lib/dhcp/dhclient.leases'];
  return first(files, (name) => ifPresent(parseDhclientLeases(tree.text(name) ?? '', link.name), link));
}

function first<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
