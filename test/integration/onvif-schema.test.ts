import { beforeAll, expect, test } from '@jest/globals';
import { silentLogger } from '../../src/core/log.ts';
import { OnvifEndpoint } from '../../src/onvif/endpoint.ts';
import { makeImagingService } from '../../src/onvif/imaging/service.ts';
import type { Service, SoapObject } from '../../src/onvif/service.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { DEVICE_REQUESTS, makeDevice } from '../support/onvif-device.ts';
import { LETS_EVERYBODY, WSDL_DIR } from '../support/onvif-endpoint.ts';
import { FakeImaging, IMAGING_OPERATIONS } from '../support/onvif-imaging.ts';
import { fullMediaService, MEDIA_OPERATIONS } from '../support/onvif-media.ts';
import { describeNeeding } from '../support/programs.ts';
import { cannotValidate, schemaProblems, toEnvelope } from '../support/soap-object-to-xml.ts';

/** Every operation of every table over the wire: what really goes out is valid by the official schemas. */

describeNeeding(cannotValidate, 'what goes out is valid by the official schemas', () => {
  let endpoint: OnvifEndpoint;
  let services: Service[];

  beforeAll(async () => {
    services = [makeDevice().service, fullMediaService().service, makeImagingService(new FakeImaging())];
    endpoint = new OnvifEndpoint({ services, wsdlDir: WSDL_DIR, authorizer: LETS_EVERYBODY, clock: new FakeClock(), log: silentLogger });
    await endpoint.start();
  });

  const send = async (body: string) => {
    const { signal } = new AbortController();
    const url = 'http://192.168.1.5:8080';
    const where = { baseUrl: url, addressUrl: url, host: '192.168.1.5', connection: {}, shared: false, remoteAddress: '192.168.1.9' };
    return endpoint.handle({ method: 'POST', url: '/onvif/x', authorization: undefined, body, signal, ...where });
  };
  const requestOf = (name: string): SoapObject =>
    DEVICE_REQUESTS[name] ?? MEDIA_OPERATIONS[name]?.[1] ?? IMAGING_OPERATIONS[name]?.[1] ?? {};

  test('the response of every operation', async () => {
    const media = services[1]!;
    await send(toEnvelope(media.namespace, 'CreateProfile', { Name: 'mine', Token: 'mine' }));
    const answers = new Map<string, string>();
    // In an order in which the changes fit each other.
    const order = ['CreateUsers', 'SetUser', 'DeleteUsers', 'AddScopes', 'RemoveScopes', ...Object.keys(MEDIA_OPERATIONS)];
    for (const { name: service, namespace, operations } of services) {
      const table = operations.map(({ name }) => name);
      for (const name of new Set([...order.filter((each) => table.includes(each)), ...table])) {
        const answer = await send(toEnvelope(namespace, name, requestOf(name)));
        expect([name, answer.status, answer.body]).toEqual([name, 200, expect.stringContaining(`${name}Response`)]);
        answers.set(`${service} ${name}`, answer.body);
      }
    }
    expect(answers.size).toBe(services.flatMap(({ operations }) => operations).length);
    expect(schemaProblems(answers)).toEqual([]);
  });

  test('the faults: wrong arguments to every operation, unknown ones, and what is no SOAP', async () => {
    const faults = new Map<string, string>();
    const nonsense = {
      ProfileToken: 'nothing',
      ConfigurationToken: 'nothing',
      Name: '',
      Category: 'PTZ',
      VideoSourceToken: 'nothing',
      OSDToken: 'nothing',
      FactoryDefault: 'x',
      Username: 'x',
      User: { Username: '', UserLevel: 'x' },
    };
    for (const { name: service, namespace, operations } of services) {
      for (const { name } of operations) {
        for (const [kind, request] of [
          ['empty', {}],
          ['nonsense', nonsense],
        ] as const) {
          const body = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><${name} xmlns="${namespace}">${fields(request)}</${name}></s:Body></s:Envelope>`;
          const answer = await send(body);
          if (answer.status !== 200) faults.set(`${service} ${name} ${kind}`, answer.body);
        }
      }
    }
    for (const [kind, body] of Object.entries({
      unknown:
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><GetFoo xmlns="http://www.onvif.org/ver10/device/wsdl"/></s:Body></s:Envelope>',
      entity:
        '<!DOCTYPE x [<!ENTITY e "x">]><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>&e;</s:Body></s:Envelope>',
      text: 'hello',
      envelope: '<s:Envelope xmlns:s="http://example.org/"><s:Body/></s:Envelope>',
    })) {
      const answer = await send(body);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      faults.set(kind, answer.body);
    }
    expect(faults.size).toBeGreaterThan(30);
    expect(schemaProblems(faults)).toEqual([]);
  });
});

const fields = (request: SoapObject): string =>
  Object.entries(request)
    .map(([name, value]) => `<${name}>${typeof value === 'object' ? fields(value as SoapObject) : value}</${name}>`)
    .join('');
