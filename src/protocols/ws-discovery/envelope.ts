import { escapeXml } from '../xml/text.ts';
import { ADDRESSING, DISCOVERY, SOAP, type SoapVersion, type TypeName } from './names.ts';

/** Orders the messages of a sender (WS-Discovery, appendix I): the number grows by message, the instance by start. */
export interface AppSequence {
  readonly instanceId: number;
  readonly messageNumber: number;
}

/** The camera, as it tells of itself. */
export interface Target {
  /** "urn:uuid:…" */
  readonly address: string;
  readonly types: readonly TypeName[];
  readonly scopes: readonly string[];
  readonly xaddrs: readonly string[];
  readonly metadataVersion: number;
}

interface Parts {
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
export function envelope({ soap = '1.2', action, messageId, to, relatesTo, sequence, body, types = [] }: Parts): string {
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
export const describeTarget = ({ address, types, scopes, xaddrs, metadataVersion }: Target): string =>
  [
    reference(address),
    element('d:Types', types.map(({ prefix, local }) => `${prefix}:${local}`).join(' ')),
    element('d:Scopes', scopes.join(' ')),
    element('d:XAddrs', xaddrs.join(' ')),
    element('d:MetadataVersion', String(metadataVersion)),
  ].join('');

export const reference = (address: string): string => `<a:EndpointReference>${element('a:Address', address)}</a:EndpointReference>`;

export const element = (name: string, text: string): string => `<${name}>${escapeXml(text)}</${name}>`;
