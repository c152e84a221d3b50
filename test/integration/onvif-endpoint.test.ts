import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { silentLogger } from '../../src/core/log.ts';
import { child } from '../../src/onvif/args.ts';
import { OnvifEndpoint } from '../../src/onvif/endpoint.ts';
import type { Service, SoapObject } from '../../src/onvif/service.ts';
import { FakeClock } from '../support/fake-clock.ts';
import {
  ADMIN_PASSWORD,
  envelope,
  faultCodes,
  fixture,
  LETS_EVERYBODY,
  REQUEST,
  security,
  startEndpoint,
  TDS,
  tds,
  trt,
  WSDL_DIR,
} from '../support/onvif-endpoint.ts';
import { basic } from '../support/server.ts';

const DEVICE_INFORMATION = tds('GetDeviceInformation');
const ADMIN = basic('admin', ADMIN_PASSWORD);

describe('answers', () => {
  test('GetSystemDateAndTime without credentials, element for element', async () => {
    const { post } = await startEndpoint();
    expect(await post(envelope(tds('GetSystemDateAndTime')))).toEqual({
      status: 200,
      headers: { 'Content-Type': 'application/soap+xml; charset=utf-8' },
      body:
        '<?xml version="1.0" encoding="utf-8"?><env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope"  xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:tds="http://www.onvif.org/ver10/device/wsdl">' +
        '<env:Body><tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings>' +
        '<tt:TimeZone><tt:TZ>UTC0</tt:TZ></tt:TimeZone><tt:UTCDateTime><tt:Time><tt:Hour>3</tt:Hour><tt:Minute>4</tt:Minute><tt:Second>5</tt:Second></tt:Time>' +
        '<tt:Date><tt:Year>2026</tt:Year><tt:Month>1</tt:Month><tt:Day>2</tt:Day></tt:Date></tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse></env:Body></env:Envelope>',
    });
  });

  test('GetProfiles with attributes, element for element', async () => {
    const { post } = await startEndpoint();
    expect((await post(envelope(trt('GetProfiles'), security()))).body).toBe(
      '<?xml version="1.0" encoding="utf-8"?><env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope"  xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:trt="http://www.onvif.org/ver10/media/wsdl">' +
        '<env:Body><trt:GetProfilesResponse><trt:Profiles token="mjpeg" fixed="true"><tt:Name>mjpeg</tt:Name><tt:VideoSourceConfiguration token="video_source_configuration">' +
        '<tt:Name>camera</tt:Name><tt:UseCount>1</tt:UseCount><tt:SourceToken>video_source</tt:SourceToken><tt:Bounds x="0" y="0" width="1280" height="720"></tt:Bounds>' +
        '</tt:VideoSourceConfiguration></trt:Profiles></trt:GetProfilesResponse></env:Body></env:Envelope>',
    );
  });

  test('a repeated element once per item, and the present, not what was said last', async () => {
    const { post, clock } = await startEndpoint({ auth: false });
    const { body } = await post(envelope(tds('GetScopes')));
    expect(body).toContain(
      '<tds:GetScopesResponse><tds:Scopes><tt:ScopeDef>Fixed</tt:ScopeDef><tt:ScopeItem>onvif://www.onvif.org/type/video_encoder</tt:ScopeItem></tds:Scopes>' +
        '<tds:Scopes><tt:ScopeDef>Configurable</tt:ScopeDef><tt:ScopeItem>onvif://www.onvif.org/name/Pi</tt:ScopeItem></tds:Scopes></tds:GetScopesResponse>',
    );
    const times = [];
    for (let second = 0; second < 3; second++) {
      times.push(/<tt:Second>(\d+)/.exec((await post(envelope(tds('GetSystemDateAndTime')))).body)![1]);
      clock.advance(1000);
    }
    expect(times).toEqual(['5', '6', '7']);
  });

  test('text is escaped, what XML cannot carry left out, CDATA nothing special', async () => {
    const { post } = await startEndpoint({ auth: false });
    const { body } = await post(envelope(DEVICE_INFORMATION));
    expect(body).toContain('<tds:Manufacturer>Rasp &amp; &lt;Pi&gt;</tds:Manufacturer>');
    expect(body).toContain('<tds:Model> &lt;![CDATA[x]]&gt;&lt;evil/&gt;&lt;![CDATA[]]&gt;</tds:Model>');
    expect(body).toContain('<tds:FirmwareVersion>1.0.0</tds:FirmwareVersion><tds:SerialNumber>é&quot;&apos;</tds:SerialNumber>');
    expect(body).toContain('<tds:HardwareId>a&#xA;b</tds:HardwareId>');
  });

  test('null and undefined are left out; an empty response is an empty element', async () => {
    const { post } = await startEndpoint({ auth: false });
    expect((await post(envelope(tds('GetHostname')))).body).toContain(
      '<tds:HostnameInformation><tt:FromDHCP>false</tt:FromDHCP></tds:HostnameInformation>',
    );
    expect((await post(envelope(tds('GetNetworkDefaultGateway')))).body).toContain(
      '<tds:GetNetworkDefaultGatewayResponse></tds:GetNetworkDefaultGatewayResponse>',
    );
    expect((await post(envelope(tds('CreateUsers')))).body).toContain('<tds:CreateUsersResponse></tds:CreateUsersResponse>');
  });

  test('SOAP 1.1 in kind, faults included', async () => {
    const { post } = await startEndpoint();
    const answer = await post(fixture('zoneminder-get-profiles-soap11'));
    expect(answer.status).toBe(200);
    expect(answer.headers['Content-Type']).toBe('text/xml; charset=utf-8');
    expect(answer.body).toMatch(/^<\?xml[^>]*><env:Envelope xmlns:env="http:\/\/schemas\.xmlsoap\.org\/soap\/envelope\/"/);
    expect(answer.body).not.toContain('2003/05/soap-envelope');
    const fault = await post(fixture('zoneminder-get-profiles-soap11'));
    expect(fault).toMatchObject({ status: 500, headers: { 'Content-Type': 'text/xml; charset=utf-8' } });
    expect(fault.body).toContain('<faultcode>env:Client</faultcode>');
  });

  test('whatever path, Content-Type and case of a namespace prefix: the Body decides', async () => {
    const { post } = await startEndpoint();
    for (const url of [
      '/onvif/device_service',
      '/onvif/media_service',
      '/onvif/',
      '//onvif/device_service',
      '/onvif/imaging?x=1',
      '/onvif/%zz',
    ])
      expect((await post(envelope(tds('GetHostname')), { url })).status).toBe(200);
  });
});

