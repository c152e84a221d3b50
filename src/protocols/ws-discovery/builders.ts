import { escapeXml } from '../xml/text.ts';
import { MATCHING_RULES } from './matching.ts';
import type { Probe, Resolve } from './message.ts';
import { ADDRESSING, ANONYMOUS, DISCOVERY, EVERYONE, SOAP, type SoapVersion, type TypeName } from './names.ts';

/** Orders the messages of a sender (WS-Discovery, appendix I): the number grows by message, the instance by start. */
export interface AppSequence {
  readonly instanceId: number;
  readonly messageNumber: number;
}

/** The camera, as it tells of itself. */
export interface Target {
  /** Address of the endpoint: "urn:uuid:…". */
  readonly address: string;
  readonly types: readonly TypeName[];
  readonly scopes: readonly string[];
  /** URLs of the device service. */
  readonly xaddrs: readonly string[];
  /** Rises when what is told here changes. */
  readonly metadataVersion: number;
}

const RULE_FAULT = { code: 'd:MatchingRuleNotSupported', reason: 'This device does not know the rule in MatchBy.' };

/** Returns a Hello, which tells everyone that the camera is there (WS-Discovery, section 4.1). */
export const buildHello = (target: Target, messageId: string, sequence: AppSequence): string =>
  envelope({
    action: 'Hello',
    messageId,
    to: EVERYONE,
    sequence,
    types: target.types,
    body: `<d:Hello>${describeTarget(target)}</d:Hello>`,
  });

/** Returns a Bye, which tells everyone that the camera leaves (WS-Discovery, section 4.2). */
export const buildBye = (address: string, messageId: string, sequence: AppSequence): string =>
  envelope({ action: 'Bye', messageId, to: EVERYONE, sequence, body: `<d:Bye>${reference(address)}</d:Bye>` });

/** Returns a Probe, which asks everyone of these types to answer (WS-Discovery, section 5.2). */
export const buildProbe = (types: readonly TypeName[], messageId: string): string =>
  envelope({
    action: 'Probe',
    messageId,
    to: EVERYONE,
    types,
    body: `<d:Probe>${element('d:Types', types.map(({ prefix, local }) => `${prefix}:${local}`).join(' '))}</d:Probe>`,
  });

/** Returns the answer to a Probe that matches, or to a Resolve that names us (WS-Discovery, sections 5.3 and 6.3). */
export function buildMatches(request: Probe | Resolve, target: Target, messageId: string, sequence: AppSequence): string {
  const name = `${request.kind}Match`;
  return envelope({
    soap: request.soap,
    action: `${name}es`,
    messageId,
    to: ANONYMOUS,
    relatesTo: request.messageId,
    sequence,
    types: target.types,
    body: `<d:${name}es><d:${name}>${describeTarget(target)}</d:${name}></d:${name}es>`,
  });
}

/** Returns the refusal of a unicast Probe whose MatchBy is unknown (WS-Discovery, section 5; codes in section 7). */
export function buildMatchingRuleFault(probe: Probe, messageId: string): string {
  const detail = element('d:SupportedMatchingRules', MATCHING_RULES.join(' '));
  const body =
    probe.soap === '1.1'
      ? `<s:Fault><faultcode>${RULE_FAULT.code}</faultcode><faultstring>${RULE_FAULT.reason}</faultstring><detail>${detail}</detail></s:Fault>`
      : `<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>${RULE_FAULT.code}</s:Value></s:Subcode></s:Code>` +
        `<s:Reason><s:Text xml:lang="en">${RULE_FAULT.reason}</s:Text></s:Reason><s:Detail>${detail}</s:Detail></s:Fault>`;
  return envelope({ soap: probe.soap, action: 'fault', messageId, to: ANONYMOUS, relatesTo: probe.messageId, body });
}

interface EnvelopeOptions {
  readonly soap?: SoapVersion;
  /** Last part of the action's URI: "Hello". */
  readonly action: string;
  readonly messageId: string;
  readonly to: string;
  readonly relatesTo?: string;
  readonly sequence?: AppSequence;
  /** XML. Prefixes: s, a, d, and those of `types`. */
  readonly body: string;
  readonly types?: readonly TypeName[];
}

/** A whole message. All namespaces are declared at the top: clients by xml2js stumble over declarations further down. */
function envelope({ soap = '1.2', action, messageId, to, relatesTo, sequence, body, types = [] }: EnvelopeOptions): string {
  const namespaces = new Map([
    ['s', SOAP[soap]],
    ['a', ADDRESSING],
    ['d', DISCOVERY],
    ...types.map(({ prefix, namespace }) => [prefix, namespace] as const),
  ]);
  const declarations = [...namespaces].map(([prefix, uri]) => ` xmlns:${prefix}="${escapeXml(uri)}"`).join('');
  const header = [
    `<a:Action>${DISCOVERY}/${action}</a:Action>`,
    element('a:MessageID', messageId),
    relatesTo === undefined ? '' : element('a:RelatesTo', relatesTo),
    element('a:To', to),
    sequence ? `<d:AppSequence InstanceId="${sequence.instanceId}" MessageNumber="${sequence.messageNumber}"/>` : '',
  ].join('');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope${declarations}><s:Header>${header}</s:Header><s:Body>${body}</s:Body></s:Envelope>`;
}

/** What Hello and the matches have in common, in the order of the schema. */
const describeTarget = ({ address, types, scopes, xaddrs, metadataVersion }: Target): string =>
  [
    reference(address),
    element('d:Types', types.map(({ prefix, local }) => `${prefix}:${local}`).join(' ')),
    element('d:Scopes', scopes.join(' ')),
    element('d:XAddrs', xaddrs.join(' ')),
    element('d:MetadataVersion', String(metadataVersion)),
  ].join('');

const reference = (address: string): string => `<a:EndpointReference>${element('a:Address', address)}</a:EndpointReference>`;

const element = (name: string, text: string): string => `<${name}>${escapeXml(text)}</${name}>`;
