import type { UsernameToken } from '../ws-security/username-token.ts';
import type { OpenElement } from '../xml/element.ts';
import { XmlError } from '../xml/error.ts';
import { readXml, type XmlHandler, type XmlLimits } from '../xml/reader.ts';
import { isXmlText } from '../xml/text.ts';
import type { Addressing } from './addressing.ts';
import { BodyWriter } from './body-writer.ts';
import { malformed, refused, SoapFault } from './fault.ts';
import { HeaderReader } from './header-reader.ts';
import { ENVELOPE, type SoapVersion } from './namespaces.ts';

/** What a request says, once it is known to be harmless. */
export interface SoapRequest {
  readonly soapVersion: SoapVersion;
  /** The name of the element in the Body. */
  readonly operation: { readonly namespace: string; readonly localName: string };
  /**
   * The element in the Body once more, in the plainest XML: no prefixes, declarations, comments, CDATA or white space
   * between elements. A parser that follows has nothing left to be fooled by.
   */
  readonly content: string;
  /** Returns what a prefix in a text of the content stands for (topic expressions have some); undefined: nothing. */
  readonly resolvePrefix: (prefix: string) => string | undefined;
  /** Undefined where the Header has none. */
  readonly token: UsernameToken | undefined;
  readonly addressing: Addressing;
}

/** Why a request was refused, and the version of SOAP to say it in. */
export interface Refusal {
  readonly fault: SoapFault;
  readonly soapVersion: SoapVersion;
}

/** Longest request, characters. A list of users of the largest size has 20,000. */
const MAX_LENGTH = 256 * 1024;
const LIMITS: XmlLimits = {
  // The deepest request of ONVIF has a dozen.
  depth: 32,
  // The largest ones (users, scopes) have a few hundred.
  elements: 4096,
  // Generated code declares some forty at the envelope.
  attributesOfOne: 96,
  attributes: 4096,
};
/** What SOAP encoding links elements with. ONVIF does not use it; a parser that does can be made to merge anything. */
const LINKS = new Set(['id', 'href']);

/**
 * Reads a SOAP request strictly: well-formed, without DOCTYPE and processing instructions, within limits, of a known version
 * of SOAP, without unknown headers that must be understood. Prefixes are the client's choice. Never throws.
 *
 * @see https://www.w3.org/TR/soap12-part1/ sections 5 and 2.4
 */
export function readRequest(text: string): SoapRequest | Refusal {
  const reader = new RequestReader();
  try {
    return reader.read(text);
  } catch (error) {
    return { fault: faultOf(error), soapVersion: reader.soapVersion };
  }
}

class RequestReader implements XmlHandler {
  /** 1.2 until the envelope says otherwise. */
  soapVersion: SoapVersion = '1.2';
  readonly #header = new HeaderReader();
  #isEmpty = true;
  #hasHeader = false;
  #body: BodyWriter | undefined;

  read(input: string): SoapRequest {
    if (input.length > MAX_LENGTH) throw refused(`The message is longer than ${MAX_LENGTH} characters.`);
    const text = input.startsWith('\ufeff') ? input.slice(1) : input;
    // What cannot be UTF-8 has been replaced by U+FFFD when the bytes were read.
    if (!isXmlText(text) || text.includes('\ufffd')) throw malformed('The message has characters that XML does not allow.');
    readXml(text, this, { limits: LIMITS });
    if (this.#isEmpty) throw malformed('There is no SOAP envelope.');
    const body = this.#body;
    const operation = body?.operation;
    if (!body || !operation) throw new SoapFault('Sender', ['UnknownAction'], 'The Body asks for nothing.');
    return {
      soapVersion: this.soapVersion,
      operation,
      content: body.content,
      resolvePrefix: (prefix) => body.resolve(prefix),
      token: this.#header.token,
      addressing: this.#header.addressing,
    };
  }

  /** The name of the operation may be any: it is looked up in our own table, and goes nowhere if it is not there. */
  takesAnyName(depth: number): boolean {
    return depth === 3 && this.#body !== undefined;
  }

  open(element: OpenElement, depth: number): void {
    this.#isEmpty = false;
    for (const { uri, local } of element.attributes)
      if (uri === '' && LINKS.has(local)) throw refused(`The attribute ${local} is not allowed.`);
    if (depth === 1) this.#openEnvelope(element);
    else if (depth === 2) this.#openSection(element);
    else if (this.#body) this.#body.open(element);
    else this.#header.open(element, depth, this.soapVersion);
  }

  close(element: OpenElement, depth: number): void {
    if (depth <= 2) requireNoText(element);
    else if (this.#body) this.#body.close(element);
    else this.#header.close(element, depth);
  }

  #openEnvelope({ uri, local }: OpenElement): void {
    if (local !== 'Envelope') throw malformed('This is not a SOAP envelope.');
    if (uri === ENVELOPE['1.1']) this.soapVersion = '1.1';
    else if (uri !== ENVELOPE['1.2']) throw new SoapFault('VersionMismatch', [], 'SOAP 1.2 and 1.1 are understood.');
  }

  /** Takes a Header at most, then one Body. */
  #openSection({ uri, local }: OpenElement): void {
    if (uri !== ENVELOPE[this.soapVersion]) throw malformed(`The envelope may not hold ${local}.`);
    if (local === 'Body' && !this.#body) this.#body = new BodyWriter();
    else if (local === 'Header' && !this.#hasHeader && !this.#body) this.#hasHeader = true;
    else throw malformed(`The envelope may not hold ${local} here.`);
  }
}

function requireNoText({ text, local }: OpenElement): void {
  if (text.trim() !== '') throw malformed(`${local} may not hold text.`);
}

/** What the reader of XML says, in the codes of ONVIF. */
function faultOf(error: unknown): SoapFault {
  if (error instanceof SoapFault) return error;
  if (!(error instanceof XmlError)) return malformed('The message is not well-formed XML.');
  switch (error.problem) {
    case 'syntax':
      return malformed(error.message);
    case 'tags':
      return new SoapFault('Sender', ['TagMismatch'], error.message);
    case 'namespace':
      return new SoapFault('Sender', ['Namespace'], error.message);
    default:
      return refused(error.message);
  }
}
