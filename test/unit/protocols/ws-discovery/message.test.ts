import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { buildBye, buildHello, buildMatches, buildMatchingRuleFault } from '../../../../src/protocols/ws-discovery/builders.ts';
import {
  looksLikeRequest,
  MAX_DATAGRAM,
  MAX_REQUEST,
  type Message,
  type Probe,
  parseMessage,
  type Resolve,
} from '../../../../src/protocols/ws-discovery/message.ts';
import { ADDRESSING, DISCOVERY, ONVIF_TYPES } from '../../../../src/protocols/ws-discovery/names.ts';
import { escapeXml } from '../../../../src/protocols/xml/text.ts';
import { readTree } from '../../../../src/protocols/xml/tree.ts';
import { schemaPath, schemasMissing } from '../../../support/onvif-schemas.ts';
import { describeNeeding, installation, program } from '../../../support/programs.ts';
import { makeTempDir } from '../../../support/temp-dir.ts';
import { REQUESTS } from '../../../support/ws-discovery.ts';

const parse = (text: string): Message | undefined => parseMessage(Buffer.from(text));

const target = {
  address: 'urn:uuid:9a8b7c6d-1234-4abc-8def-0123456789ab',
  types: ONVIF_TYPES,
  scopes: ['onvif://www.onvif.org/Profile/Streaming', 'onvif://www.onvif.org/name/A&B<">'],
  xaddrs: ['http://192.168.1.5:8080/onvif/device_service'],
  metadataVersion: 7,
};
const sequence = { instanceId: 1_767_323_045, messageNumber: 3 };
const probe = parse(REQUESTS.probe()) as Probe;
const probe11 = parse(REQUESTS.soap11()) as Probe;
const resolve = parse(REQUESTS.resolve(target.address)) as Resolve;

const BUILT: ReadonlyArray<readonly [string, string]> = [
  ['Hello', buildHello(target, 'urn:uuid:1', sequence)],
  ['Bye', buildBye(target.address, 'urn:uuid:2', sequence)],
  ['ProbeMatches', buildMatches(probe, target, 'urn:uuid:3', sequence)],
  ['ResolveMatches', buildMatches(resolve, target, 'urn:uuid:4', sequence)],
];

