import { isIPv4 } from 'node:net';
import os from 'node:os';
import { type Clock, systemClock } from '../../core/clock.ts';
import { AppError, messageOf } from '../../core/errors.ts';
import { sameNetwork } from '../../core/host-addresses.ts';
import { type Logger, silentLogger } from '../../core/log.ts';
import { Interfaces, machineInterfaces } from '../interfaces.ts';
import type { ClockSetting, HardwareInfo, InterfaceSetting, Machine, NetworkInterface, TimeInfo } from '../machine.ts';
import { type Run, runProgram } from '../run-program.ts';
import { Cached } from './cached.ts';
import { readHardware } from './hardware.ts';
import { type KeptMac, KnownMac, realLinks } from './known-mac.ts';
import { findLease, type Link, readLinks } from './links.ts';
import { type DefaultRoute, type Lease, parseResolvConf, parseRoutes } from './net-files.ts';
import { isConnected, isManaged, isTakenDown, NetworkManager, type NmDevice } from './network-manager.ts';
import { NtpServerList, type NtpServers } from './ntp-servers.ts';
import { Timekeeping } from './timekeeping.ts';
import { Tools } from './tools.ts';
import { Tree } from './tree.ts';
import { checkAddress, checkDomain, checkHostIpv4, checkHostname, checkInterfaceAddress, checkMtu, refuse } from './validate.ts';

/** How long nmcli's answer is good, milliseconds: it costs a Pi Zero 0.2 s, and tells only where an address came from. */
const DEVICES_MAX_AGE_MS = 10_000;
/** Time for the answer to reach the client by the address that is about to change, milliseconds. */
const APPLY_DELAY_MS = 500;
/** Most DNS servers and search domains that are set, each: more is a mistake. */
const MAX_DNS = 8;
/** Matches interface names that no tool can take for an option. */
const INTERFACE_NAME = /^[A-Za-z0-9][\w.-]{0,14}$/;

/** The machine, and how it may be asked and changed. */
export interface LinuxMachineOptions {
  /** Whether the owner allowed to change the machine (`system.manage`). */
  readonly managed: boolean;
  /** Root of the file system: "/"; tests give a tree of their own. */
  readonly root: string;
  /** Where the system's tools are looked up, as in PATH. */
  readonly searchPath: string;
  /** Where the MAC address of the camera is kept; undefined: it lasts as long as this object. */
  readonly mac?: KeptMac;
  /** Name of one of several cameras of this machine, for its serial number: recorders take two with the same for one. */
  readonly instance?: string | undefined;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Default: none. */
  readonly log?: Logger;
  /** How tools are run; default {@link runProgram}. */
  readonly run?: Run;
  /** What the kernel says through Node. */
  readonly os?: Pick<typeof os, 'networkInterfaces' | 'hostname' | 'machine' | 'type'>;
}

/** A machine with Linux, read from its files and tools and changed through NetworkManager's and systemd's tools alone. */
export class LinuxMachine implements Machine {
  /** Whether the owner allowed changes. */
  readonly managed: boolean;
  readonly #tree: Tree;
  readonly #tools: Tools;
  readonly #os: NonNullable<LinuxMachineOptions['os']>;
  readonly #interfaces: Interfaces;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #time: Timekeeping;
  readonly #ntp: NtpServerList;
  readonly #network: NetworkManager;
  readonly #devices: Cached<NmDevice[]>;
  readonly #mac: KnownMac;
  readonly #instance: string | undefined;
  #hardware: HardwareInfo | undefined;

  constructor(options: LinuxMachineOptions) {
    this.managed = options.managed;
    this.#instance = options.instance;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLogger;
    const { os: given } = options;
    this.#os = given ?? os;
    this.#interfaces = given ? new Interfaces(() => given.networkInterfaces()) : machineInterfaces;
    this.#tree = new Tree(options.root);
    this.#tools = new Tools(options.searchPath, options.run ?? runProgram);
    this.#time = new Timekeeping(this.#tree, this.#tools, this.#clock);
    this.#ntp = new NtpServerList(this.#tree, this.#tools, this.#clock);
    this.#network = new NetworkManager(this.#tools);
    this.#mac = new KnownMac(() => this.#links(), options.mac ?? { mac: undefined, keep: () => {} }, this.#log);
    this.#devices = new Cached(this.#clock, DEVICES_MAX_AGE_MS, () => this.#network.devices());
  }

