import { isIPv6 } from 'node:net';
import { isHostIpv4, isHostIpv4In } from '../../core/host-addresses.ts';
import type { InterfaceAddress, InterfaceSetting, Machine, NetworkInterface } from '../../platform/machine.ts';
import { invalidArgument, SoapFault } from '../../protocols/soap/fault.ts';
import { boolean, child, children, integer, required, text, texts } from '../args.ts';
import type { Operation, SoapObject } from '../service.ts';
import type { DeviceServiceOptions } from './options.ts';
import { attemptOn, notSupported } from './refusals.ts';

/** Largest packet, bytes: every IPv4 host takes 576 (RFC 791, section 3.1), and jumbo frames end at 9000. */
const MTU = { min: 576, max: 9000 };

/**
 * Operations on interfaces, gateway and zero configuration (Core Specification, chapter "Network"). The token of an interface is
 * its name.
 */
export function interfaceOperations({ machine }: DeviceServiceOptions): Operation[] {
  return [
    {
      name: 'GetNetworkInterfaces',
      access: 'READ_SYSTEM',
      handle: async () => ({ NetworkInterfaces: (await machine.interfaces()).map((each) => describe(each, machine.mac())) }),
    },
    {
      name: 'SetNetworkInterfaces',
      access: 'WRITE_SYSTEM',
      handle: async (request) => {
        const { name } = await interfaceIn(request, machine);
        const setting = interfaceSetting(child(request, 'NetworkInterface'));
        return { RebootNeeded: await attemptOn(machine, () => machine.setInterface(name, setting)) };
      },
    },
    {
      name: 'GetNetworkDefaultGateway',
      access: 'READ_SYSTEM',
      handle: async () => {
        const gateways = await machine.gateways();
        return { NetworkGateway: gateways.length > 0 ? { IPv4Address: gateways } : {} };
      },
    },
    {
      name: 'SetNetworkDefaultGateway',
      access: 'WRITE_SYSTEM',
      handle: async (request) => {
        const gateway = gatewayIn(request);
        await attemptOn(machine, () => machine.setGateway(gateway));
        return {};
      },
    },
    {
      name: 'GetZeroConfiguration',
      access: 'READ_SYSTEM',
      handle: async () => ({ ZeroConfiguration: zeroConfiguration(await machine.interfaces()) }),
    },
    {
      name: 'SetZeroConfiguration',
      access: 'WRITE_SYSTEM',
      handle: async (request) => {
        const { linkLocal } = await interfaceIn(request, machine);
        const enabled = boolean(request, 'Enabled');
        if (enabled === undefined) throw new SoapFault('Sender', ['InvalidArgs'], 'Enabled is missing.');
        if (enabled !== (linkLocal !== undefined))
          throw notSupported('Zero configuration is up to the network settings of the machine; it cannot be turned on or off from here.');
        return {};
      },
    },
  ];
}

async function interfaceIn(request: SoapObject, machine: Machine): Promise<NetworkInterface> {
  const token = required(request, 'InterfaceToken');
  const found = (await machine.interfaces()).find((each) => each.name === token);
  if (!found) throw invalidArgument('InvalidNetworkInterface', `There is no network interface "${token}".`);
  return found;
}

const prefixed = ({ address, prefixLength }: InterfaceAddress): SoapObject => ({ Address: address, PrefixLength: prefixLength });

/**
 * tt:NetworkInterface
 * @param known the MAC address of the camera, which is told of every interface: recorders take that of the first enabled one, or of
 *   the last (Home Assistant 2026), for the camera's identity, and see another camera when it changes.
 */
function describe({ name, mac, mtu, up, ipv4, ipv6, linkLocal, dhcp = false }: NetworkInterface, known = mac): SoapObject {
  const fromDhcp = dhcp ? ipv4[0] : undefined;
  const manual = ipv4.filter((each) => each !== fromDhcp);
  return {
    attributes: { token: name },
    Enabled: up,
    Info: { Name: name, HwAddress: known, MTU: mtu },
    IPv4: {
      Enabled: dhcp || ipv4.length > 0 || linkLocal !== undefined,
      Config: {
        ...(manual.length > 0 && { Manual: manual.map(prefixed) }),
        ...(linkLocal && { LinkLocal: prefixed(linkLocal) }),
        ...(fromDhcp && { FromDHCP: prefixed(fromDhcp) }),
        DHCP: dhcp,
      },
    },
    // The system does not say where they come from; as a rule, routers announce them.
    ...(ipv6.length > 0 && {
      IPv6: { Enabled: true, Config: { AcceptRouterAdvert: true, DHCP: 'Auto', FromRA: ipv6.map(prefixed) } },
    }),
  };
}

