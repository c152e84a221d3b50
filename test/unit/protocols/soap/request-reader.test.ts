import { describe, expect, test } from '@jest/globals';
import { type Refusal, readRequest, type SoapRequest } from '../../../../src/protocols/soap/request-reader.ts';
import { NO_ADDRESSING } from '../../../support/onvif-context.ts';
import { envelope, fixture, security, TDS, tds, WSSE, WSU } from '../../../support/onvif-endpoint.ts';

const SOAP11 = 'http://schemas.xmlsoap.org/soap/envelope/';
const SOAP12 = 'http://www.w3.org/2003/05/soap-envelope';

function read(text: string): SoapRequest {
  const result = readRequest(text);
  if ('fault' in result) throw new Error(`refused: ${result.fault.message}`);
  return result;
}

/** "Sender/WellFormed" */
function refusal(text: string): string {
  const result = readRequest(text);
  if (!('fault' in result)) throw new Error(`accepted: ${JSON.stringify(result)}`);
  return [result.fault.code, ...result.fault.subcodes].join('/');
}

const versionOf = (text: string) => (readRequest(text) as SoapRequest | Refusal).soapVersion;

describe('what is read', () => {
  test('operation, version, and nothing else of a bare request', () => {
    expect(read(envelope(tds('GetHostname')))).toEqual({
      soapVersion: '1.2',
      operation: { namespace: TDS, localName: 'GetHostname' },
      content: '<GetHostname></GetHostname>',
      resolvePrefix: expect.any(Function),
      token: undefined,
      addressing: NO_ADDRESSING,
    });
  });

  test.each([
    ['a prefix', `<S:Envelope xmlns:S="${SOAP12}"><S:Body><x:GetHostname xmlns:x="${TDS}"/></S:Body></S:Envelope>`],
    ['default namespaces', `<Envelope xmlns="${SOAP12}"><Body><GetHostname xmlns="${TDS}"/></Body></Envelope>`],
    ['declarations around', `<E:Envelope xmlns:E="${SOAP12}" xmlns="${TDS}"><E:Body><GetHostname/></E:Body></E:Envelope>`],
    ['a prefix declared anew', `<a:Envelope xmlns:a="${SOAP12}"><a:Body><a:GetHostname xmlns:a="${TDS}"/></a:Body></a:Envelope>`],
    [
      'entities and comments',
      `<!-- x --><a:Envelope xmlns:a="${SOAP12}"><a:Body ><!----><b:GetHostname xmlns:b='${TDS.replace('w', '&#119;')}'\n/></a:Body></a:Envelope>\n`,
    ],
  ])('names with %s', (_, text) => {
    expect(read(text).operation).toEqual({ namespace: TDS, localName: 'GetHostname' });
  });

  test('SOAP 1.1, and says so in refusals too', () => {
    const text = `<e:Envelope xmlns:e="${SOAP11}"><e:Body><GetHostname xmlns="${TDS}"/></e:Body></e:Envelope>`;
    expect(read(text).soapVersion).toBe('1.1');
    expect(versionOf(text.replace('</e:Body>', '</e:Bdy>'))).toBe('1.1');
    expect(versionOf('nonsense')).toBe('1.2');
  });

  test('arguments, written anew without anything that could mislead', () => {
    const text = envelope(
      `<t:CreateUsers xmlns:t="${TDS}" xmlns:tt="urn:tt" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">
         <t:User token='a"b' tt:other="1" i:type="tt:X">
           <tt:Username><![CDATA[<?xml version="1.0"?><x id="__proto__"/>]]> &amp; &lt;</tt:Username><!-- no -->
           <tt:Password>  two
lines\t</tt:Password>
           <tt:Level i:nil="true"/>
         </t:User>
       </t:CreateUsers>`,
    );
    expect(read(text).content).toBe(
      '<CreateUsers><User token="a&quot;b"><Username>&lt;?xml version=&quot;1.0&quot;?&gt;&lt;x id=&quot;__proto__&quot;/&gt; &amp; &lt;</Username>' +
        '<Password>  two&#10;lines&#9;</Password></User></CreateUsers>',
    );
  });

  test('WS-Addressing', () => {
    expect(read(fixture('wcf-get-device-information')).addressing).toEqual({
      namespace: 'http://www.w3.org/2005/08/addressing',
      messageId: 'urn:uuid:5f0d3ad2-3f3e-4f7d-8a55-0d2f6c0c7a11',
      action: 'http://www.onvif.org/ver10/device/wsdl/GetDeviceInformation',
      to: 'http://192.168.1.5/onvif/device_service',
      replyTo: 'http://www.w3.org/2005/08/addressing/anonymous',
    });
  });

  test('WS-Addressing of 2004; of several headers the first counts, and none of another namespace or elsewhere', () => {
    const [then, now] = ['http://schemas.xmlsoap.org/ws/2004/08/addressing', 'http://www.w3.org/2005/08/addressing'];
    const headers =
      `<MessageID xmlns="urn:x">no</MessageID><x:To xmlns:x="urn:x"><a:To xmlns:a="${then}">no</a:To></x:To>` +
      `<a:MessageID xmlns:a="${then}"> urn:1 </a:MessageID><a:MessageID xmlns:a="${then}">urn:2</a:MessageID>` +
      `<b:Action xmlns:b="${now}">urn:action</b:Action><b:Address xmlns:b="${then}">no</b:Address>` +
      `<a:FaultTo xmlns:a="${then}"><a:Address>no</a:Address></a:FaultTo><a:ReplyTo xmlns:a="${then}">no</a:ReplyTo>`;
    expect(read(envelope(tds('GetHostname'), headers)).addressing).toEqual({
      ...NO_ADDRESSING,
      namespace: then,
      messageId: 'urn:1',
    });
  });

  test('a token with any prefixes', () => {
    const token = { username: 'admin', passwordType: 'PasswordDigest', nonce: 'YSBub25jZQ==', created: '2026-01-02T03:04:05Z' };
    expect(read(envelope(tds('GetUsers'), security())).token).toMatchObject(token);
    const prefixless = security()
      .replaceAll('w:', '')
      .replaceAll('u:', '')
      .replace('<Security', `<Security xmlns="${WSSE}"`)
      .replace('<Created', `<Created xmlns="${WSU}"`);
    expect(prefixless).toContain('<Security xmlns=');
    expect(read(envelope(tds('GetUsers'), prefixless)).token).toMatchObject(token);
  });

  test.each<[string, Partial<SoapRequest['token']>]>([
    ['agsh-get-profiles', { username: 'admin', passwordType: 'PasswordDigest', created: '2026-01-02T03:04:05.678Z' }],
    ['zeep-get-profiles', { created: '2026-01-02T03:04:05+00:00' }],
    ['zoneminder-get-profiles-soap11', { nonce: Buffer.from('a value of 7').toString('base64') }],
    ['frigate-password-text', { username: 'admin', password: 'open sesame', passwordType: 'PasswordText' }],
    ['wcf-get-device-information', { username: 'admin', created: '2026-01-02T03:04:05.1234567Z' }],
    ['blank-credentials', { username: '', password: '' }],
  ])('the token of %s', (name, expected) => {
    expect(read(fixture(name)).token).toMatchObject(expected!);
  });

  test('no token outside wsse:Security', () => {
    expect(read(envelope(tds('GetUsers'), security().replaceAll(WSSE, 'urn:other'))).token).toBeUndefined();
    expect(read(envelope(`${tds('GetUsers', security())}`)).token).toBeUndefined();
  });

  test('prefixes in texts, by the declarations around them', () => {
    const { resolvePrefix } = read(
      envelope('<a xmlns="urn:one" xmlns:p="urn:p"><b xmlns:q="urn:q">q:x</b><c xmlns:p="urn:other">p:x</c></a>').replace(
        '<s:Body',
        '<s:Body xmlns:o="urn:o"',
      ),
    );
    expect(['p', 'q', 'o', 's', 'z', 'xml'].map(resolvePrefix)).toEqual([
      'urn:other',
      'urn:q',
      'urn:o',
      'http://www.w3.org/2003/05/soap-envelope',
      undefined,
      'http://www.w3.org/XML/1998/namespace',
    ]);
  });

  test('a byte order mark is skipped', () => {
    expect(read(`\ufeff${envelope(tds('GetHostname'))}`).operation.localName).toBe('GetHostname');
  });
});