describe('a request that comes again', () => {
  test('is answered with the same text, and with the new state', async () => {
    const { post } = await startEndpoint({ auth: false });
    for (const operation of [tds('GetScopes'), tds('GetDeviceInformation'), trt('GetProfiles')]) {
      const answers = [];
      for (let time = 0; time < 3; time++) answers.push(await post(envelope(operation)));
      expect(answers[0]!.status).toBe(200);
      expect(answers[1]).toEqual(answers[0]);
      expect(answers[2]).toEqual(answers[0]);
    }
  });

  test('is answered in its own version of SOAP each time', async () => {
    const { post } = await startEndpoint({ auth: false });
    const asked12 = envelope(tds('GetScopes'));
    const asked11 = asked12.replace('http://www.w3.org/2003/05/soap-envelope', 'http://schemas.xmlsoap.org/soap/envelope/');
    const first = [await post(asked12), await post(asked11)];
    expect([await post(asked12), await post(asked11)]).toEqual(first);
    expect(first[1]!.body).toContain('http://schemas.xmlsoap.org/soap/envelope/');
  });

  test('is checked each time: who may not ask is refused after one who may', async () => {
    const { post } = await startEndpoint();
    const asked = envelope(DEVICE_INFORMATION);
    expect((await post(asked, { authorization: ADMIN })).status).toBe(200);
    expect((await post(asked)).status).toBe(401);
    expect((await post(asked, { authorization: ADMIN })).status).toBe(200);
    expect((await post(asked, { authorization: basic('admin', 'wrong') })).status).toBe(401);
  });

  test('is still known after many others, and the others are read rightly', async () => {
    const { post } = await startEndpoint({ auth: false });
    const time = envelope(tds('GetSystemDateAndTime'));
    const { body } = await post(time);
    for (let k = 0; k < 50; k++) expect((await post(`${time}<!-- ${k} -->`)).body).toBe(body);
    expect((await post(time)).body).toBe(body);
  });
});