  /** Returns what the machine is. It is read once: the serial number must not change when a network adapter is plugged in. */
  hardware(): HardwareInfo {
    if (!this.#hardware) {
      const board = readHardware(this.#tree, { type: this.#os.type(), machine: this.#os.machine() }, this.mac());
      this.#hardware = this.#instance === undefined ? board : { ...board, serial: `${board.serial}-${this.#instance}` };
    }
    return this.#hardware;
  }

  /** Returns the MAC address by which the camera is known; undefined where there is no network interface. */
  mac(): string | undefined {
    return this.#mac.get();
  }

  /** Resolves with the interfaces of hardware and the one with the default route; others only where there is no hardware. */
  async interfaces(): Promise<readonly NetworkInterface[]> {
    const devices = await this.#devices.get();
    // One that leads out is there even if it is a bridge.
    const links = this.#links();
    const out = this.#routes()[0]?.interfaceName;
    const real = realLinks(links);
    const told = links.filter((link) => real.includes(link) || link.name === out);
    return told.map((link): NetworkInterface => {
      const device = devices.find(({ name }) => name === link.name);
      const { name, mac, mtu, ipv4, ipv6, linkLocal } = link;
      const lease = this.#lease(link, device);
      const dhcp = lease === undefined ? undefined : lease !== 'none';
      return { name, mac, mtu, up: link.up && !(isManaged(device) && isTakenDown(device)), ipv4, ipv6, linkLocal, dhcp };
    });
  }

  /** Returns the host name, as the kernel has it. */
  hostname(): string {
    return this.#tree.text('/proc/sys/kernel/hostname') || this.#os.hostname();
  }

  /** Resolves with the DNS servers, the search domains, and whether the IPv4 servers come from DHCP. */
  async dns(): Promise<{ servers: readonly string[]; search: readonly string[]; fromDhcp: boolean }> {
    // With systemd-resolved /etc/resolv.conf names only its own stub, 127.0.0.53.
    const text = this.#tree.text('/run/systemd/resolve/resolv.conf') ?? this.#tree.text('/etc/resolv.conf') ?? '';
    const resolvers = parseResolvConf(text);
    const devices = await this.#devices.get();
    const leases = this.#links().map((link) =>
      this.#lease(
        link,
        devices.find(({ name }) => name === link.name),
      ),
    );
    const leased = new Set(leases.flatMap((lease) => (lease === undefined || lease === 'none' ? [] : lease.dns)));
    const ipv4 = resolvers.servers.filter(isIPv4);
    return { ...resolvers, fromDhcp: ipv4.length > 0 && ipv4.every((server) => leased.has(server)) };
  }

  /** Resolves with the IPv4 default gateways, the preferred one first. */
  gateways(): Promise<readonly string[]> {
    return Promise.resolve([...new Set(this.#routes().map(({ gateway }) => gateway))]);
  }

  /** Resolves with how the machine keeps the time. */
  time(): Promise<TimeInfo> {
    return this.#time.time();
  }

  /** Resolves with the NTP servers, and whether they come from DHCP. */
  ntpServers(): Promise<NtpServers> {
    return this.#ntp.read();
  }

  /** Sets the host name, with hostnamectl. */
  async setHostname(name: string): Promise<void> {
    this.#mayChange('host name');
    checkHostname(name);
    await this.#tools.change('hostnamectl', ['--no-ask-password', 'set-hostname', name]);
  }

  /** Sets the clock, its zone, and who keeps it, with timedatectl. */
  async setClock(setting: ClockSetting): Promise<void> {
    this.#mayChange('clock');
    await this.#time.set(setting);
  }

  /** Sets the NTP servers of systemd-timesyncd; none: those of DHCP. */
  async setNtpServers(servers: readonly string[]): Promise<void> {
    this.#mayChange('NTP servers');
    await this.#ntp.set(servers);
  }

  /** Sets the DNS servers and search domains of the interface that leads out, with nmcli; none: those of DHCP. */
  async setDns(servers: readonly string[], search: readonly string[]): Promise<void> {
    this.#mayChange('DNS servers');
    servers.forEach(checkAddress);
    search.forEach(checkDomain);
    if (servers.length > MAX_DNS || search.length > MAX_DNS)
      refuse(`At most ${MAX_DNS} DNS servers and ${MAX_DNS} search domains can be set.`);
    const device = this.#defaultDevice();
    const connection = await this.#network.connectionOf(device);
    const manual = servers.length > 0 ? 'yes' : 'no';
    await this.#network.modify(connection, {
      'ipv4.dns': servers.filter(isIPv4).join(','),
      'ipv4.ignore-auto-dns': manual,
      'ipv4.dns-search': search.join(','),
      'ipv6.dns': servers.filter((server) => !isIPv4(server)).join(','),
      'ipv6.ignore-auto-dns': manual,
    });
    await this.#network.reapply(device);
    this.#devices.clear();
  }

  /** Sets the IPv4 gateway of the interface that leads out, with nmcli. It takes place half a second later, when the answer has left. */
  async setGateway(address: string): Promise<void> {
    this.#mayChange('gateway');
    checkHostIpv4(address);
    const device = this.#defaultDevice();
    await this.#network.modify(await this.#network.connectionOf(device), { 'ipv4.gateway': address });
    this.#later(device, () => this.#network.reapply(device));
  }

  /** Changes an interface, with nmcli. It takes place half a second later, when the answer has left by the old address. Never needs a reboot. */
  async setInterface(name: string, setting: InterfaceSetting): Promise<boolean> {
    this.#mayChange(`interface ${INTERFACE_NAME.test(name) ? name : ''}`.trim());
    const link = this.#links().find((one) => one.name === name);
    if (!link || !INTERFACE_NAME.test(name)) return refuse(`There is no network interface ${JSON.stringify(name.slice(0, 80))}.`);
    if (setting.mtu !== undefined) checkMtu(setting.mtu);
    if (setting.manual) checkInterfaceAddress(setting.manual);
    const ipv4 = this.#ipv4Properties(link, setting);

    const active = await this.#network.activeConnection(name);
    if (!active && setting.enabled === true) await this.#network.connect(name);
    const connection = active ?? (await this.#network.connectionOf(name));
    const mtuProperty = connection.type === '802-11-wireless' ? '802-11-wireless.mtu' : '802-3-ethernet.mtu';
    const properties = {
      ...(setting.enabled === undefined ? {} : { 'connection.autoconnect': setting.enabled ? 'yes' : 'no' }),
      ...(setting.mtu === undefined ? {} : { [mtuProperty]: String(setting.mtu) }),
      ...ipv4,
    };
    if (Object.keys(properties).length > 0) await this.#network.modify(connection, properties);
    if (setting.enabled === false) this.#later(name, () => this.#network.disconnect(name));
    else if (setting.mtu !== undefined || ipv4) this.#later(name, () => this.#network.reapply(name));
    this.#devices.clear();
    return false;
  }

  /** Restarts the machine, with systemctl. */
  async reboot(): Promise<void> {
    this.#mayChange('machine (reboot)');
    await this.#tools.change('systemctl', ['--no-ask-password', 'reboot']);
  }

  /** Returns the properties of the connection for a setting; undefined: nothing of IPv4 changes. */
  #ipv4Properties(link: Link, { dhcp, manual }: InterfaceSetting): Record<string, string> | undefined {
    if (dhcp === undefined && manual === undefined) return undefined;
    if (dhcp) return { 'ipv4.method': 'auto', 'ipv4.addresses': '', 'ipv4.gateway': '' };
    const address = manual ?? link.ipv4[0];
    if (!address) return refuse(`${link.name} has no IPv4 address that could be kept: give one, or use DHCP.`);
    // A gateway that came by DHCP would be gone with it; one that the new address cannot reach is none.
    const route = this.#routes().find(({ interfaceName }) => interfaceName === link.name);
    const keeps = route && sameNetwork(route.gateway, address.address, address.prefixLength) && route.gateway !== address.address;
    return {
      'ipv4.method': 'manual',
      'ipv4.addresses': `${address.address}/${address.prefixLength}`,
      'ipv4.gateway': keeps ? route.gateway : '',
    };
  }

  /** Returns the interface that leads out, or else the first one with an address. */
  #defaultDevice(): string {
    const links = this.#links();
    const out = this.#routes()[0]?.interfaceName;
    const link = links.find(({ name }) => name === out) ?? links.find(({ ipv4 }) => ipv4.length > 0);
    if (!link || !INTERFACE_NAME.test(link.name))
      throw new AppError('SYSTEM_FAILED', 'No network interface has an address, so there is nothing to change.');
    return link.name;
  }

  #later(device: string, change: () => Promise<void>): void {
    this.#clock.after(APPLY_DELAY_MS, () => {
      change()
        .catch((error: unknown) => this.#log.warn('network setting saved, but not taken over', { device, reason: messageOf(error) }))
        .finally(() => this.#devices.clear());
    });
  }

  #links(): Link[] {
    // Where the system does not answer, the files still tell of the interfaces.
    return readLinks(this.#tree, this.#interfaces.read(this.#log));
  }

  #routes(): DefaultRoute[] {
    return parseRoutes(this.#tree.text('/proc/net/route') ?? '');
  }

  /** Returns the lease of an interface; NetworkManager knows best where the device is its own. */
  #lease(link: Link, device: NmDevice | undefined): Lease | 'none' | undefined {
    if (isManaged(device) && (device.lease || isConnected(device))) return device.lease ?? 'none';
    return findLease(this.#tree, link);
  }

  #mayChange(what: string): void {
    if (!this.managed) throw new AppError('NOT_MANAGED', `This program may not change the ${what} of the machine.`);
  }
}