describe('what is refused', () => {
  test('two tokens, in one header of security or in two: it must not depend on their order which of them is checked', () => {
    const [a, b] = [security({ username: 'a' }), security({ username: 'b' })];
    const inOne = a.replace('</w:Security>', b.replace(/^<w:Security[^>]*>/, ''));
    for (const header of [a + b, inOne, a + a])
      expect(readRequest(envelope(tds('GetUsers'), header))).toMatchObject({ fault: { subcodes: ['InvalidArgs'] } });
  });

  const body = (text: string) => envelope(text);

  test.each([
    ['nothing', ''],
    ['text', 'GET / HTTP/1.1'],
    ['JSON', '{"a":1}'],
    ['HTML', '<html><body></body></html>'],
    ['two roots', `${envelope(tds('GetHostname'))}<x/>`],
    ['text after the root', `${envelope(tds('GetHostname'))}x`],
    ['an attribute without quotes', body(`<a b=c xmlns="${TDS}"/>`)],
    ['a bare ampersand', body(tds('SetHostname', 'a & b'))],
    ['an HTML entity', body(tds('SetHostname', '&nbsp;'))],
    ['a NUL by reference', body(tds('SetHostname', '&#0;'))],
    ['a control character', body(tds('SetHostname', '\u0001'))],
    ['bytes that were no UTF-8', body(tds('SetHostname', Buffer.from([0x61, 0xc3]).toString('utf8')))],
    ['a DOCTYPE', `<!DOCTYPE x>${envelope(tds('GetHostname'))}`],
    ['an external entity', `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${body(tds('SetHostname', '&e;'))}`],
    ['an entity bomb', `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>${body(tds('SetHostname', '&b;'))}`],
    ['a processing instruction', body(`<?php x?>${tds('GetHostname')}`)],
    ['two operations', body(tds('GetHostname') + tds('GetUsers'))],
    ['two bodies', envelope(tds('GetHostname')).replace('</s:Envelope>', '<s:Body/></s:Envelope>')],
    ['a header after the body', envelope(tds('GetHostname')).replace('</s:Envelope>', '<s:Header/></s:Envelope>')],
    ['a stranger in the envelope', envelope(tds('GetHostname')).replace('<s:Body>', '<s:Foot/><s:Body>')],
    ['text in the envelope', envelope(tds('GetHostname')).replace('<s:Body>', 'x<s:Body>')],
  ])('%s', (_, text) => {
    expect(refusal(text)).toBe('Sender/WellFormed');
  });

  test.each([
    ['a tag that does not match', envelope('<a xmlns="urn:x"></b>')],
    ['a tag that is not closed', envelope(tds('GetHostname')).replace('</s:Envelope>', '')],
  ])('%s', (_, text) => {
    expect(refusal(text)).toBe('Sender/TagMismatch');
  });

  test.each([
    ['an element', body('<x:GetHostname/>')],
    ['an attribute', body(`<GetHostname xmlns="${TDS}" y:z="1"/>`)],
    ['a prefix declared as nothing', body('<x:GetHostname xmlns:x=""/>')],
    ['a name of three parts', body('<s:a:b/>')],
  ])('%s that has no namespace', (_, text) => {
    expect(refusal(text)).toBe('Sender/Namespace');
  });

  test.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__'])(
    'the name %s, wherever it stands but as that of an operation, which is looked up as any other',
    (name) => {
      for (const text of [
        tds('SetHostname', `<${name}/>`),
        `<${name}:SetHostname xmlns:${name}="${TDS}"/>`,
        tds(name, `<${name}/>`),
        `<SetHostname xmlns="${TDS}" ${name}="x"/>`,
        `<SetHostname xmlns="${TDS}" xmlns:${name}="x"/>`,
      ])
        expect(refusal(body(text))).toMatch(/^Sender\/(InvalidArgs|WellFormed)$/);
      expect(refusal(envelope(tds('GetHostname'), `<${name} xmlns="urn:x"/>`))).toBe('Sender/InvalidArgs');
      for (const text of [tds(name), `<x:${name} xmlns:x="${TDS}"/>`])
        expect(read(body(text)).operation).toEqual({ namespace: TDS, localName: name });
    },
  );

  test.each(['id', 'href'])('links by the attribute %s', (name) => {
    expect(refusal(body(tds('SetHostname', `<Name ${name}="__proto__"/>`)))).toBe('Sender/InvalidArgs');
    expect(refusal(envelope(tds('GetHostname'), `<x xmlns="urn:x" ${name}="#1"/>`))).toBe('Sender/InvalidArgs');
  });

  test('text between elements', () => {
    expect(refusal(body(tds('SetHostname', 'x<Name>a</Name>')))).toBe('Sender/InvalidArgs');
  });

  test('a Body without an element', () => {
    expect(refusal(body(''))).toBe('Sender/UnknownAction');
    expect(refusal(`<e:Envelope xmlns:e="${SOAP12}"/>`)).toBe('Sender/UnknownAction');
  });

  test('other envelopes', () => {
    expect(refusal('<e:Envelope xmlns:e="http://www.w3.org/2001/12/soap-envelope"><e:Body/></e:Envelope>')).toBe('VersionMismatch');
    expect(refusal('<Envelope><Body/></Envelope>')).toBe('VersionMismatch');
    expect(refusal(`<e:Message xmlns:e="${SOAP12}"/>`)).toBe('Sender/WellFormed');
  });

  test.each([
    ['s:mustUnderstand="1"', true],
    ['s:mustUnderstand="true"', true],
    [`s:mustUnderstand="true" s:role="${SOAP12}/role/next"`, true],
    ['s:mustUnderstand="0"', false],
    ['mustUnderstand="1"', false],
    ['s:mustUnderstand="1" s:role="urn:somebody-else"', false],
    ['', false],
  ])('an unknown header with %s: %s', (attributes, isRefused) => {
    const text = envelope(tds('GetHostname'), `<x xmlns="urn:x" ${attributes}/>`);
    if (isRefused) expect(refusal(text)).toBe('MustUnderstand');
    else expect(read(text).operation.localName).toBe('GetHostname');
  });
});

