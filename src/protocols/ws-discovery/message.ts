import type { XmlLimits } from '../xml/reader.ts';
import { child, type Element, readTree } from '../xml/tree.ts';
import { ADDRESSING, DISCOVERY, SOAP, type SoapVersion } from './names.ts';

/** A qualified name in a Types list. */
export interface QName {
  /** Undefined: the prefix was not declared (ZoneMinder). Empty: no namespace. */
  readonly namespace: string | undefined;
  readonly local: string;
}

/** What all messages have. */
interface Header {
  readonly soap: SoapVersion;
  readonly messageId: string;
}

/** What a client looks for (WS-Discovery, section 5.2). Empty lists match everything. */
export interface Probe extends Header {
  readonly kind: 'Probe';
  readonly types: readonly QName[];
  readonly scopes: readonly string[];
  /** URI of the rule by which scopes are compared; undefined: the default. */
  readonly matchBy: string | undefined;
}

/** Asks where an endpoint is (section 6.2). */
export interface Resolve extends Header {
  readonly kind: 'Resolve';
  /** Address of the endpoint: "urn:uuid:…". */
  readonly address: string;
}

/** What an endpoint tells of itself. */
export interface Endpoint {
  /** "urn:uuid:…" */
  readonly address: string;
  readonly types: readonly QName[];
  readonly scopes: readonly string[];
  /** URLs of its service. */
  readonly xaddrs: readonly string[];
  readonly metadataVersion: number | undefined;
}

/** Hello and Bye (sections 4.1 and 4.2). */
export interface Announcement extends Header {
  readonly kind: 'Hello' | 'Bye';
  readonly endpoint: Endpoint;
  /** Orders the messages of its sender (appendix I); undefined where it does not say. */
  readonly sequence: { readonly instanceId: number; readonly messageNumber: number } | undefined;
}

/** The answers to Probe and Resolve (sections 5.3 and 6.3). */
export interface Matches extends Header {
  readonly kind: 'ProbeMatches' | 'ResolveMatches';
  /** MessageID of the request. */
  readonly relatesTo: string;
  readonly endpoints: readonly Endpoint[];
}

/** Any message of WS-Discovery that is read. */
export type Message = Probe | Resolve | Announcement | Matches;

/** Longest datagram that is read, bytes (SOAP-over-UDP, section 7). */
export const MAX_DATAGRAM = 65_536;
/** Longest request, bytes: clients send 1 kB, and keep to what fits into one frame of an Ethernet. */
export const MAX_REQUEST = 8192;
/** Most types or scopes of one message; a real camera has about ten. */
const MAX_LIST = 64;
/** Longest MessageID, characters: it comes back in the answer, and is usually 45 long. */
const MAX_ID = 256;

/** Real messages have 6 levels, a ProbeMatches of real cameras about 20 elements, and 10 attributes, namespaces included. */
const LIMITS: XmlLimits = { depth: 16, elements: 256, attributesOfOne: 256, attributes: 256 };

/** A Probe or a Resolve as an element begins, with any prefix; "ProbeMatches" is none. */
const REQUEST_ELEMENT = /[<:](?:Probe|Resolve)[\s/>]/;

/**
 * Whether a datagram may be a Probe or a Resolve, told by searching it alone: it costs next to nothing, as what is no request is
 * most of what there is to hear (the Hellos and the answers of other devices, junk).
 */
export function looksLikeRequest(datagram: Buffer): boolean {
  if (datagram.length > MAX_REQUEST || !datagram.includes(DISCOVERY)) return false;
  // As bytes: what is searched for is ASCII, and UTF-8 has no ASCII within other characters.
  const text = datagram.toString('latin1');
  return REQUEST_ELEMENT.test(text) && text.trimEnd().endsWith('>') && !text.includes('<!DOCTYPE');
}

/**
 * Reads a WS-Discovery message from a datagram, with any prefixes, in SOAP 1.1 or 1.2; what is optional may be missing. Never
 * throws.
 *
 * @returns undefined for what is none, is too large or has a DOCTYPE
 */
