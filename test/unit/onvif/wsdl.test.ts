import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { listen, type Server } from 'soap';
import { schemaPath, schemasMissing } from '../../support/onvif-schemas.ts';
import { describeNeeding } from '../../support/programs.ts';
import { referredTypes, wsdlDifferences } from '../../support/wsdl-differences.ts';
import { readWsdl, schemasIn, XSD } from '../../support/wsdl-model.ts';
import { parseXml } from '../../support/xml-tree.ts';

const HERE = join(import.meta.dirname, '../../../wsdl');
const ORIGINAL = schemaPath('original');
const TT = 'http://www.onvif.org/ver10/schema';
/**
 * Every service by the name of its file, with that of ONVIF's own, and what port type and binding are called in both. The
 * service of the events is compared by itself: see events/schema.test.ts.
 */
const SERVICES = {
  device: {
    official: 'devicemgmt.wsdl',
    title: 'Device',
    namespace: 'http://www.onvif.org/ver10/device/wsdl',
    operations: `GetServices GetServiceCapabilities GetDeviceInformation SetSystemDateAndTime GetSystemDateAndTime
      SetSystemFactoryDefault SystemReboot GetScopes SetScopes AddScopes RemoveScopes GetDiscoveryMode SetDiscoveryMode
      GetEndpointReference GetUsers CreateUsers DeleteUsers SetUser GetWsdlUrl GetCapabilities GetHostname SetHostname
      SetHostnameFromDHCP GetDNS SetDNS GetNTP SetNTP GetNetworkInterfaces SetNetworkInterfaces GetNetworkProtocols
      SetNetworkProtocols GetNetworkDefaultGateway SetNetworkDefaultGateway GetZeroConfiguration SetZeroConfiguration`.split(/\s+/),
  },
  imaging: {
    official: 'imaging.wsdl',
    title: 'Imaging',
    namespace: 'http://www.onvif.org/ver20/imaging/wsdl',
    operations: 'GetServiceCapabilities GetImagingSettings SetImagingSettings GetOptions Move GetMoveOptions Stop GetStatus'.split(' '),
  },
  media: {
    official: 'media.wsdl',
    title: 'Media',
    namespace: 'http://www.onvif.org/ver10/media/wsdl',
    operations: `GetServiceCapabilities GetVideoSources CreateProfile GetProfile GetProfiles DeleteProfile
      AddVideoEncoderConfiguration RemoveVideoEncoderConfiguration AddVideoSourceConfiguration RemoveVideoSourceConfiguration
      GetVideoSourceConfigurations GetVideoSourceConfiguration GetVideoEncoderConfigurations GetVideoEncoderConfiguration
      GetCompatibleVideoEncoderConfigurations GetCompatibleVideoSourceConfigurations SetVideoSourceConfiguration
      SetVideoEncoderConfiguration GetVideoSourceConfigurationOptions GetVideoEncoderConfigurationOptions
      GetGuaranteedNumberOfVideoEncoderInstances AddMetadataConfiguration RemoveMetadataConfiguration GetMetadataConfigurations
      GetMetadataConfiguration GetCompatibleMetadataConfigurations SetMetadataConfiguration GetMetadataConfigurationOptions
      GetStreamUri GetSnapshotUri StartMulticastStreaming StopMulticastStreaming
      SetSynchronizationPoint GetOSDs GetOSD GetOSDOptions SetOSD CreateOSD DeleteOSD`.split(/\s+/),
  },
} as const;
const NAMES = Object.keys(SERVICES) as (keyof typeof SERVICES)[];
const FILES = [...NAMES.map((name) => `${name}.wsdl`), 'onvif.xsd'];

const read = (directory: string, name: string): string => readFileSync(join(directory, name), 'utf8');
const texts = FILES.map((name) => read(HERE, name));
const model = readWsdl(texts);

/** The files as the SOAP library has them: its server, once it has read them. */
const serverOf = (name: string): Promise<Server> =>
  new Promise((resolve, reject) => {
    const uri = join(HERE, `${name}.wsdl`);
    const callback = (error: unknown, server: Server) => (error ? reject(error) : resolve(server));
    listen(null, { path: '/', services: {}, xml: readFileSync(uri, 'utf8'), uri, attributesKey: 'attributes', callback });
  });