describe('limits', () => {
  test.each([
    ['depth', envelope(`<a xmlns="urn:x">${'<b>'.repeat(40)}${'</b>'.repeat(40)}</a>`)],
    ['elements', envelope(`<a xmlns="urn:x">${'<b/>'.repeat(5000)}</a>`)],
    ['attributes of one', envelope(`<a xmlns="urn:x" ${Array.from({ length: 100 }, (_, index) => `a${index}=""`).join(' ')}/>`)],
    ['attributes in all', envelope(`<a xmlns="urn:x">${'<b c="" d="" e=""/>'.repeat(2000)}</a>`)],
    ['length', envelope(tds('SetHostname', 'a'.repeat(10_000_000)))],
  ])('of %s', (_, text) => {
    expect(refusal(text)).toBe('Sender/InvalidArgs');
  });

  test('take what is large and yet real', () => {
    const users = Array.from(
      { length: 300 },
      (_, index) => `<User><tt:Username>user${index}</tt:Username><tt:Password>${'p'.repeat(128)}</tt:Password></User>`,
    );
    expect(read(envelope(tds('CreateUsers', users.join('')))).content.length).toBeGreaterThan(50_000);
  });

  test('hold for time: declarations on every level cost no more than their number', () => {
    const wide = Array.from(
      { length: 28 },
      (_, level) => `<a ${Array.from({ length: 90 }, (_, index) => `xmlns:p${level}-${index}="u"`).join(' ')}>`,
    ).join('');
    const text = envelope(`<x xmlns="urn:x">${wide}${'<b xmlns:q="u"/>'.repeat(1400)}${'</a>'.repeat(28)}</x>`);
    const started = performance.now();
    expect(read(text).operation.localName).toBe('x');
    expect(performance.now() - started).toBeLessThan(500);
  });
});