describe('parseMessage', () => {
  test('reads a Probe with prefixes of its own', () => {
    const read = parse(
      REQUESTS.probe({ types: ' net:NetworkVideoTransmitter\n x:Y Z ', scopes: 'onvif://a onvif://b', matchBy: `${DISCOVERY}/strcmp0` }),
    );
    expect(read).toEqual({
      kind: 'Probe',
      soap: '1.2',
      messageId: 'urn:uuid:11111111-2222-4333-8444-555555555555',
      types: [
        { namespace: 'http://www.onvif.org/ver10/network/wsdl', local: 'NetworkVideoTransmitter' },
        { namespace: undefined, local: 'Y' },
        { namespace: '', local: 'Z' },
      ],
      scopes: ['onvif://a', 'onvif://b'],
      matchBy: `${DISCOVERY}/strcmp0`,
    });
  });

  test('reads a Probe with nothing in it', () => {
    const nothing = { kind: 'Probe', soap: '1.2', types: [], scopes: [], matchBy: undefined };
    expect(parse(REQUESTS.bare())).toEqual({ ...nothing, messageId: 'uuid:bare' });
    expect(parse(REQUESTS.probe({ id: 'x' }))).toEqual({ ...nothing, messageId: 'x' });
    expect(parse(`\ufeff${REQUESTS.bare()}\n`)).toBeDefined();
  });

  test('reads a Probe in SOAP 1.1 whose type has an undeclared prefix', () => {
    expect(probe11).toMatchObject({ soap: '1.1', types: [{ namespace: undefined, local: 'NetworkVideoTransmitter' }], scopes: [] });
  });

  test('an undeclared prefix of an element elsewhere does not matter', () => {
    expect(parse(REQUESTS.probe().replace('<env:Header>', '<env:Header><x:y z:w="1"/>'))).toEqual(probe);
  });

  test('a prefix that every object has is not declared either', () => {
    expect(parse(REQUESTS.probe({ types: 'constructor:A __proto__:B toString:C' }))).toMatchObject({
      types: ['A', 'B', 'C'].map((local) => ({ namespace: undefined, local })),
    });
    expect(parse(REQUESTS.probe().replace('<env:Header>', '<env:Header><constructor:y __proto__="1" toString:z=""/>'))).toEqual(probe);
    expect(({} as Record<string, unknown>)['1']).toBeUndefined();
  });

  test('reads a Resolve', () => {
    expect(resolve).toEqual({ kind: 'Resolve', soap: '1.2', messageId: 'urn:uuid:resolve', address: target.address });
  });

  test.each([
    ['nothing', ''],
    ['text', `${DISCOVERY} Probe`],
    ['half of it', REQUESTS.probe().slice(0, 600)],
    ['all but the last character', REQUESTS.bare().slice(0, -1)],
    ['two documents', REQUESTS.bare() + REQUESTS.bare()],
    ['no MessageID', REQUESTS.bare('')],
    ['a long MessageID', REQUESTS.bare('x'.repeat(257))],
    ['a DOCTYPE', `<!DOCTYPE Envelope>${REQUESTS.bare()}`],
    ['entities', `<!DOCTYPE E [<!ENTITY x "xxxx"><!ENTITY y "&x;&x;">]>${REQUESTS.bare('&y;')}`],
    ['an unknown entity', REQUESTS.bare('&x;')],
    ['another message', REQUESTS.bare().replace('<Probe ', '<Prob ')],
    ['another version of WS-Discovery', REQUESTS.bare().replace(DISCOVERY, 'http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01')],
    ['another addressing', REQUESTS.bare().replace(ADDRESSING, 'http://www.w3.org/2005/08/addressing')],
    ['another envelope', REQUESTS.bare().replace('soap-envelope', 'sop-envelope')],
    ['no body', REQUESTS.bare().replaceAll('Body', 'Bodi')],
    ['a Resolve of nothing', REQUESTS.resolve(' ')],
    ['too many scopes', REQUESTS.probe({ scopes: 'a '.repeat(65) })],
    ['too many types', REQUESTS.probe({ types: 'a '.repeat(65) })],
    ['too deep', REQUESTS.probe().replace('<env:Header>', `<env:Header>${'<a>'.repeat(16)}${'</a>'.repeat(16)}`)],
    ['too many elements', REQUESTS.probe().replace('<env:Header>', `<env:Header>${'<a/>'.repeat(300)}`)],
    ['too many attributes', REQUESTS.bare().replace('<Probe ', `<Probe ${Array.from({ length: 300 }, (_, at) => `a${at}=""`).join(' ')} `)],
    [
      'too many namespaces',
      REQUESTS.bare().replace('<Header>', `<Header>${Array.from({ length: 200 }, (_, at) => `<a xmlns:a="x" b${at}=""/>`).join('')}`),
    ],
    ['too long', REQUESTS.bare() + ' '.repeat(MAX_DATAGRAM)],
  ])('%s is not a message', (_, text) => {
    expect(parse(text)).toBeUndefined();
  });

  test('is quick with the worst that fits', () => {
    const worst = [
      REQUESTS.bare() + '<a '.repeat(20_000),
      REQUESTS.probe({ scopes: 'a '.repeat(32_000) }),
      `${DISCOVERY}${' '.repeat(65_000)}`,
      REQUESTS.probe().replace('<wsd:Probe>', `<wsd:Probe ${Array.from({ length: 4_000 }, (_, at) => `a${at}="${at}"`).join(' ')}>`),
    ];
    const started = performance.now();
    for (const text of worst) parse(text);
    // Measured: 50 ms; something quadratic takes seconds.
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('looksLikeRequest', () => {
  const looks = (text: string) => looksLikeRequest(Buffer.from(text));

  test('knows requests, however they are written', () => {
    for (const text of [REQUESTS.probe(), REQUESTS.bare(), REQUESTS.soap11(), REQUESTS.resolve('urn:x'), `\ufeff${REQUESTS.bare()}\r\n `])
      expect(looks(text)).toBe(true);
    expect(looks(REQUESTS.bare().replace('<Probe xmlns', '<Probe\n\txmlns'))).toBe(true);
    expect(looks(REQUESTS.probe({ scopes: 'onvif://www.onvif.org/name/K\u00fcche\u95e8' }))).toBe(true);
  });

  test('knows what other devices say without parsing it', () => {
    for (const [kind, text] of BUILT) expect([kind, looks(text)]).toEqual([kind, false]);
  });

  test.each([
    ['nothing', ''],
    ['junk', 'junk'],
    ['half of one', REQUESTS.probe().slice(0, -20)],
    ['a DOCTYPE', `<!DOCTYPE x>${REQUESTS.bare()}`],
    ['one that is longer than a request is', REQUESTS.probe({ scopes: 'x'.repeat(MAX_REQUEST) })],
    ['another version', REQUESTS.bare().replace(DISCOVERY, 'http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01')],
  ])('%s is none', (_, text) => {
    expect(looks(text)).toBe(false);
  });

  test('a large answer of a real device is no request, but can be read', () => {
    const scopes = Array.from({ length: 60 }, (_, at) => `onvif://www.onvif.org/x/${at}${'y'.repeat(200)}`);
    const answer = buildMatches(probe, { ...target, scopes }, 'urn:uuid:9', sequence);
    expect(answer.length).toBeGreaterThan(MAX_REQUEST);
    expect(looks(answer)).toBe(false);
    expect(parse(answer)).toMatchObject({ kind: 'ProbeMatches', endpoints: [{ scopes }] });
  });
});

describe('what is built', () => {
  test('Hello can be read again', () => {
    expect(parse(BUILT[0]![1])).toEqual({
      kind: 'Hello',
      soap: '1.2',
      messageId: 'urn:uuid:1',
      sequence,
      endpoint: { ...target, types: ONVIF_TYPES.map(({ namespace, local }) => ({ namespace, local })) },
    });
  });

  test('Bye can be read again', () => {
    expect(parse(BUILT[1]![1])).toMatchObject({ kind: 'Bye', sequence, endpoint: { address: target.address } });
  });

  test('the matches can be read again, and relate to what was asked', () => {
    const expected = { address: target.address, scopes: target.scopes, xaddrs: target.xaddrs, metadataVersion: 7 };
    expect(parse(BUILT[2]![1])).toMatchObject({ kind: 'ProbeMatches', relatesTo: probe.messageId, endpoints: [expected] });
    expect(parse(BUILT[3]![1])).toMatchObject({ kind: 'ResolveMatches', relatesTo: resolve.messageId, endpoints: [expected] });
  });

  test('SOAP 1.1 is answered in kind', () => {
    expect(parse(buildMatches(probe11, target, 'urn:uuid:5', sequence))).toMatchObject({ soap: '1.1', kind: 'ProbeMatches' });
    const fault = readTree(buildMatchingRuleFault(probe11, 'urn:uuid:6'), { depth: 9, elements: 99, attributesOfOne: 9, attributes: 99 });
    expect(fault?.children[1]?.children[0]?.children.map((each) => each.local)).toEqual(['faultcode', 'faultstring', 'detail']);
  });

  test('no part declares a namespace or has attributes that xml2js would turn text into an object for', () => {
    for (const [, text] of BUILT) expect(text.slice(text.indexOf('<s:Header>'))).not.toContain('xmlns');
  });

  test('the fault names the rules that are known', () => {
    const text = buildMatchingRuleFault(probe, 'urn:uuid:7');
    expect(text).toContain(`<a:Action>${DISCOVERY}/fault</a:Action>`);
    expect(text).toContain('<s:Subcode><s:Value>d:MatchingRuleNotSupported</s:Value></s:Subcode>');
    expect(text).toContain(`${DISCOVERY}/rfc3986 ${DISCOVERY}/strcmp0`);
    expect(text).toContain(`<a:RelatesTo>${probe.messageId}</a:RelatesTo>`);
  });

  test('text is escaped, and what XML cannot hold is left out', () => {
    expect(escapeXml('a<b>&"\' \u0000\u0008\ud800\uffff\t\n\u{1f600}é')).toBe("a&lt;b&gt;&amp;&quot;' &#9;&#10;\u{1f600}é");
    expect(BUILT[0]![1]).toContain('name/A&amp;B&lt;&quot;&gt;');
  });
});

const SCHEMA = schemaPath('driver-wsd.xsd');
const withoutXmllint = program('xmllint') ? undefined : `needs xmllint: ${installation('xmllint')}`;

describeNeeding(schemasMissing('driver-wsd.xsd') ?? withoutXmllint, 'by the official schemas', () => {
  const messages = [...BUILT, ['the fault', buildMatchingRuleFault(probe, 'urn:uuid:8')] as const];
  test.each(messages)('%s is valid', (_, text) => {
    const file = join(makeTempDir(), 'message.xml');
    writeFileSync(file, text);
    execFileSync('xmllint', ['--noout', '--schema', SCHEMA, file], { stdio: 'pipe' });
  });

  test('a wrong one is not', () => {
    const file = join(makeTempDir(), 'message.xml');
    writeFileSync(file, BUILT[0]![1].replace('<d:MetadataVersion>7', '<d:MetadataVersion>x'));
    expect(() => execFileSync('xmllint', ['--noout', '--schema', SCHEMA, file], { stdio: 'pipe' })).toThrow('MetadataVersion');
  });
});