describe('the files', () => {
  test('are those that are checked here', () => {
    expect(readdirSync(HERE).sort()).toEqual([...FILES, 'events.wsdl'].sort());
  });

  test.each(FILES)('%s imports nothing but a file beside it', (name) => {
    for (const schema of schemasIn(parseXml(read(HERE, name)))) {
      const imports = schema.children.filter((child) => child.name === 'import' || child.name === 'include');
      const importable = name === 'onvif.xsd' ? [] : [['onvif.xsd', TT]];
      const imported = imports.map(({ attributes }) => [attributes.get('schemaLocation'), attributes.get('namespace')]);
      expect(importable).toEqual(expect.arrayContaining(imported));
    }
  });

  test('declare every type they refer to, and no other', () => {
    const referred = referredTypes(model);
    const undeclared = [...referred].filter((name) => !name.startsWith(`{${XSD}}`) && !model.types.has(name));
    const unused = [...model.types.keys()].filter((name) => !referred.has(name));
    expect({ undeclared, unused }).toEqual({ undeclared: [], unused: [] });
  });

  test('use the built-in types that both ends know', () => {
    const builtIn = [...referredTypes(model)].filter((name) => name.startsWith(`{${XSD}}`)).map((name) => name.slice(XSD.length + 2));
    expect(builtIn.sort()).toEqual(['anyURI', 'boolean', 'duration', 'float', 'int', 'string', 'token']);
  });

  test('declare the element of every message', () => {
    const elements = [...model.operations.values()].flatMap(({ input, output }) => [input, output].map((message) => message.split(' ')[2]));
    expect(elements.filter((name) => !model.elements.has(name!))).toEqual([]);
    expect(elements).toHaveLength(2 * Object.values(SERVICES).flatMap(({ operations }) => operations).length);
  });

  test('speak SOAP 1.2, document and literal', () => {
    const encodings = new Set([...model.operations.values()].map((operation) => operation.encoding));
    expect([...encodings]).toEqual(['document http://schemas.xmlsoap.org/soap/http literal literal']);
    expect(model.ports).toEqual(
      NAMES.map((name) => {
        const { namespace, title } = SERVICES[name];
        return `${title}Service ${title}Port {${namespace}}${title}Binding http://localhost/onvif/${name}_service`;
      }),
    );
  });

  test('not well-formed, or with an undeclared prefix: refused', () => {
    const text = read(HERE, 'onvif.xsd');
    expect(() => readWsdl([text.replace('</xs:schema>', '')])).toThrow(/Unclosed root tag/);
    expect(() => readWsdl([text.replace('xmlns:tt=', 'xmlns:other=')])).toThrow(/undeclared prefix/);
  });
});

describe.each(NAMES)('soap reads the %s service', (name) => {
  const { namespace, operations } = SERVICES[name];

  test('and finds its operations, no other', async () => {
    const { wsdl } = (await serverOf(name)) as unknown as { wsdl: { describeServices(): Record<string, Record<string, object>> } };
    const [service, ...otherServices] = Object.values(wsdl.describeServices());
    const [port, ...otherPorts] = Object.values(service!);
    expect({ otherServices, otherPorts }).toEqual({ otherServices: [], otherPorts: [] });
    expect(Object.keys(port!).sort()).toEqual([...operations].sort());
    expect([...model.operations.keys()].filter((key) => key.startsWith(`{${namespace}}`)).sort()).toEqual(
      operations.map((operation) => `{${namespace}}${operation}`).sort(),
    );
  });
});

/** What soap makes of a request whose body is `body`. */
async function parsed(service: 'device' | 'media', body: string): Promise<unknown> {
  const { wsdl } = (await serverOf(service)) as unknown as { wsdl: { xmlToObject(xml: string): { Body: unknown } } };
  const names = `xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns="${SERVICES[service].namespace}" xmlns:tt="${TT}"`;
  return wsdl.xmlToObject(`<e:Envelope ${names}><e:Body>${body}</e:Body></e:Envelope>`).Body;
}

