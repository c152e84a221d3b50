/** An address of a network interface. */
export interface InterfaceAddress {
  readonly address: string;
  /** Length of the network prefix, bits. */
  readonly prefixLength: number;
}

/** A network interface with its addresses. */
export interface NetworkInterface {
  /** Name: "eth0", "wlan0". */
  readonly name: string;
  /** MAC address: "b8:27:eb:12:34:56". */
  readonly mac: string;
  /** Largest packet, bytes. */
  readonly mtu: number;
  /** Whether it is switched on, with or without a cable or a network. */
  readonly up: boolean;
  /** IPv4 addresses, without link-local ones (169.254/16), see {@link NetworkInterface.linkLocal}. */
  readonly ipv4: readonly InterfaceAddress[];
  /** Global and unique local addresses. */
  readonly ipv6: readonly InterfaceAddress[];
  /** The IPv4 address of zero configuration (RFC 3927), if there is one. */
  readonly linkLocal: InterfaceAddress | undefined;
  /** Whether IPv4 comes from DHCP; undefined where the system does not say. */
  readonly dhcp: boolean | undefined;
}

/** What the machine is, as ONVIF clients are told by GetDeviceInformation. */
export interface HardwareInfo {
  /** "Raspberry Pi" on a Pi, else "onvif-camera". */
  readonly manufacturer: string;
  /** "Raspberry Pi 4 Model B Rev 1.4", else "Linux" and the architecture. */
  readonly model: string;
  /** The board's serial number; where there is none, {@link Machine.mac} without colons. */
  readonly serial: string;
  /** The board's revision code or the like, never empty. */
  readonly hardwareId: string;
}

/** How the machine keeps the time. */
export interface TimeInfo {
  /** Whether the clock is kept by NTP. */
  readonly ntp: boolean;
  /** POSIX time zone (IEEE 1003.1, as ONVIF wants it): "CET-1CEST,M3.5.0,M10.5.0/3". */
  readonly timeZone: string;
  /** Whether daylight saving time holds at this moment. */
  readonly daylightSavings: boolean;
}

/** How the clock is to be set; what is undefined stays. */
export interface ClockSetting {
  /** True: the clock is kept by NTP. False: it is set to `utc`. */
  readonly ntp: boolean;
  /** The time to set, milliseconds since the Unix epoch. */
  readonly utc: number | undefined;
  /** POSIX or IANA time zone. */
  readonly timeZone: string | undefined;
}

/** How a network interface is to be set; what is undefined stays. */
export interface InterfaceSetting {
  /** Whether it is switched on. */
  readonly enabled: boolean | undefined;
  /** Largest packet, bytes. */
  readonly mtu: number | undefined;
  /** Whether IPv4 comes from DHCP. */
  readonly dhcp: boolean | undefined;
  /** A fixed IPv4 address. */
  readonly manual: InterfaceAddress | undefined;
}

/**
 * The machine that the camera runs on: what it is, and what may be changed of it. Reading works everywhere and never throws or
 * rejects: what the system does not tell is empty. Changes reject with an AppError: NOT_MANAGED unless the owner allowed them
 * (`system.manage`), SYSTEM_FAILED for a wrong value, or with the tool's own words when the tool refuses.
 */
export interface Machine {
  /** Whether the owner allowed changes. */
  readonly managed: boolean;
  /** Returns what the machine is. */
  hardware(): HardwareInfo;
  /** Returns the MAC address by which the camera is known, the same from start to start; undefined where there is no network interface. */
  mac(): string | undefined;
  /** Resolves with the interfaces of hardware and the one with the default route; others only where there is no hardware. */
  interfaces(): Promise<readonly NetworkInterface[]>;
  /** Returns the host name. */
  hostname(): string;
  /** Resolves with the DNS servers, the search domains, and whether the IPv4 servers come from DHCP. */
  dns(): Promise<{ readonly servers: readonly string[]; readonly search: readonly string[]; readonly fromDhcp: boolean }>;
  /** Resolves with the IPv4 default gateways. */
  gateways(): Promise<readonly string[]>;
  /** Resolves with how the machine keeps the time. */
  time(): Promise<TimeInfo>;
  /** Resolves with the NTP servers, and whether they come from DHCP. */
  ntpServers(): Promise<{ readonly servers: readonly string[]; readonly fromDhcp: boolean }>;
  /** Sets the host name. */
  setHostname(name: string): Promise<void>;
  /** Sets the clock, its zone, and who keeps it. */
  setClock(setting: ClockSetting): Promise<void>;
  /** Sets the NTP servers; none: those of DHCP. */
  setNtpServers(servers: readonly string[]): Promise<void>;
  /** Sets the DNS servers; none: those of DHCP. */
  setDns(servers: readonly string[], search: readonly string[]): Promise<void>;
  /** Sets the IPv4 default gateway. */
  setGateway(address: string): Promise<void>;
  /** Changes an interface. Resolves with whether a reboot is needed for it. */
  setInterface(name: string, setting: InterfaceSetting): Promise<boolean>;
  /** Restarts the machine. */
  reboot(): Promise<void>;
}
