import { passwordTypeOf, type UsernameToken } from '../ws-security/username-token.ts';
import type { OpenElement } from '../xml/element.ts';
import { ADDRESSING, type Addressing } from './addressing.ts';
import { refused, SoapFault } from './fault.ts';
import { ENVELOPE, SECURITY, type SoapVersion } from './namespaces.ts';

/** Roles that a camera plays: it is the last to receive the message (SOAP 1.2 section 2.2, SOAP 1.1 section 4.2.2). */
const OUR_ROLES: ReadonlySet<string> = new Set([
  '',
  'http://www.w3.org/2003/05/soap-envelope/role/next',
  'http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver',
  'http://schemas.xmlsoap.org/soap/actor/next',
]);

/** Depths of the stack of elements, the envelope being the first. */
const BLOCK = 3;
const TOKEN = 4;
const FIELD = 5;

/** Reads the Header: the UsernameToken of wsse:Security, and WS-Addressing. Other headers pass unless they must be understood. */
export class HeaderReader {
  #token: { username: string; password: string; passwordType: UsernameToken['passwordType']; nonce?: string; created?: string } | undefined;
  #inSecurity = false;
  #inToken = false;
  #addressing: string | undefined;
  /** By the names of their elements; of several the first counts. */
  readonly #addresses = new Map<string, string>();
  #inReplyTo = false;

  /** What the request says of itself and its answer. */
  get addressing(): Addressing {
    const read = (name: string) => this.#addresses.get(name);
    return {
      namespace: this.#addressing,
      messageId: read('MessageID'),
      action: read('Action'),
      to: read('To'),
      replyTo: read('ReplyTo'),
    };
  }

  /** The UsernameToken; undefined: there is none. */
  get token(): UsernameToken | undefined {
    return this.#token && { ...this.#token, nonce: this.#token.nonce, created: this.#token.created };
  }

  /** Takes the beginning of an element. @throws SoapFault for a header that must be understood and is not, and for a second token */
  open(element: OpenElement, depth: number, soapVersion: SoapVersion): void {
    if (depth === BLOCK) this.#openBlock(element, soapVersion);
    else if (depth === TOKEN) this.#openToken(element);
  }

  /** Takes the end of an element. */
  close(element: OpenElement, depth: number): void {
    if (depth === BLOCK) {
      this.#inSecurity = false;
      this.#inReplyTo = false;
      if (element.uri === this.#addressing && element.local !== 'ReplyTo') this.#note(element.local, element.text);
    } else if (depth === TOKEN) {
      this.#inToken = false;
      if (this.#inReplyTo && element.uri === this.#addressing && element.local === 'Address') this.#note('ReplyTo', element.text);
    } else if (depth === FIELD && this.#inToken) this.#readField(element);
  }

  #openBlock({ uri, local, attributes }: OpenElement, soapVersion: SoapVersion): void {
    this.#inSecurity = uri === SECURITY && local === 'Security';
    if (ADDRESSING.has(uri)) this.#addressing ??= uri;
    this.#inReplyTo = uri === this.#addressing && local === 'ReplyTo';
    if (this.#inSecurity || ADDRESSING.has(uri)) return;
    const own = (name: string) =>
      attributes.find((attribute) => attribute.uri === ENVELOPE[soapVersion] && attribute.local === name)?.value.trim();
    const must = own('mustUnderstand');
    if ((must === '1' || must === 'true') && OUR_ROLES.has(own(soapVersion === '1.2' ? 'role' : 'actor') ?? ''))
      throw new SoapFault('MustUnderstand', [], `The header ${local} is not understood.`);
  }

  #note(name: string, text: string): void {
    if (!this.#addresses.has(name)) this.#addresses.set(name, text.trim());
  }

  #openToken({ uri, local }: OpenElement): void {
    if (!this.#inSecurity || uri !== SECURITY || local !== 'UsernameToken') return;
    // Which of two is checked must not be a matter of order.
    if (this.#token) throw refused('There may be one UsernameToken.');
    this.#inToken = true;
    this.#token = { username: '', password: '', passwordType: 'PasswordText' };
  }

  /** By local names: some clients put Created into the namespace of the rest. */
  #readField({ local, text, attributes }: OpenElement): void {
    const token = this.#token!;
    if (local === 'Username') token.username = text.trim();
    else if (local === 'Nonce') token.nonce = text.trim();
    else if (local === 'Created') token.created = text.trim();
    else if (local === 'Password') {
      token.password = text;
      token.passwordType = passwordTypeOf(attributes.find((attribute) => attribute.local === 'Type')?.value);
    }
  }
}
