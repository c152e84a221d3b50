import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { SoapObject } from '../../../../src/onvif/service.ts';
import { CONTEXT, EVENTS, MEDIA, makeDevice, UUID } from '../../../support/onvif-device.ts';

const CLASSES: Readonly<Record<string, string>> = {
  PRE_AUTH: 'GetWsdlUrl GetServices GetServiceCapabilities GetCapabilities GetHostname GetSystemDateAndTime GetEndpointReference',
  READ_SYSTEM: `GetDNS GetNTP GetNetworkInterfaces GetNetworkProtocols GetNetworkDefaultGateway GetZeroConfiguration
    GetDeviceInformation GetScopes GetDiscoveryMode`,
  READ_SYSTEM_SECRET: 'GetUsers',
  WRITE_SYSTEM: `SetHostname SetHostnameFromDHCP SetDNS SetNTP SetNetworkInterfaces SetNetworkProtocols SetNetworkDefaultGateway
    SetZeroConfiguration SetSystemDateAndTime SetScopes AddScopes RemoveScopes SetDiscoveryMode CreateUsers DeleteUsers SetUser`,
  UNRECOVERABLE: 'SetSystemFactoryDefault SystemReboot',
};

describe('the operation table', () => {
  const { operations } = makeDevice().service;

  test('is that of the WSDL', () => {
    const wsdl = readFileSync(join(import.meta.dirname, '../../../../wsdl/device.wsdl'), 'utf8');
    const declared = [...wsdl.matchAll(/<wsdl:operation name="(\w+)"/g)].map(([, name]) => name!);
    expect(operations.map((operation) => operation.name).sort()).toEqual([...new Set(declared)].sort());
  });

  test('has the access classes of the Core Specification', () => {
    const expected = Object.entries(CLASSES).flatMap(([access, names]) => names.split(/\s+/).map((name) => [name, access]));
    expect(Object.fromEntries(operations.map(({ name, access }) => [name, access]))).toEqual(Object.fromEntries(expected));
  });

  test('changes nothing by reading', async () => {
    const { call, machine, store } = makeDevice();
    machine.failure = new Error('changed');
    for (const { name } of operations.filter((operation) => operation.name.startsWith('Get'))) await call(name);
    expect([machine.changes, store.updates]).toEqual([[], 0]);
  });
});

describe('GetServices', () => {
  test('lists every service at the address by which the client came', async () => {
    const { call } = makeDevice();
    expect(await call('GetServices', { IncludeCapability: 'false' })).toEqual({
      Service: [
        {
          Namespace: 'http://www.onvif.org/ver10/device/wsdl',
          XAddr: 'http://192.168.1.5:8080/onvif/device_service',
          Version: { Major: 2, Minor: 60 },
        },
        { Namespace: MEDIA.namespace, XAddr: 'http://192.168.1.5:8080/onvif/media_service', Version: { Major: 2, Minor: 60 } },
      ],
    });
  });

  test('has the capabilities of each service, as the service itself tells them, under its own namespace', async () => {
    const { call } = makeDevice();
    const { Service } = (await call('GetServices', { IncludeCapability: true })) as { Service: SoapObject[] };
    expect(Service[1]?.Capabilities).toEqual({
      'media:Capabilities': {
        attributes: { 'xmlns:media': MEDIA.namespace, SnapshotUri: true },
        'media:ProfileCapabilities': { attributes: { MaximumNumberOfProfiles: 8 } },
        'media:StreamingCapabilities': { attributes: { RTPMulticast: false, RTP_RTSP_TCP: true } },
      },
    });
    const own = (await call('GetServiceCapabilities')).Capabilities as { Security: SoapObject };
    expect(Service[0]?.Capabilities).toMatchObject({ 'device:Capabilities': { 'device:Security': own.Security } });
  });
});

describe('GetServiceCapabilities', () => {
  test('tells the limits and what cannot be configured', async () => {
    const { call, machine } = makeDevice();
    const attributes = { MaxUsers: 4, UsernameToken: true, HttpDigest: true };
    expect(await call('GetServiceCapabilities')).toMatchObject({
      Capabilities: {
        Network: { attributes: { NTP: 8 } },
        Security: { attributes },
        System: { attributes: expect.not.objectContaining({ NetworkConfigNotSupported: expect.anything() }) },
      },
    });
    machine.managed = false;
    expect(await call('GetServiceCapabilities')).toMatchObject({
      Capabilities: { Network: { attributes: { NTP: 0 } }, System: { attributes: { NetworkConfigNotSupported: true } } },
    });
  });
});

describe('GetCapabilities', () => {
  const categories = async (request: SoapObject, others = [MEDIA, EVENTS]) =>
    Object.keys((await makeDevice({ others }).call('GetCapabilities', request)).Capabilities as object);

  test.each<[string, SoapObject]>([
    ['nothing', {}],
    ['All', { Category: 'All' }],
    ['All among others', { Category: ['Media', 'All'] }],
  ])('gives everything for %s, without what there is not', async (_, request) => {
    expect(await categories(request)).toEqual(['Device', 'Events', 'Media']);
    expect(await categories(request, [MEDIA])).toEqual(['Device', 'Media']);
  });

  test('gives the wanted ones in the order of the schema', async () => {
    expect(await categories({ Category: 'Media' })).toEqual(['Media']);
    expect(await categories({ Category: ['Media', 'Device'] })).toEqual(['Device', 'Media']);
  });

  test.each(['PTZ', 'Imaging', 'Analytics', 'Events', 'Nonsense', '', '__proto__', 'toString'])(
    'refuses %j while there is no such service',
    async (Category) => {
      const { fault } = makeDevice();
      expect(await fault('GetCapabilities', { Category })).toBe('Receiver/ActionNotSupported/NoSuchService');
      expect(await fault('GetCapabilities', { Category: ['Media', Category] })).toBe('Receiver/ActionNotSupported/NoSuchService');
    },
  );

  test('has the addresses and what the media and event services say of themselves', async () => {
    const { Capabilities } = await makeDevice({ others: [MEDIA, EVENTS] }).call('GetCapabilities');
    expect(Capabilities).toMatchObject({
      Device: { XAddr: 'http://192.168.1.5:8080/onvif/device_service', IO: { InputConnectors: 0, RelayOutputs: 0 } },
      Events: { XAddr: 'http://192.168.1.5:8080/onvif/event_service', WSSubscriptionPolicySupport: true, WSPullPointSupport: true },
      Media: {
        XAddr: 'http://192.168.1.5:8080/onvif/media_service',
        StreamingCapabilities: { RTPMulticast: false, RTP_TCP: false, RTP_RTSP_TCP: true },
        Extension: { ProfileCapabilities: { MaximumNumberOfProfiles: 8 } },
      },
    });
  });
});

test('GetWsdlUrl points to our own WSDL', async () => {
  expect(await makeDevice().call('GetWsdlUrl')).toEqual({ WsdlUrl: `${CONTEXT.baseUrl}/onvif/device_service?wsdl` });
});

test('GetEndpointReference gives the identity that discovery gives', async () => {
  expect(await makeDevice().call('GetEndpointReference')).toEqual({ GUID: `urn:uuid:${UUID}` });
});
