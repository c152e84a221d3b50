import { UserStore } from '../../src/auth/users.ts';
import { AppError } from '../../src/core/errors.ts';
import type { IdentityStore } from '../../src/device/identity.ts';
import type { ServerPorts } from '../../src/device/ports.ts';
import type { IdentitySettings } from '../../src/device/settings.ts';
import type { DeviceServiceOptions } from '../../src/onvif/device/options.ts';
import { makeDeviceService } from '../../src/onvif/device/service.ts';
import type { Service, SoapObject } from '../../src/onvif/service.ts';
import type { Machine, NetworkInterface } from '../../src/platform/machine.ts';
import { SoapFault } from '../../src/protocols/soap/fault.ts';
import { FakeClock } from './fake-clock.ts';
import { CONTEXT } from './onvif-context.ts';

export { CONTEXT };
export const UUID = '6d1c2f0a-51f4-4d3c-9c1e-2b7f3a5d8e90';

/** A network interface like those of a Pi. */
export const networkInterface = (change: Partial<NetworkInterface> = {}): NetworkInterface => ({
  name: 'eth0',
  mac: 'b8:27:eb:12:34:56',
  mtu: 1500,
  up: true,
  ipv4: [{ address: '192.168.1.5', prefixLength: 24 }],
  ipv6: [],
  linkLocal: undefined,
  dhcp: true,
  ...change,
});

/** A machine that says what it is told to, and notes every change. */
export class FakeMachine implements Machine {
  managed = true;
  nics: readonly NetworkInterface[] = [networkInterface()];
  knownMac: string | undefined = 'b8:27:eb:12:34:56';
  readonly changes: unknown[][] = [];
  /** Thrown by every change. */
  failure: Error | undefined;
  clockInfo = { ntp: true, timeZone: 'CET-1CEST,M3.5.0,M10.5.0/3', daylightSavings: false };
  dnsInfo = { servers: ['192.168.1.1', '2001:db8::1'], search: ['fritz.box'], fromDhcp: true };
  ntpInfo = { servers: ['pool.ntp.org', '192.168.1.1'], fromDhcp: false };

  hardware() {
    return { manufacturer: 'Raspberry Pi', model: 'Raspberry Pi 4 Model B Rev 1.4', serial: '10000000abcdef01', hardwareId: 'c03114' };
  }
  mac = () => this.knownMac;
  interfaces = async () => this.nics;
  hostname = () => 'door-camera';
  dns = async () => this.dnsInfo;
  gateways = async (): Promise<readonly string[]> => ['192.168.1.1'];
  time = async () => this.clockInfo;
  ntpServers = async () => this.ntpInfo;
  setHostname = (...args: unknown[]) => this.#change('setHostname', args);
  setClock = (...args: unknown[]) => this.#change('setClock', args);
  setNtpServers = (...args: unknown[]) => this.#change('setNtpServers', args);
  setDns = (...args: unknown[]) => this.#change('setDns', args);
  setGateway = (...args: unknown[]) => this.#change('setGateway', args);
  reboot = () => this.#change('reboot', []);
  async setInterface(...args: unknown[]) {
    await this.#change('setInterface', args);
    return true;
  }

  async #change(name: string, args: unknown[]) {
    if (this.failure) throw this.failure;
    this.changes.push([name, ...args]);
  }
}

/** What a machine throws that is not ours to change. */
export const notManaged = () => new AppError('NOT_MANAGED', 'The network is not managed.', { hint: 'Set system.manage: true.' });

/** Keeps what it is told. */
export class FakeStore implements IdentityStore {
  name = 'Front Door';
  location = '';
  discoverable = true;
  scopes: readonly string[] = [];
  updates = 0;

  update(change: Partial<IdentitySettings>) {
    this.updates += 1;
    Object.assign(this, change);
  }
}

/** As much of the media service as others refer to. */
export const MEDIA: Service = {
  name: 'media',
  namespace: 'http://www.onvif.org/ver10/media/wsdl',
  path: '/onvif/media_service',
  version: { major: 2, minor: 60 },
  operations: [
    {
      name: 'GetServiceCapabilities',
      access: 'PRE_AUTH',
      handle: async () => ({
        Capabilities: {
          attributes: { SnapshotUri: true },
          ProfileCapabilities: { attributes: { MaximumNumberOfProfiles: 8 } },
          StreamingCapabilities: { attributes: { RTPMulticast: false, RTP_RTSP_TCP: true } },
        },
      }),
    },
  ],
};

