import { expect, test } from '@jest/globals';
import type { SoapObject } from '../../../../src/onvif/service.ts';
import { DEVICE_REQUESTS, EVENTS, MEDIA, makeDevice, networkInterface } from '../../../support/onvif-device.ts';
import { describeNeeding } from '../../../support/programs.ts';
import { cannotValidate, invalidMessages, schemaProblems, toEnvelope } from '../../../support/soap-object-to-xml.ts';

/** In this order the changes fit each other. */
const FIRST = ['CreateUsers', 'SetUser', 'DeleteUsers', 'AddScopes', 'RemoveScopes'];

/** Every response of the table as a message. */
async function messages(device: ReturnType<typeof makeDevice>): Promise<Map<string, string>> {
  const { service, call } = device;
  const names = [...new Set([...FIRST, ...service.operations.map((operation) => operation.name)])];
  const all = new Map<string, string>();
  for (const name of names) all.set(name, toEnvelope(service.namespace, `${name}Response`, await call(name, DEVICE_REQUESTS[name])));
  return all;
}

describeNeeding(cannotValidate, 'the responses are valid by the official schemas', () => {
  test('on a Pi with one interface', async () => {
    const device = makeDevice({ others: [MEDIA, EVENTS] });
    const all = await messages(device);
    expect(all.size).toBe(device.service.operations.length);
    expect(schemaProblems(all)).toEqual([]);
  });

  test('on a machine with everything, and with an RTSP server', async () => {
    const device = makeDevice({ ports: { http: 80, rtsp: 554 } });
    device.machine.nics = [
      networkInterface({ linkLocal: { address: '169.254.3.4', prefixLength: 16 } }),
      networkInterface({
        name: 'wlan0',
        mac: 'B8:27:EB:65:43:21',
        dhcp: false,
        ipv4: [
          { address: '10.0.0.2', prefixLength: 8 },
          { address: '10.0.0.3', prefixLength: 8 },
        ],
        ipv6: [{ address: '2001:db8::5', prefixLength: 64 }],
        linkLocal: { address: '169.254.1.2', prefixLength: 16 },
      }),
      networkInterface({ name: 'usb0', up: false, dhcp: undefined, ipv4: [] }),
    ];
    device.store.location = 'Country/Ünïted Kingdom & more';
    device.machine.ntpInfo = { servers: ['2001:db8::1', 'a.example'], fromDhcp: true };
    const all = new Map<string, string>();
    for (const { name } of device.service.operations.filter((operation) => operation.name.startsWith('Get')))
      all.set(name, toEnvelope(device.service.namespace, `${name}Response`, await device.call(name, DEVICE_REQUESTS[name])));
    expect(schemaProblems(all)).toEqual([]);
  });

  test('on a machine that tells nothing of itself', async () => {
    const device = makeDevice({ others: [] });
    device.machine.nics = [networkInterface({ ipv4: [], dhcp: undefined, up: false })];
    device.machine.clockInfo = { ntp: false, timeZone: '', daylightSavings: false };
    device.machine.dnsInfo = { servers: [], search: [], fromDhcp: false };
    device.machine.ntpInfo = { servers: [], fromDhcp: false };
    device.machine.gateways = async () => [];
    const all = new Map<string, string>();
    for (const { name } of device.service.operations.filter((operation) => operation.name.startsWith('Get')))
      all.set(name, toEnvelope(device.service.namespace, `${name}Response`, await device.call(name, DEVICE_REQUESTS[name])));
    expect(all.size).toBeGreaterThan(15);
    expect(schemaProblems(all)).toEqual([]);
  });

  test('and this test sees wrong order, unknown names, wrong types and missing elements', async () => {
    const device = makeDevice();
    const { namespace } = device.service;
    const { Manufacturer, Model, ...rest } = await device.call('GetDeviceInformation');
    const good = { Manufacturer, Model, ...rest };
    const information = (content: SoapObject) => toEnvelope(namespace, 'GetDeviceInformationResponse', content);
    const protocols = (content: SoapObject) => toEnvelope(namespace, 'GetNetworkProtocolsResponse', { NetworkProtocols: content });
    const all = new Map([
      ['good', information(good)],
      ['order', information({ Model, Manufacturer, ...rest })],
      ['unknown', information({ ...good, Colour: 'green' })],
      ['missing', information({ Manufacturer, Model })],
      ['type', protocols({ Name: 'HTTP', Enabled: 'yes', Port: 80 })],
      ['nested', protocols({ Enabled: true, Name: 'HTTP', Port: 80 })],
      ['attribute', toEnvelope(namespace, 'GetNetworkInterfacesResponse', { NetworkInterfaces: { Enabled: true } })],
      [
        'wildcard',
        toEnvelope(namespace, 'GetServicesResponse', {
          Service: {
            Namespace: namespace,
            XAddr: 'http://x/',
            Capabilities: { 'd:Capabilities': { attributes: { 'xmlns:d': namespace }, 'd:Network': { attributes: { NTP: 'many' } } } },
            Version: { Major: 1, Minor: 1 },
          },
        }),
      ],
    ]);
    expect(invalidMessages(all).sort()).toEqual([...all.keys()].filter((name) => name !== 'good').sort());
  });
});
