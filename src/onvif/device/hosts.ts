import { isIP } from 'node:net';
import { isDomainName, MAX_OWN_NAME } from '../../core/host-names.ts';
import { invalidArgument, SoapFault } from '../../protocols/soap/fault.ts';
import { boolean, children, required, texts } from '../args.ts';
import type { Operation, SoapObject } from '../service.ts';
import { ipAddress, networkHost, readIpAddress, readNetworkHost } from './addresses.ts';
import type { DeviceServiceOptions } from './options.ts';
import { attemptOn, invalidValue, notSupported } from './refusals.ts';

/** Most name servers: more make nothing safer. */
const MAX_DNS_SERVERS = 8;
/** Most time servers. */
export const MAX_NTP_SERVERS = 8;
/** Most search domains: as many as every resolver uses. */
const MAX_SEARCH_DOMAINS = 6;

/** Operations on host name, name servers and time servers (Core Specification, chapter "Network"). */
export function hostOperations(options: DeviceServiceOptions): Operation[] {
  const { machine } = options;
  return [
    {
      name: 'GetHostname',
      access: 'PRE_AUTH',
      handle: () => ({ HostnameInformation: { FromDHCP: false, Name: machine.hostname() } }),
    },
    {
      name: 'SetHostname',
      access: 'WRITE_SYSTEM',
      handle: async (request) => {
        const name = required(request, 'Name').trim();
        if (!isDomainName(name, MAX_OWN_NAME))
          throw invalidArgument(
            'InvalidHostname',
            `A host name has letters, digits and hyphens between them, ${MAX_OWN_NAME} at most; "${name}" is none.`,
          );
        await attemptOn(machine, () => machine.setHostname(name));
        return {};
      },
    },
    {
      name: 'SetHostnameFromDHCP',
      access: 'WRITE_SYSTEM',
      handle: (request) => {
        if (fromDhcp(request)) throw notSupported('The host name cannot be taken from DHCP; give one with SetHostname.');
        return { RebootNeeded: false };
      },
    },
    {
      name: 'GetDNS',
      access: 'READ_SYSTEM',
      handle: async () => {
        const dns = await machine.dns();
        const servers = dns.servers.filter((server) => isIP(server) !== 0).map(ipAddress);
        return {
          DNSInformation: {
            FromDHCP: dns.fromDhcp,
            ...(dns.search.length > 0 && { SearchDomain: dns.search }),
            ...(servers.length > 0 && { [dns.fromDhcp ? 'DNSFromDHCP' : 'DNSManual']: servers }),
          },
        };
      },
    },
    {
      name: 'SetDNS',
      access: 'WRITE_SYSTEM',
      handle: async (request) => {
        const dhcp = fromDhcp(request);
        const search = texts(request, 'SearchDomain').map((domain) => domain.trim());
        const servers = children(request, 'DNSManual').map(readIpAddress);
        if (search.length > MAX_SEARCH_DOMAINS || !search.every((domain) => isDomainName(domain)))
          throw invalidValue(`SearchDomain must be up to ${MAX_SEARCH_DOMAINS} domain names.`);
        if (servers.length > MAX_DNS_SERVERS) throw invalidValue(`There may be ${MAX_DNS_SERVERS} name servers.`);
        if (!dhcp && servers.length === 0)
          throw invalidArgument('InvalidIPv4Address', 'Give a name server in DNSManual, or FromDHCP true.');
        await attemptOn(machine, () => machine.setDns(dhcp ? [] : servers, search));
        return {};
      },
    },
    {
      name: 'GetNTP',
      access: 'READ_SYSTEM',
      handle: async () => {
        const { servers, fromDhcp } = await machine.ntpServers();
        return {
          NTPInformation: {
            FromDHCP: fromDhcp,
            ...(servers.length > 0 && { [fromDhcp ? 'NTPFromDHCP' : 'NTPManual']: servers.map(networkHost) }),
          },
        };
      },
    },
    {
      name: 'SetNTP',
      access: 'WRITE_SYSTEM',
      handle: async (request) => {
        const dhcp = fromDhcp(request);
        const servers = children(request, 'NTPManual').map(readNetworkHost);
        if (servers.length > MAX_NTP_SERVERS) throw invalidValue(`There may be ${MAX_NTP_SERVERS} time servers.`);
        if (!dhcp && servers.length === 0) throw await noTimeServer(options);
        await attemptOn(machine, () => machine.setNtpServers(dhcp ? [] : servers));
        return {};
      },
    },
  ];
}

const noTimeServer = async ({ machine }: DeviceServiceOptions): Promise<SoapFault> =>
  (await machine.time()).ntp
    ? invalidArgument('TimeSyncedToNtp', 'The clock is kept by NTP, which needs a server in NTPManual, or FromDHCP true.')
    : invalidValue('Give a time server in NTPManual, or FromDHCP true.');

function fromDhcp(request: SoapObject): boolean {
  const value = boolean(request, 'FromDHCP');
  if (value === undefined) throw new SoapFault('Sender', ['InvalidArgs'], 'FromDHCP is missing.');
  return value;
}
