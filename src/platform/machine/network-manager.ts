import { isIPv4 } from 'node:net';
import { AppError } from '../../core/errors.ts';
import type { Lease } from './net-files.ts';
import type { Tools } from './tools.ts';

/** How long nmcli waits for a device to come up or go down, seconds: below the tool's time limit. */
const WAIT = ['-w', '15'] as const;
/** States of a device (NMDeviceState of NetworkManager's API). */
const STATE = { disconnected: 30, activated: 100 } as const;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A device as NetworkManager has it. */
export interface NmDevice {
  readonly name: string;
  /** NMDeviceState: 10 unmanaged, 20 unavailable, 30 disconnected, 100 activated, between them on the way. */
  readonly state: number;
  /** What DHCP gave it; undefined: nothing. */
  readonly lease: Lease | undefined;
}

interface Connection {
  readonly uuid: string;
  /** "802-3-ethernet", "802-11-wireless" and the like. */
  readonly type: string;
}

/** Returns the fields of each line of `nmcli -t`, between colons, where `\:` and `\\` stand for a colon and a backslash. */
export function parseTerse(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => [...`${line}:`.matchAll(/((?:\\.|[^\\:])*):/g)].map((match) => match[1]!.replace(/\\(.)/g, '$1')));
}

/** Returns the devices in `nmcli -t -m multiline … device show`: "KEY:value" lines without escapes; a device begins with its name. */
export function parseDevices(text: string): NmDevice[] {
  const records: Map<string, string>[] = [];
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    const [key, value] = [line.slice(0, colon), line.slice(colon + 1).trim()];
    if (key === 'GENERAL.DEVICE') records.push(new Map());
    const option = key.startsWith('DHCP4.OPTION') ? / *= */.exec(value) : null;
    if (option) records.at(-1)?.set(`dhcp:${value.slice(0, option.index)}`, value.slice(option.index + option[0].length));
    else if (colon > 0) records.at(-1)?.set(key, value);
  }
  return records.map((record) => ({
    name: record.get('GENERAL.DEVICE') ?? '',
    state: Number.parseInt(record.get('GENERAL.STATE') ?? '', 10) || 0,
    lease: leaseOf(record),
  }));
}

function leaseOf(record: ReadonlyMap<string, string>): Lease | undefined {
  const address = record.get('dhcp:ip_address');
  if (address === undefined) return undefined;
  const list = (name: string) => (record.get(`dhcp:${name}`) ?? '').split(/[\s,]+/).filter(isIPv4);
  return { address, dns: list('domain_name_servers'), ntp: list('ntp_servers') };
}

/** Returns whether NetworkManager manages a device. */
export const isManaged = (device: NmDevice | undefined): device is NmDevice => device !== undefined && device.state > 10;
/** Returns whether a device is connected, or on the way from there. */
export const isConnected = (device: NmDevice): boolean => device.state >= STATE.activated;
/**
 * Returns whether a device was or is being disconnected by somebody, though the kernel has it switched on. Without a cable it is
 * unavailable instead.
 */
export const isTakenDown = (device: NmDevice): boolean => device.state === STATE.disconnected || device.state > STATE.activated;

/**
 * Works NetworkManager through nmcli. All values must have been validated: none may begin with a hyphen. What changes rejects with
 * SYSTEM_FAILED.
 */
export class NetworkManager {
  constructor(private readonly tools: Tools) {}

  /** Resolves with its devices; none where it is not installed or does not run. */
  async devices(): Promise<NmDevice[]> {
    const fields = 'GENERAL.DEVICE,GENERAL.STATE,DHCP4.OPTION';
    return parseDevices((await this.tools.ask('nmcli', ['-t', '-m', 'multiline', '-e', 'no', '-f', fields, 'device', 'show'])) ?? '');
  }

  /**
   * Resolves with the connection that is active on a device; undefined: there is none. Rejects with SYSTEM_FAILED where there is no
   * NetworkManager.
   */
  async activeConnection(device: string): Promise<Connection | undefined> {
    const rows = parseTerse(await this.tools.change('nmcli', ['-t', '-f', 'UUID,TYPE,DEVICE', 'connection', 'show', '--active']));
    const row = rows.find(([uuid = '', , name]) => name === device && UUID.test(uuid));
    return row && { uuid: row[0]!, type: row[1]! };
  }

  /** Does the same where a connection is needed: rejects with SYSTEM_FAILED if there is none. */
  async connectionOf(device: string): Promise<Connection> {
    const connection = await this.activeConnection(device);
    if (!connection)
      throw new AppError('SYSTEM_FAILED', `NetworkManager has no active connection on ${device}, so there is nothing to change.`);
    return connection;
  }

  /** Changes a connection's profile for good; a device that runs on it takes it over with {@link reapply}. */
  async modify({ uuid }: Connection, properties: Readonly<Record<string, string>>): Promise<void> {
    await this.tools.change('nmcli', ['connection', 'modify', 'uuid', uuid, ...Object.entries(properties).flat()]);
  }

  /** Has a device take over its connection's profile. */
  async reapply(device: string): Promise<void> {
    await this.tools.change('nmcli', [...WAIT, 'device', 'reapply', device]);
  }

  /** Switches a device on. */
  async connect(device: string): Promise<void> {
    await this.tools.change('nmcli', [...WAIT, 'device', 'connect', device]);
  }

  /** Switches a device off. */
  async disconnect(device: string): Promise<void> {
    await this.tools.change('nmcli', [...WAIT, 'device', 'disconnect', device]);
  }
}
