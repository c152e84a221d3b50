import { SoapFault } from '../../protocols/soap/fault.ts';
import { boolean, child, texts } from '../args.ts';
import type { Operation, RequestContext, Service, SoapObject } from '../service.ts';
import { MAX_NTP_SERVERS } from './hosts.ts';
import { DEVICE, type DeviceServiceOptions } from './options.ts';

const MEDIA = 'http://www.onvif.org/ver10/media/wsdl';
const IMAGING = 'http://www.onvif.org/ver20/imaging/wsdl';
const EVENTS = 'http://www.onvif.org/ver10/events/wsdl';

/** Operations that say what the camera can do and where (Core Specification, chapter "Capabilities"). They need no login. */
export function capabilityOperations(options: DeviceServiceOptions): Operation[] {
  return [
    {
      name: 'GetServices',
      access: 'PRE_AUTH',
      handle: async (request, context) => {
        const included = boolean(request, 'IncludeCapability') ?? false;
        return { Service: await Promise.all(options.services().map((service) => describe(service, included, context))) };
      },
    },
    { name: 'GetServiceCapabilities', access: 'PRE_AUTH', handle: () => ({ Capabilities: serviceCapabilities(options) }) },
    {
      name: 'GetCapabilities',
      access: 'PRE_AUTH',
      handle: async (request, context) => ({ Capabilities: await categories(texts(request, 'Category'), options, context) }),
    },
    { name: 'GetWsdlUrl', access: 'PRE_AUTH', handle: (_, context) => ({ WsdlUrl: `${context.baseUrl}${DEVICE.path}?wsdl` }) },
  ];
}

async function describe(service: Service, included: boolean, context: RequestContext): Promise<SoapObject> {
  return {
    Namespace: service.namespace,
    XAddr: context.baseUrl + service.path,
    ...(included && { Capabilities: qualified(service, await capabilitiesOf(service, context)) }),
    Version: { Major: service.version.major, Minor: service.version.minor },
  };
}

/** Asks a service by its own GetServiceCapabilities, so that the two answers never differ. */
async function capabilitiesOf(service: Service, context: RequestContext): Promise<SoapObject> {
  const operation = service.operations.find((each) => each.name === 'GetServiceCapabilities');
  return operation ? child(await operation.handle({}, context), 'Capabilities') : {};
}

/** The Capabilities of a service for GetServices, where they stand in a wildcard: every name needs the prefix of its service. */
function qualified({ name, namespace }: Service, capabilities: SoapObject): SoapObject {
  const prefixed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(prefixed);
    if (typeof value !== 'object' || value === null) return value;
    const named = Object.entries(value).map(([key, each]) =>
      key === 'attributes' || key === '$value' ? [key, each] : [`${name}:${key}`, prefixed(each)],
    );
    return Object.fromEntries(named);
  };
  const inner = prefixed(capabilities) as SoapObject;
  return { [`${name}:Capabilities`]: { ...inner, attributes: { [`xmlns:${name}`]: namespace, ...child(capabilities, 'attributes') } } };
}

/** tds:DeviceServiceCapabilities */
const serviceCapabilities = ({ machine, limits }: DeviceServiceOptions): SoapObject => ({
  Network: {
    attributes: {
      IPFilter: false,
      ZeroConfiguration: false,
      IPVersion6: false,
      DynDNS: false,
      Dot11Configuration: false,
      Dot1XConfigurations: 0,
      HostnameFromDHCP: false,
      NTP: machine.managed ? MAX_NTP_SERVERS : 0,
      DHCPv6: false,
    },
  },
  Security: {
    attributes: {
      'TLS1.0': false,
      'TLS1.1': false,
      'TLS1.2': false,
      OnboardKeyGeneration: false,
      AccessPolicyConfig: false,
      DefaultAccessPolicy: false,
      Dot1X: false,
      RemoteUserHandling: false,
      'X.509Token': false,
      SAMLToken: false,
      KerberosToken: false,
      UsernameToken: true,
      HttpDigest: true,
      RELToken: false,
      // MaxUserNameLength and MaxPasswordLength are newer than the schema of recorders that refuse what they do not know.
      MaxUsers: limits.maxUsers,
    },
  },
  System: {
    attributes: {
      DiscoveryResolve: true,
      DiscoveryBye: true,
      RemoteDiscovery: false,
      SystemBackup: false,
      SystemLogging: false,
      HttpFirmwareUpgrade: false,
      HttpSystemBackup: false,
      HttpSystemLogging: false,
      HttpSupportInformation: false,
      // Newer than that schema too, and false where it is left out, like UserConfigNotSupported.
      ...(!machine.managed && { NetworkConfigNotSupported: true }),
    },
  },
});