/** As much of an event service as others refer to. */
export const EVENTS: Service = {
  name: 'events',
  namespace: 'http://www.onvif.org/ver10/events/wsdl',
  path: '/onvif/event_service',
  version: { major: 2, minor: 60 },
  operations: [
    {
      name: 'GetServiceCapabilities',
      access: 'PRE_AUTH',
      handle: () => ({ Capabilities: { attributes: { WSSubscriptionPolicySupport: true, WSPullPointSupport: true } } }),
    },
  ],
};

/** The device service over fakes, and what they noted. */
export function makeDevice(options: { others?: readonly Service[]; users?: UserStore; ports?: ServerPorts } = {}) {
  const machine = new FakeMachine();
  const store = new FakeStore();
  const users =
    options.users ??
    new UserStore([
      { name: 'admin', password: 'admin-secret', level: 'Administrator' },
      { name: 'guest', password: 'guest-secret', level: 'User' },
    ]);
  const noted = { ports: options.ports ?? { http: 8080, rtsp: undefined }, restarts: 0, defaults: [] as boolean[] };
  const failing: { setPorts: Error | undefined } = { setPorts: undefined };
  const deviceOptions: DeviceServiceOptions = {
    machine,
    identity: store,
    users,
    clock: new FakeClock(),
    uuid: UUID,
    firmwareVersion: '1.2.3',
    limits: { maxUsers: 4, userNameLength: 64, passwordLength: 128, maxScopes: 5 },
    services: () => [service, ...(options.others ?? [MEDIA])],
    ports: () => noted.ports,
    setPorts: async (ports) => {
      if (failing.setPorts) throw failing.setPorts;
      noted.ports = ports;
    },
    restart: async () => {
      noted.restarts += 1;
    },
    factoryDefault: async (hard) => {
      noted.defaults.push(hard);
    },
  };
  const service = makeDeviceService(deviceOptions);
  const call = async (name: string, request: SoapObject = {}): Promise<SoapObject> => {
    const operation = service.operations.find((each) => each.name === name);
    if (!operation) throw new Error(`there is no operation ${name}`);
    return await operation.handle(request, CONTEXT);
  };
  /** "Sender/InvalidArgVal/NoScope", and the reason. */
  const refusal = async (name: string, request: SoapObject = {}): Promise<{ fault: string; reason: string }> => {
    try {
      await call(name, request);
    } catch (error) {
      if (error instanceof SoapFault) return { fault: [error.code, ...error.subcodes].join('/'), reason: error.message };
      throw error;
    }
    throw new Error(`${name} was not refused`);
  };
  const fault = async (name: string, request: SoapObject = {}): Promise<string> => (await refusal(name, request)).fault;
  return { service, deviceOptions, machine, store, users, noted, failing, call, fault, refusal };
}

/** A request of each operation that has arguments; the others are asked with none. */
export const DEVICE_REQUESTS: Readonly<Record<string, SoapObject>> = {
  GetServices: { IncludeCapability: true },
  GetCapabilities: { Category: 'All' },
  SetSystemDateAndTime: { DateTimeType: 'NTP', DaylightSavings: false, TimeZone: { TZ: 'UTC0' } },
  SetSystemFactoryDefault: { FactoryDefault: 'Soft' },
  SetScopes: { Scopes: 'onvif://www.onvif.org/location/Garden' },
  AddScopes: { ScopeItem: ['onvif://www.onvif.org/zone/1'] },
  RemoveScopes: { ScopeItem: 'onvif://www.onvif.org/zone/1' },
  SetDiscoveryMode: { DiscoveryMode: 'NonDiscoverable' },
  CreateUsers: { User: { Username: 'eva', Password: 'secret', UserLevel: 'Operator' } },
  SetUser: { User: { Username: 'eva', UserLevel: 'User' } },
  DeleteUsers: { Username: 'eva' },
  SetHostname: { Name: 'camera-2' },
  SetHostnameFromDHCP: { FromDHCP: false },
  SetDNS: { FromDHCP: true },
  SetNTP: { FromDHCP: true },
  SetNetworkInterfaces: { InterfaceToken: 'eth0', NetworkInterface: { IPv4: { DHCP: true } } },
  SetNetworkProtocols: { NetworkProtocols: { Name: 'HTTP', Enabled: true, Port: 80 } },
  SetNetworkDefaultGateway: { IPv4Address: '192.168.1.1' },
  SetZeroConfiguration: { InterfaceToken: 'eth0', Enabled: false },
};