describe('arguments', () => {
  test('have the types of the schema; what does not fit one stays text', async () => {
    const { post, calls } = await startEndpoint({ auth: false });
    const time = '<tt:Time><tt:Hour>3</tt:Hour><tt:Minute>12abc</tt:Minute><tt:Second> 7 </tt:Second></tt:Time>';
    await post(
      envelope(
        tds(
          'SetSystemDateAndTime',
          `<DateTimeType>Manual</DateTimeType><DaylightSavings>maybe</DaylightSavings><UTCDateTime>${time}</UTCDateTime>`,
        ),
      ),
    );
    expect(calls[0]?.request).toEqual({
      DateTimeType: 'Manual',
      DaylightSavings: 'maybe',
      UTCDateTime: { Time: { Hour: 3, Minute: '12abc', Second: 7 } },
    });
  });

  test('decimals are read however long they are', async () => {
    const requests: SoapObject[] = [];
    const imaging: Service = {
      name: 'imaging',
      namespace: 'http://www.onvif.org/ver20/imaging/wsdl',
      path: '/onvif/imaging_service',
      version: { major: 2, minor: 60 },
      operations: [
        {
          name: 'SetImagingSettings',
          access: 'ACTUATE',
          handle: (request) => {
            requests.push(request);
            return {};
          },
        },
      ],
    };
    const endpoint = new OnvifEndpoint({
      ...{ services: [imaging], wsdlDir: WSDL_DIR, authorizer: LETS_EVERYBODY, clock: new FakeClock(), log: silentLogger },
    });
    await endpoint.start();
    const digits = '1'.repeat(250_000);
    const long = `0.${digits}`;
    for (const Brightness of ['-1.5e1', '+.5', '7.', long, `${digits}x`, '.', '1.2.3']) {
      const settings = `<ImagingSettings><tt:Brightness xmlns:tt="http://www.onvif.org/ver10/schema">${Brightness}</tt:Brightness></ImagingSettings>`;
      const body = envelope(`<SetImagingSettings xmlns="${imaging.namespace}">${settings}</SetImagingSettings>`);
      await endpoint.handle({ ...REQUEST, signal: new AbortController().signal, body });
    }
    expect(requests.map((request) => child(request, 'ImagingSettings').Brightness)).toEqual([
      ...[-15, 0.5, 7, Number(long), `${digits}x`, '.', '1.2.3'],
    ]);
  });

  test('keep the white space of a password', async () => {
    const { post, calls } = await startEndpoint({ auth: false });
    const users = '<User><tt:Username>a</tt:Username><tt:Password>  b c </tt:Password><tt:UserLevel>User</tt:UserLevel></User>';
    await post(envelope(tds('CreateUsers', users)));
    expect(calls[0]?.request).toEqual({ User: [{ Username: 'a', Password: '  b c ', UserLevel: 'User' }] });
  });

  test('are empty where there are none', async () => {
    const { post, calls } = await startEndpoint({ auth: false });
    await post(envelope(tds('GetHostname', 'text')));
    await post(envelope(tds('GetHostname')));
    expect(calls.map((call) => call.request)).toEqual([{}, {}]);
  });

  test('come with who asks and how he reached us', async () => {
    const { post, calls } = await startEndpoint();
    await post(envelope(DEVICE_INFORMATION, security()), { baseUrl: 'http://[fe80::1]:80', host: '[fe80::1]' });
    expect(calls[0]?.context).toMatchObject({ baseUrl: 'http://[fe80::1]:80', host: '[fe80::1]', user: { name: 'admin' } });
  });

  test('do not reach past the request reader by a CDATA section with a document inside', async () => {
    const { post, calls } = await startEndpoint({ auth: false });
    const inner = '<?xml version="1.0"?><x id="__proto__"><polluted>1</polluted></x>';
    await post(envelope(tds('SetHostname', `<Name><![CDATA[${inner}]]></Name>`)));
    expect(calls[0]?.request).toEqual({ Name: inner });
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe('refusals', () => {
  test.each([
    ['an operation nobody knows', tds('GetFluxCapacitor')],
    ['an operation of the WSDL without an entry in the table', tds('GetUsers')],
    ['an operation in the namespace of another service', trt('GetHostname')],
    ['an operation without a namespace', '<GetHostname xmlns=""/>'],
    ['a response', tds('GetHostnameResponse')],
    ['a message name of the WSDL', tds('GetHostnameRequest')],
  ])('%s is not supported, in words that clients look for', async (_, body) => {
    const { post, calls } = await startEndpoint();
    const answer = await post(envelope(body));
    expect([answer.status, faultCodes(answer)]).toEqual([500, 'Receiver/ActionNotSupported']);
    expect(answer.body).toMatch(/<env:Text xml:lang="en">[^<]*ActionNotSupported[^<]*not implemented/);
    expect(answer.body).toContain('xmlns:ter="http://www.onvif.org/ver10/error"');
    expect(calls).toEqual([]);
  });

  test('an element of the SOAP namespace is no operation', async () => {
    const { post } = await startEndpoint();
    expect((await post(envelope('<s:Fault/>'))).status).toBe(500);
  });

  test("an operation's own fault, as often as it likes", async () => {
    const { post } = await startEndpoint({ auth: false });
    for (let time = 0; time < 2; time++) {
      const answer = await post(envelope(tds('SetHostname')));
      expect([answer.status, faultCodes(answer)]).toEqual([400, 'Sender/InvalidArgVal/InvalidHostname']);
      expect(answer.body).toContain('<env:Text xml:lang="en">Not a name: &quot;&lt;&amp;&gt;&quot;.</env:Text>');
    }
  });

  test('an error made for people is told, any other only logged', async () => {
    const { post, clock, lines } = await startEndpoint({ auth: false });
    const known = await post(envelope(tds('SetDNS')));
    expect([known.status, faultCodes(known)]).toEqual([500, 'Receiver/Action']);
    expect(known.body).toContain('The directory /data cannot be written. Give a directory');
    clock.advance(2000);
    const unknown = await post(envelope(tds('SetNTP')));
    expect([unknown.status, faultCodes(unknown)]).toEqual([500, 'Receiver/Action']);
    expect(unknown.body).not.toMatch(/secret|\.ts|at /);
    expect(lines).toEqual(['ONVIF SetDNS: The directory /data cannot be written.', 'ONVIF SetNTP: secret is not a function']);
  });

  test('a response that cannot be written is our fault, and breaks nothing', async () => {
    const { post } = await startEndpoint({ auth: false });
    expect(faultCodes(await post(envelope(tds('SystemReboot'))))).toBe('Receiver/Action');
    expect((await post(envelope(tds('GetScopes')))).status).toBe(200);
  });

  test('no body and no credentials: the challenge, for clients of HTTP Digest begin so', async () => {
    const { send } = await startEndpoint();
    const answer = await send({ body: undefined });
    expect([answer.status, faultCodes(answer)]).toEqual([401, 'Sender/NotAuthorized']);
    expect(answer.headers['WWW-Authenticate']).toEqual([
      expect.stringMatching(/^Digest /),
      expect.stringMatching(/^Digest /),
      expect.stringMatching(/^Basic /),
    ]);
  });

  test('a body that is no SOAP', async () => {
    const { send } = await startEndpoint();
    for (const body of ['', 'x', '<html/>', '{}']) {
      const answer = await send({ body });
      expect([answer.status, faultCodes(answer)]).toEqual([400, 'Sender/WellFormed']);
    }
  });

  test('pollution by links of SOAP encoding is refused, and the next call works', async () => {
    const { post } = await startEndpoint({ auth: false });
    const answer = await post(envelope(tds('SetHostname', '<Name id="__proto__"><polluted>1</polluted></Name><Name href="#__proto__"/>')));
    expect(answer.status).toBe(400);
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect((await post(envelope(tds('GetHostname')))).status).toBe(200);
  });

  test.each(['GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'HEAD'])('%s: 405', async (method) => {
    const { send } = await startEndpoint();
    expect(await send({ method, body: envelope(tds('GetHostname')) })).toMatchObject({ status: 405, headers: { Allow: 'POST' } });
  });
});

describe('the WSDL', () => {
  test('is served with addresses that work', async () => {
    const { send } = await startEndpoint();
    const answer = await send({ method: 'GET', url: '/onvif/device_service?wsdl' });
    expect(answer).toMatchObject({ status: 200, headers: { 'Content-Type': 'text/xml; charset=utf-8' } });
    expect(answer.body).toContain('schemaLocation="http://192.168.1.5:8080/onvif/wsdl/onvif.xsd"');
    expect(answer.body).toContain('address location="http://192.168.1.5:8080/onvif/device_service"');
    expect((await send({ method: 'GET', url: '/onvif/media_service?WSDL' })).body).toContain(
      'targetNamespace="http://www.onvif.org/ver10/media/wsdl"',
    );
  });

  test('and so are its schemas, and nothing else', async () => {
    const { send } = await startEndpoint();
    expect((await send({ method: 'GET', url: '/onvif/wsdl/onvif.xsd' })).body).toBe(readFileSync(join(WSDL_DIR, 'onvif.xsd'), 'utf8'));
    for (const url of [
      '/onvif/wsdl/',
      '/onvif/wsdl/../package.json',
      '/onvif/wsdl/%2e%2e/package.json',
      '/onvif/wsdl/__proto__',
      '/onvif/other?wsdl',
      '/onvif/device_service?x=wsdl',
    ])
      expect((await send({ method: 'GET', url })).status).toBe(405);
  });
});

describe('starting', () => {
  const start = (name: string, operation: string, wsdlDir = WSDL_DIR) =>
    new OnvifEndpoint({
      services: [
        {
          name,
          namespace: TDS,
          path: '/',
          version: { major: 1, minor: 0 },
          operations: [{ name: operation, access: 'PRE_AUTH', handle: () => ({}) }],
        },
      ],
      wsdlDir,
      authorizer: LETS_EVERYBODY,
      clock: new FakeClock(),
      log: silentLogger,
    }).start();

  test('fails where the folder, the WSDL or an operation is missing', async () => {
    await expect(start('device', 'GetHostname', '/nowhere')).rejects.toThrow('/nowhere');
    await expect(start('nothing', 'GetHostname')).rejects.toThrow('there is no nothing.wsdl');
    await expect(start('device', 'GetFluxCapacitor')).rejects.toThrow('device.wsdl has no operation GetFluxCapacitor');
    await expect(start('device', 'GetHostname')).resolves.toBeUndefined();
  });
});
