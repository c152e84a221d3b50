import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { silentLogger } from '../../src/core/log.ts';
import { OnvifEndpoint } from '../../src/onvif/endpoint.ts';
import type { SoapHttpAnswer } from '../../src/protocols/soap/http.ts';
import { FakeClock } from '../support/fake-clock.ts';
import {
  ADMIN_PASSWORD,
  envelope,
  faultCodes,
  fixture,
  LETS_EVERYBODY,
  security,
  startEndpoint,
  TDS,
  tds,
  trt,
  USER_PASSWORD,
  WSDL_DIR,
} from '../support/onvif-endpoint.ts';
import { basic } from '../support/server.ts';

const DEVICE_INFORMATION = tds('GetDeviceInformation');
const ADMIN = basic('admin', ADMIN_PASSWORD);

const challengesOf = ({ headers }: SoapHttpAnswer) => (headers['WWW-Authenticate'] ?? []) as readonly string[];

/** The Authorization header that answers a challenge with Digest. */
function digestHeader(challenges: readonly string[], uri: string, password: string): string {
  const nonce = /nonce="([^"]+)"/.exec(challenges[1]!)![1]!;
  const md5 = (text: string) => createHash('md5').update(text).digest('hex');
  const response = md5(`${md5(`admin:onvif-camera:${password}`)}:${nonce}:00000001:c:auth:${md5(`POST:${uri}`)}`);
  return `Digest username="admin", realm="onvif-camera", nonce="${nonce}", uri="${uri}", qop=auth, nc=00000001, cnonce="c", response="${response}"`;
}

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