/** Reads a tt:NetworkInterfaceSetConfiguration. Throws a SoapFault for what cannot be changed, rather than ignore it. */
function interfaceSetting(wanted: SoapObject): InterfaceSetting {
  if (wanted.Link !== undefined) throw invalidArgument('InvalidInterfaceSpeed', 'The speed of the link cannot be changed.');
  if (wanted.IPv6 !== undefined) throw notSupported('IPv6 cannot be changed from here.');
  if (wanted.Extension !== undefined)
    throw new SoapFault('Receiver', ['ActionNotSupported', 'InvalidDot11'], 'Wi-Fi cannot be changed from here.');
  const mtu = integer(wanted, 'MTU');
  if (mtu !== undefined && (mtu < MTU.min || mtu > MTU.max))
    throw invalidArgument('InvalidMtuValue', `MTU must be between ${MTU.min} and ${MTU.max}.`);
  const ipv4 = child(wanted, 'IPv4');
  if (boolean(ipv4, 'Enabled') === false) throw notSupported('IPv4 cannot be turned off.');
  const dhcp = boolean(ipv4, 'DHCP');
  const manual = children(ipv4, 'Manual').map(readPrefixed);
  if (manual.length > 1) throw invalidArgument('InvalidIPv4Address', 'An interface can be given one address.');
  return {
    enabled: boolean(wanted, 'Enabled'),
    mtu,
    dhcp: dhcp ?? (manual.length > 0 ? false : undefined),
    // Recorders send the old address along with DHCP.
    manual: dhcp ? undefined : manual[0],
  };
}

function readPrefixed(value: SoapObject): InterfaceAddress {
  const address = text(value, 'Address')?.trim() ?? '';
  const prefixLength = integer(value, 'PrefixLength') ?? 0;
  if (!isHostIpv4In(address, prefixLength))
    throw invalidArgument(
      'InvalidIPv4Address',
      `"${address}/${prefixLength}" is not an IPv4 address of a host with the length of its network prefix.`,
    );
  return { address, prefixLength };
}

function gatewayIn(request: SoapObject): string {
  const ipv6 = texts(request, 'IPv6Address').map((address) => address.trim());
  const bad = ipv6.find((address) => !isIPv6(address));
  if (bad !== undefined) throw invalidArgument('InvalidIPv6Address', `"${bad}" is not an IPv6 address.`);
  if (ipv6.length > 0) throw notSupported('The IPv6 gateway cannot be changed from here.');
  const [gateway, ...more] = texts(request, 'IPv4Address').map((address) => address.trim());
  if (gateway === undefined || more.length > 0) throw invalidArgument('InvalidGatewayAddress', 'Give one gateway in IPv4Address.');
  if (!isHostIpv4(gateway)) throw invalidArgument('InvalidGatewayAddress', `"${gateway}" is not an IPv4 address of a host.`);
  return gateway;
}

/** tt:NetworkZeroConfiguration of an interface that has a link-local address, if one has; the others follow in its extension. */
function zeroConfiguration(interfaces: readonly NetworkInterface[]): SoapObject {
  const describe = ({ name, linkLocal }: NetworkInterface): SoapObject => ({
    InterfaceToken: name,
    Enabled: linkLocal !== undefined,
    ...(linkLocal && { Addresses: linkLocal.address }),
  });
  const first = interfaces.find((each) => each.linkLocal) ?? interfaces.find((each) => each.up) ?? interfaces[0];
  if (!first) throw new SoapFault('Receiver', ['Action'], 'The machine has no network interface now.');
  const others = interfaces.filter((each) => each !== first);
  return { ...describe(first), ...(others.length > 0 && { Extension: { Additional: others.map(describe) } }) };
}