describe('a request of a client that knows the whole schema', () => {
  test('parts we leave out arrive as text and the rest is typed', async () => {
    const request = `<SetVideoEncoderConfiguration>
      <Configuration token="encoder" GuaranteedFrameRate="false" Vendor="x">
        <tt:Name>n</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>MPEG4</tt:Encoding>
        <tt:Resolution><tt:Width>640</tt:Width><tt:Height>480</tt:Height></tt:Resolution><tt:Quality>5.5</tt:Quality>
        <tt:MPEG4><tt:GovLength>3</tt:GovLength><tt:Mpeg4Profile>SP</tt:Mpeg4Profile></tt:MPEG4>
        <v:More xmlns:v="urn:vendor" v:a="1"><v:Item>1</v:Item><v:Item>2</v:Item><v:Empty/></v:More>
      </Configuration>
      <ForcePersistence>true</ForcePersistence>
    </SetVideoEncoderConfiguration>`;
    expect(await parsed('media', request)).toEqual({
      SetVideoEncoderConfiguration: {
        Configuration: {
          attributes: { token: 'encoder', GuaranteedFrameRate: 'false', Vendor: 'x' },
          Name: 'n',
          UseCount: 1,
          Encoding: 'MPEG4',
          Resolution: { Width: 640, Height: 480 },
          Quality: 5.5,
          MPEG4: { GovLength: '3', Mpeg4Profile: 'SP' },
          More: { attributes: { 'v:a': '1' }, Item: ['1', '2'], Empty: null },
        },
        ForcePersistence: true,
      },
    });
  });

  test('wireless settings beside the network settings we know', async () => {
    const request = `<SetNetworkInterfaces><InterfaceToken>wlan0</InterfaceToken><NetworkInterface><tt:Enabled>true</tt:Enabled>
      <tt:IPv4><tt:Manual><tt:Address>192.0.2.1</tt:Address><tt:PrefixLength>24</tt:PrefixLength></tt:Manual><tt:DHCP>false</tt:DHCP></tt:IPv4>
      <tt:Extension><tt:Dot11><tt:SSID>6162</tt:SSID><tt:Security><tt:Mode>PSK</tt:Mode></tt:Security></tt:Dot11></tt:Extension>
      </NetworkInterface></SetNetworkInterfaces>`;
    expect(await parsed('device', request)).toEqual({
      SetNetworkInterfaces: {
        InterfaceToken: 'wlan0',
        NetworkInterface: {
          Enabled: true,
          IPv4: { Manual: [{ Address: '192.0.2.1', PrefixLength: 24 }], DHCP: false },
          Extension: { Dot11: { SSID: '6162', Security: { Mode: 'PSK' } } },
        },
      },
    });
  });
});

describe('the comparison notices', () => {
  const changed = (file: string, from: string | RegExp, to: string): string[] => {
    const mutated = texts.map((text, index) => (FILES[index] === file ? text.replace(from, to) : text));
    expect(mutated).not.toEqual(texts);
    return wsdlDifferences(readWsdl(mutated), model);
  };

  test.each([
    ['another name', 'onvif.xsd', 'name="UseCount"', 'name="Uses"', /element .*Uses is not in the original/],
    [
      'a required part left out',
      'onvif.xsd',
      '<xs:element name="UseCount" type="xs:int"/>',
      '',
      /element .*UseCount is required, but left out/,
    ],
    ['an attribute that is not required any more', 'onvif.xsd', ' use="required"', '', /attribute .* 0\.\.1, originally .* 1\.\.1/],
    [
      'another type',
      'onvif.xsd',
      'name="Quality" type="xs:float"',
      'name="Quality" type="xs:int"',
      /}int 1\.\.1, originally .*}float 1\.\.1/,
    ],
    ['another base', 'onvif.xsd', 'base="tt:JpegOptions"', 'base="tt:H264Options"', /based on .*H264Options, originally .*JpegOptions/],
    ['another value', 'onvif.xsd', 'value="RTP-Unicast"', 'value="Unicast"', /StreamType: enumeration=Unicast/],
    ['another order', 'onvif.xsd', /(<xs:element name="Time" [^>]*>)\s*(<xs:element name="Date" [^>]*>)/, '$2$1', /Time comes earlier/],
    [
      'looser occurrence',
      'device.wsdl',
      'type="tt:Scope" max',
      'type="tt:Scope" minOccurs="0" max',
      /0\.\.Infinity, originally .* 1\.\.Infinity/,
    ],
    ['unqualified elements', 'device.wsdl', 'elementFormDefault="qualified"', '', /element {}IncludeCapability is not in the original/],
    ['an inner type', 'device.wsdl', 'processContents="lax"', 'processContents="skip"', /wildcard ##any skip is not in the original/],
    ['another action', 'media.wsdl', 'wsdl/GetProfiles"', 'wsdl/GetProfile"', /operation .*GetProfiles/],
    [
      'another operation',
      'media.wsdl',
      /"((?:trt:)?)GetStreamUri(Request)?"/g,
      '"$1GetUri$2"',
      /operation .*GetUri is not in the original/,
    ],
    ['another part', 'media.wsdl', 'part name="parameters"', 'part name="body"', /operation .*body/],
  ])('%s', (_, file, from, to, message) => {
    expect(changed(file, from, to).join('\n')).toMatch(message);
  });

  test('nothing where optional parts are left out', () => {
    expect(changed('onvif.xsd', '<xs:element name="H264" type="tt:H264Configuration" minOccurs="0"/>', '')).toEqual([]);
  });
});

describeNeeding(schemasMissing('original'), 'the official files', () => {
  test('have everything that is declared, as it is declared', () => {
    const files = [...NAMES.map((name) => SERVICES[name].official), 'onvif.xsd', 'common.xsd'];
    const official = files.map((name) => read(ORIGINAL, name));
    const original = readWsdl(official, { types: new Set(model.types.keys()), elements: new Set(model.elements.keys()) });
    expect(wsdlDifferences(model, original)).toEqual([]);
  });
});