describe('who may ask', () => {
  test('without credentials: 401, challenges and a fault', async () => {
    const { post, calls } = await startEndpoint();
    const answer = await post(envelope(DEVICE_INFORMATION));
    expect(answer.status).toBe(401);
    expect(faultCodes(answer)).toBe('Sender/NotAuthorized');
    expect(challengesOf(answer).map((challenge) => challenge.split(' ')[0])).toEqual(['Digest', 'Digest', 'Basic']);
    expect(calls).toEqual([]);
  });

  test.each([
    'agsh-get-profiles',
    'node-onvif-get-stream-uri',
    'go2rtc-get-device-information',
    'zeep-get-profiles',
    'zoneminder-get-profiles-soap11',
    'frigate-password-text',
    'wcf-get-device-information',
  ])('%s passes', async (name) => {
    const { post, calls } = await startEndpoint();
    expect((await post(fixture(name))).status).toBe(200);
    expect(calls[0]?.context.user?.name).toBe('admin');
  });

  test('libonvif passes with one nonce for ever', async () => {
    const { post } = await startEndpoint();
    expect([(await post(fixture('libonvif-1'))).status, (await post(fixture('libonvif-2'))).status]).toEqual([200, 200]);
  });

  test('the arguments of a real request arrive', async () => {
    const { post, calls } = await startEndpoint();
    await post(fixture('node-onvif-get-stream-uri'));
    expect(calls[0]).toMatchObject({
      name: 'GetStreamUri',
      request: { StreamSetup: { Stream: 'RTP-Unicast', Transport: { Protocol: 'RTSP' } }, ProfileToken: 'mjpeg' },
    });
  });

  test.each<[string, string, string]>([
    ['a wrong password', security({ password: 'other' }), 'wrong'],
    ['an unknown user', security({ username: 'nobody' }), 'wrong'],
    ['no nonce', security().replace(/<w:Nonce>.*<\/w:Nonce>/, ''), 'wrong'],
    ['no Created', security().replace(/<u:Created>.*<\/u:Created>/, ''), 'wrong'],
    ['a token from 2001', security({ created: '2001-01-01T00:00:00Z' }), 'clock'],
    ['a token from tomorrow', security({ created: '2026-01-03T03:04:05Z' }), 'clock'],
  ])('%s: 400 and NotAuthorized', async (_, header, reason) => {
    const { post, calls } = await startEndpoint();
    const answer = await post(envelope(DEVICE_INFORMATION, header));
    expect(answer.status).toBe(400);
    expect(faultCodes(answer)).toBe('Sender/NotAuthorized');
    expect(answer.body).toContain(reason);
    expect(answer.headers['WWW-Authenticate']).toBeUndefined();
    expect(calls).toEqual([]);
  });

  test('a replayed token: 400', async () => {
    const { post } = await startEndpoint();
    const text = envelope(DEVICE_INFORMATION, security());
    expect((await post(text)).status).toBe(200);
    const again = await post(text);
    expect([again.status, faultCodes(again)]).toEqual([400, 'Sender/NotAuthorized']);
    expect(again.body).toContain('used before');
  });

  test('Basic and Digest of HTTP pass', async () => {
    const { post, calls } = await startEndpoint();
    expect((await post(envelope(DEVICE_INFORMATION), { authorization: ADMIN })).status).toBe(200);
    const challenges = challengesOf(await post(envelope(DEVICE_INFORMATION)));
    const authorization = digestHeader(challenges, '/onvif/device_service', ADMIN_PASSWORD);
    expect((await post(envelope(DEVICE_INFORMATION), { authorization })).status).toBe(200);
    expect(calls.map((call) => call.context.user?.name)).toEqual(['admin', 'admin']);
  });

  test('wrong credentials of HTTP: 401; a nonce from before the restart: 401 with stale', async () => {
    const { post } = await startEndpoint();
    expect((await post(envelope(DEVICE_INFORMATION), { authorization: basic('admin', 'x') })).status).toBe(401);
    const elsewhere = await startEndpoint();
    const challenges = challengesOf(await elsewhere.post(envelope(DEVICE_INFORMATION)));
    const stale = await post(envelope(DEVICE_INFORMATION), {
      authorization: digestHeader(challenges, '/onvif/device_service', ADMIN_PASSWORD),
    });
    expect(stale.status).toBe(401);
    expect(challengesOf(stale)[0]).toContain('stale=true');
  });

  test('of both kinds given, both must be right, HTTP first', async () => {
    const { post } = await startEndpoint();
    const good = envelope(DEVICE_INFORMATION, security());
    const bad = envelope(DEVICE_INFORMATION, security({ password: 'x' }));
    expect((await post(good, { authorization: basic('admin', 'x') })).status).toBe(401);
    expect((await post(bad, { authorization: basic('admin', 'x') })).status).toBe(401);
    expect((await post(bad, { authorization: ADMIN })).status).toBe(400);
    expect((await post(good, { authorization: ADMIN })).status).toBe(200);
  });

  test('operations that need no login ignore wrong credentials of any kind', async () => {
    const { post, lines } = await startEndpoint();
    for (const authorization of [undefined, basic('admin', 'x'), 'nonsense'])
      expect(
        (await post(envelope(tds('GetSystemDateAndTime'), security({ password: 'x', created: '2001-01-01T00:00:00Z' })), { authorization }))
          .status,
      ).toBe(200);
    expect(lines).toEqual([]);
  });

  test('the level decides', async () => {
    const { post } = await startEndpoint();
    const authorization = basic('watcher', USER_PASSWORD);
    expect((await post(envelope(DEVICE_INFORMATION), { authorization })).status).toBe(200);
    expect((await post(envelope(trt('GetProfiles')), { authorization })).status).toBe(200);
    for (const body of [tds('CreateUsers'), tds('SystemReboot'), trt('CreateProfile')]) {
      const answer = await post(envelope(body), { authorization });
      expect([answer.status, faultCodes(answer)]).toEqual([400, 'Sender/NotAuthorized']);
    }
  });

  describe('with authentication off', () => {
    /** Of each class that needs no login then, and of each that does. */
    const FREE = [tds('GetHostname'), DEVICE_INFORMATION, trt('GetProfiles'), trt('GetStreamUri')];
    const GUARDED = [tds('CreateUsers'), tds('GetZeroConfiguration'), tds('SystemReboot'), trt('CreateProfile')];

    test('everybody may watch and read; wrong and blank credentials are ignored, and are no guesses', async () => {
      const { post, calls, lines, clock } = await startEndpoint({ auth: 'off' });
      expect((await post(fixture('blank-credentials'))).status).toBe(200);
      for (const body of FREE) {
        const wrong = envelope(body, security({ password: 'x' }));
        const answers = [
          post(envelope(body)),
          post(wrong),
          post(wrong, { authorization: 'nonsense' }),
          post(envelope(body), { authorization: basic('admin', 'x') }),
        ];
        expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      }
      expect(calls.map((call) => call.context.user)).toEqual(new Array(17).fill(undefined));
      expect(lines).toEqual([]);
      expect(clock.pending).toBe(0);
    });

    test('who changes something, or wants to see secrets, has to show that he may', async () => {
      const { post, calls } = await startEndpoint({ auth: 'off' });
      for (const [at, body] of GUARDED.entries()) {
        const stranger = await post(envelope(body));
        expect([stranger.status, faultCodes(stranger)]).toEqual([401, 'Sender/NotAuthorized']);
        expect(challengesOf(stranger).map((challenge) => challenge.split(' ')[0])).toEqual(['Digest', 'Digest', 'Basic']);
        const wrong = await post(envelope(body, security({ password: 'x', nonce: `${at}` })), { remoteAddress: `192.168.1.${at}` });
        expect([wrong.status, faultCodes(wrong)]).toEqual([400, 'Sender/NotAuthorized']);
        const watcher = await post(envelope(body), { authorization: basic('watcher', USER_PASSWORD) });
        expect([watcher.status, faultCodes(watcher)]).toEqual([400, 'Sender/NotAuthorized']);
      }
      const blank = fixture('blank-credentials').replace('GetDeviceInformation', 'CreateUsers');
      expect((await post(blank)).status).toBe(400);
      expect(calls).toEqual([]);
      for (const body of [tds('CreateUsers'), trt('CreateProfile')])
        expect((await post(envelope(body), { authorization: ADMIN })).status).toBe(200);
      expect((await post(envelope(tds('CreateUsers'), security()))).status).toBe(200);
      expect(calls.map((call) => call.context.user?.name)).toEqual(['admin', 'admin', 'admin']);
    });

    test('guessing is slowed down as ever', async () => {
      const { post, clock } = await startEndpoint({ auth: 'off' });
      for (let index = 0; index < 5; index++)
        expect((await post(envelope(tds('CreateUsers'), security({ password: 'x' })))).status).toBe(400);
      let answered = false;
      const sixth = post(envelope(tds('CreateUsers'), security({ password: 'x' }))).then(() => {
        answered = true;
      });
      await clock.advanceAsync(0);
      expect(answered).toBe(false);
      await clock.advanceAsync(2000);
      await sixth;
    });
  });

  test('blank credentials with authentication on are wrong ones', async () => {
    const { post } = await startEndpoint();
    expect((await post(fixture('blank-credentials'))).status).toBe(400);
  });

  test("Synology's probe without credentials gets its own answer, other strangers and wrong passwords the usual one", async () => {
    const { post, calls } = await startEndpoint();
    const answer = await post(fixture('synology-create-profile'));
    expect([answer.status, faultCodes(answer)]).toEqual([500, 'Receiver/Action/MaxNVTProfiles']);
    expect((await post(fixture('synology-create-profile').replace('SynoTestProfile', 'Other'))).status).toBe(401);
    expect((await post(fixture('synology-create-profile'), { authorization: basic('admin', 'x') })).status).toBe(401);
    expect(calls).toEqual([]);
  });

  test('guessing is slowed down for the guesser alone', async () => {
    const { post, clock, lines } = await startEndpoint();
    const guess = (index: number) => post(envelope(DEVICE_INFORMATION, security({ password: 'x', nonce: `${index}` })));
    for (let index = 0; index < 6; index++) {
      const answer = guess(index);
      await clock.advanceAsync(index < 5 ? 0 : 500);
      expect((await answer).status).toBe(400);
    }
    const waiting = Array.from({ length: 65 }, (_, index) => guess(index));
    expect((await waiting[0]!).status).toBe(429);
    expect((await waiting[0]!).headers['Retry-After']).toBe('5');
    expect((await post(envelope(DEVICE_INFORMATION, security()), { remoteAddress: '192.168.1.78' })).status).toBe(200);
    expect((await post(envelope(tds('GetHostname')))).status).toBe(200);
    await clock.advanceAsync(240_000);
    expect((await Promise.all(waiting.slice(1))).map((answer) => answer.status)).toEqual(new Array(64).fill(400));
    expect(lines[0]).toContain('192.168.1.77');
  });

  test('one who goes while he waits is forgotten', async () => {
    const { post, clock } = await startEndpoint();
    for (let index = 0; index < 5; index++) await post(envelope(DEVICE_INFORMATION, security({ password: 'x' })));
    const gone = new AbortController();
    const waiting = post(envelope(DEVICE_INFORMATION, security()), { signal: gone.signal });
    gone.abort();
    await waiting;
    expect(clock.pending).toBe(0);
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