export function parseMessage(datagram: Buffer): Message | undefined {
  // Most of what is no message is recognised without being parsed.
  if (datagram.length > MAX_DATAGRAM || !datagram.includes(DISCOVERY)) return undefined;
  const text = datagram.toString('utf8').trimEnd();
  if (!text.endsWith('>') || text.includes('<!DOCTYPE')) return undefined;
  const envelope = readTree(text, LIMITS);
  const soap = (Object.keys(SOAP) as SoapVersion[]).find((version) => envelope?.uri === SOAP[version]);
  if (envelope?.local !== 'Envelope' || !soap) return undefined;
  const header = child(envelope, SOAP[soap], 'Header');
  const content = child(envelope, SOAP[soap], 'Body')?.children[0];
  const messageId = textOf(child(header, ADDRESSING, 'MessageID'));
  if (content?.uri !== DISCOVERY || messageId === '' || messageId.length > MAX_ID) return undefined;
  return readContent(content, { soap, messageId }, header);
}

function readContent(content: Element, common: Header, header: Element | undefined): Message | undefined {
  const kind = content.local;
  switch (kind) {
    case 'Probe': {
      const lists = readLists(content);
      return lists && { kind, ...common, types: lists.types, scopes: lists.scopes, matchBy: lists.matchBy };
    }
    case 'Resolve': {
      const address = addressOf(content);
      return address === '' ? undefined : { kind, ...common, address };
    }
    case 'Hello':
    case 'Bye': {
      const endpoint = readEndpoint(content);
      return endpoint && { kind, ...common, endpoint, sequence: readSequence(child(header, DISCOVERY, 'AppSequence')) };
    }
    case 'ProbeMatches':
    case 'ResolveMatches': {
      const endpoints = content.children.map((each) => readEndpoint(each)).filter((each) => each !== undefined);
      return { kind, ...common, relatesTo: textOf(child(header, ADDRESSING, 'RelatesTo')), endpoints };
    }
    default:
      return undefined;
  }
}

function readEndpoint(element: Element): Endpoint | undefined {
  const address = addressOf(element);
  const lists = readLists(element);
  if (address === '' || !lists) return undefined;
  return {
    address,
    types: lists.types,
    scopes: lists.scopes,
    xaddrs: words(child(element, DISCOVERY, 'XAddrs')),
    metadataVersion: numberOf(textOf(child(element, DISCOVERY, 'MetadataVersion'))),
  };
}

function readLists(element: Element) {
  const typesElement = child(element, DISCOVERY, 'Types');
  const scopesElement = child(element, DISCOVERY, 'Scopes');
  const types = words(typesElement);
  const scopes = words(scopesElement);
  if (types.length > MAX_LIST || scopes.length > MAX_LIST) return undefined;
  return {
    types: types.map((name) => readQName(name, typesElement as Element)),
    scopes,
    matchBy: scopesElement?.attributes.get('MatchBy')?.trim() || undefined,
  };
}

function readQName(name: string, { namespaceOf }: Element): QName {
  const colon = name.indexOf(':');
  if (colon < 0) return { namespace: namespaceOf('') ?? '', local: name };
  return { namespace: namespaceOf(name.slice(0, colon)), local: name.slice(colon + 1) };
}

function readSequence(element: Element | undefined): Announcement['sequence'] {
  const instanceId = numberOf(element?.attributes.get('InstanceId') ?? '');
  const messageNumber = numberOf(element?.attributes.get('MessageNumber') ?? '');
  return instanceId === undefined || messageNumber === undefined ? undefined : { instanceId, messageNumber };
}

const addressOf = (element: Element) => textOf(child(child(element, ADDRESSING, 'EndpointReference'), ADDRESSING, 'Address'));
const textOf = (element: Element | undefined) => element?.text.trim() ?? '';
const words = (element: Element | undefined) => textOf(element).split(/\s+/).filter(Boolean);
const numberOf = (text: string) => (/^\d{1,10}$/.test(text) ? Number(text) : undefined);
