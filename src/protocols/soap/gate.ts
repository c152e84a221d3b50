import sax from 'sax';
import type { UsernameToken } from '../ws-security/username-token.ts';
import type { Addressing } from './addressing.ts';
import { BodyWriter } from './body-writer.ts';
import { type OpenElement, openElement, type RawAttribute, ROOT_SCOPE } from './element.ts';
import { SoapFault } from './fault.ts';
import { HeaderReader } from './header-reader.ts';
import { ENVELOPE, type SoapVersion } from './namespaces.ts';
import { malformed, refused } from './refusals.ts';
import { isXmlText } from './text.ts';

/** What a request says, once it is known to be harmless. */
export interface SoapRequest {
  readonly soapVersion: SoapVersion;
  /** The element in the Body. */
  readonly operation: { readonly namespace: string; readonly localName: string };
  /**
   * The element in the Body once more, in the plainest XML: no prefixes, declarations, comments, CDATA or white space
   * between elements. A parser that follows has nothing left to be fooled by.
   */
  readonly content: string;
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
/** Levels of elements: the deepest request of ONVIF has a dozen. */
const MAX_DEPTH = 32;
/** Elements of a request: the largest ones (users, scopes) have a few hundred. */
const MAX_ELEMENTS = 4096;
/** Attributes of one element, declarations of namespaces included: generated code declares some forty at the envelope. */
const MAX_ATTRIBUTES = 96;
/** Attributes of a request. */
const MAX_ALL_ATTRIBUTES = 4096;

/**
 * Reads a SOAP request strictly: well-formed, without DOCTYPE and processing instructions, within limits, of a known version
 * of SOAP, without unknown headers that must be understood. Prefixes are the client's choice. Never throws.
 *
 * @see https://www.w3.org/TR/soap12-part1/ sections 5 and 2.4
 */
export function readRequest(text: string): SoapRequest | Refusal {
  const gate = new Gate();
  try {
    return gate.read(text);
  } catch (error) {
    return { fault: error instanceof SoapFault ? error : syntaxFault(error), soapVersion: gate.soapVersion };
  }
}

class Gate {
  /** 1.2 until the envelope says otherwise. */
  soapVersion: SoapVersion = '1.2';
  readonly #stack: OpenElement[] = [];
  #attributes: RawAttribute[] = [];
  #elementCount = 0;
  #attributeCount = 0;
  readonly #header = new HeaderReader();
  #hasHeader = false;
  #body: BodyWriter | undefined;

  read(input: string): SoapRequest {
    if (input.length > MAX_LENGTH) throw refused(`The message is longer than ${MAX_LENGTH} characters.`);
    const text = input.startsWith('\ufeff') ? input.slice(1) : input;
    // What cannot be UTF-8 has been replaced by U+FFFD when the bytes were read.
    if (!isXmlText(text) || text.includes('\ufffd')) throw malformed('The message has characters that XML does not allow.');
    this.#parse(text);
    if (this.#elementCount === 0) throw malformed('There is no SOAP envelope.');
    const operation = this.#body?.operation;
    if (!this.#body || !operation) throw new SoapFault('Sender', ['UnknownAction'], 'The Body asks for nothing.');
    return {
      soapVersion: this.soapVersion,
      operation,
      content: this.#body.content,
      token: this.#header.token,
      addressing: this.#header.addressing,
    };
  }

  #parse(text: string): void {
    const parser = sax.parser(true, { position: false, strictEntities: true });
    // Without this the parser would go on after an error.
    parser.onerror = (error) => {
      throw error;
    };
    parser.ondoctype = parser.onsgmldeclaration = () => {
      throw malformed('SOAP has no DOCTYPE.');
    };
    parser.onprocessinginstruction = ({ name }) => {
      // The XML declaration arrives as one.
      if (name !== 'xml') throw malformed('SOAP has no processing instructions.');
    };
    parser.onattribute = (attribute) => {
      if (this.#attributes.length >= MAX_ATTRIBUTES || ++this.#attributeCount > MAX_ALL_ATTRIBUTES) throw refused('Too many attributes.');
      this.#attributes.push(attribute);
    };
    parser.onopentag = ({ name }) => this.#open(name);
    parser.ontext = parser.oncdata = (part) => {
      const top = this.#stack.at(-1);
      if (top) top.text += part;
    };
    parser.onclosetag = () => this.#close();
    parser.write(text).close();
  }

  #open(name: string): void {
    const parent = this.#stack.at(-1);
    if (this.#stack.length >= MAX_DEPTH) throw refused(`Elements are nested deeper than ${MAX_DEPTH} levels.`);
    if (++this.#elementCount > MAX_ELEMENTS) throw refused(`There are more than ${MAX_ELEMENTS} elements.`);
    // What the Body asks for is looked up in our own table, and goes nowhere if it is not there.
    const isOperation = this.#body !== undefined && this.#stack.length === 2;
    const element = openElement(name, this.#attributes, parent?.scope ?? ROOT_SCOPE, isOperation);
    if (this.#attributes.length > 0) this.#attributes = [];
    if (parent) parent.hasChildren = true;
    this.#stack.push(element);
    if (this.#stack.length === 1) this.#openEnvelope(element);
    else if (this.#stack.length === 2) this.#openPart(element);
    else if (this.#body) this.#body.open(element);
    else this.#header.open(element, this.#stack.length, this.soapVersion);
  }

  #close(): void {
    const depth = this.#stack.length;
    const element = this.#stack.pop()!;
    if (depth <= 2) requireNoText(element);
    else if (this.#body) this.#body.close(element);
    else this.#header.close(element, depth);
  }

  #openEnvelope({ uri, local }: OpenElement): void {
    if (local !== 'Envelope') throw malformed('This is not a SOAP envelope.');
    if (uri === ENVELOPE['1.1']) this.soapVersion = '1.1';
    else if (uri !== ENVELOPE['1.2']) throw new SoapFault('VersionMismatch', [], 'SOAP 1.2 and 1.1 are understood.');
  }

  /** A Header at most, then one Body. */
  #openPart({ uri, local }: OpenElement): void {
    if (uri !== ENVELOPE[this.soapVersion]) throw malformed(`The envelope may not hold ${local}.`);
    if (local === 'Body' && !this.#body) this.#body = new BodyWriter();
    else if (local === 'Header' && !this.#hasHeader && !this.#body) this.#hasHeader = true;
    else throw malformed(`The envelope may not hold ${local} here.`);
  }
}

function requireNoText({ text, local }: OpenElement): void {
  if (text.trim() !== '') throw malformed(`${local} may not hold text.`);
}

/** What the parser stumbled over. Its own words name lines and columns of the text, which help nobody. */
function syntaxFault(error: unknown): SoapFault {
  const text = error instanceof Error ? error.message : '';
  return /close tag|closing tag|Unclosed/i.test(text)
    ? new SoapFault('Sender', ['TagMismatch'], 'The tags of the message do not match.')
    : malformed('The message is not well-formed XML.');
}