/** tt:Capabilities of the wanted categories; all of them where none is named. Throws ActionNotSupported / NoSuchService. */
async function categories(wanted: readonly string[], { services }: DeviceServiceOptions, context: RequestContext): Promise<SoapObject> {
  const find = (namespace: string) => services().find((service) => service.namespace === namespace);
  const media = find(MEDIA);
  const events = find(EVENTS);
  const imaging = find(IMAGING);
  // In the order of the schema.
  const known: Readonly<Record<string, SoapObject>> = {
    Device: deviceCapabilities(context),
    ...(events && { Events: await eventCapabilities(events, context) }),
    ...(imaging && { Imaging: { XAddr: context.baseUrl + imaging.path } }),
    ...(media && { Media: await mediaCapabilities(media, context) }),
  };
  if (wanted.length === 0 || wanted.includes('All')) return known;
  const unknown = wanted.find((category) => !Object.hasOwn(known, category));
  if (unknown !== undefined)
    throw new SoapFault('Receiver', ['ActionNotSupported', 'NoSuchService'], `There is no service of the category "${unknown}".`);
  return Object.fromEntries(Object.entries(known).filter(([category]) => wanted.includes(category)));
}

const deviceCapabilities = (context: RequestContext): SoapObject => ({
  XAddr: context.baseUrl + DEVICE.path,
  Network: { IPFilter: false, ZeroConfiguration: false, IPVersion6: false, DynDNS: false },
  System: {
    DiscoveryResolve: true,
    DiscoveryBye: true,
    RemoteDiscovery: false,
    SystemBackup: false,
    SystemLogging: false,
    FirmwareUpgrade: false,
    SupportedVersions: { Major: DEVICE.version.major, Minor: DEVICE.version.minor },
  },
  IO: { InputConnectors: 0, RelayOutputs: 0 },
  Security: {
    'TLS1.1': false,
    'TLS1.2': false,
    OnboardKeyGeneration: false,
    AccessPolicyConfig: false,
    'X.509Token': false,
    SAMLToken: false,
    KerberosToken: false,
    RELToken: false,
  },
});

async function eventCapabilities(events: Service, context: RequestContext): Promise<SoapObject> {
  const attributes = child(await capabilitiesOf(events, context), 'attributes');
  return {
    XAddr: context.baseUrl + events.path,
    WSSubscriptionPolicySupport: attributes.WSSubscriptionPolicySupport ?? false,
    WSPullPointSupport: attributes.WSPullPointSupport ?? false,
    WSPausableSubscriptionManagerInterfaceSupport: attributes.WSPausableSubscriptionManagerInterfaceSupport ?? false,
  };
}

async function mediaCapabilities(media: Service, context: RequestContext): Promise<SoapObject> {
  const capabilities = await capabilitiesOf(media, context);
  const streaming = child(child(capabilities, 'StreamingCapabilities'), 'attributes');
  const profiles = child(child(capabilities, 'ProfileCapabilities'), 'attributes');
  return {
    XAddr: context.baseUrl + media.path,
    StreamingCapabilities: {
      RTPMulticast: streaming.RTPMulticast ?? false,
      RTP_TCP: streaming.RTP_TCP ?? false,
      RTP_RTSP_TCP: streaming.RTP_RTSP_TCP ?? false,
    },
    ...(profiles.MaximumNumberOfProfiles !== undefined && {
      Extension: { ProfileCapabilities: { MaximumNumberOfProfiles: profiles.MaximumNumberOfProfiles } },
    }),
  };
}
