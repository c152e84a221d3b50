import { allDeclared, type OpenElement, type Scope } from '../xml/element.ts';
import { escapeXml } from '../xml/text.ts';
import { malformed, refused } from './fault.ts';
import { XML_SCHEMA_INSTANCE } from './namespaces.ts';

/** Reads the Body: its one element, and what that holds, written anew in the plainest form; see {@link SoapRequest.content}. */
export class BodyWriter {
  #operation: { readonly namespace: string; readonly localName: string } | undefined;
  /** The content, in pieces: taking an element back from one long text would copy that text. */
  readonly #pieces: string[] = [];
  readonly #scopes: Scope[] = [];
  #declared: ReadonlyMap<string, string> | undefined;
  /** At which piece the open elements begin. */
  readonly #starts: number[] = [];

  /** The name of the one element; undefined: the Body is empty. */
  get operation(): { readonly namespace: string; readonly localName: string } | undefined {
    return this.#operation;
  }

  /** The one element in the plainest XML. */
  get content(): string {
    return this.#pieces.join('');
  }

  /**
   * Returns what a prefix in a text of the content stands for; undefined: for nothing. Where it was declared twice, the later
   * one counts. To be asked when the Body has been read.
   */
  resolve(prefix: string): string | undefined {
    // Once for all prefixes: a filter asks for each step of a topic, and a Body may have thousands of declarations.
    this.#declared ??= allDeclared(this.#scopes);
    return this.#declared.get(prefix);
  }

  /** Takes the beginning of an element. @throws SoapFault for a second element in the Body */
  open({ uri, local, attributes, scope }: OpenElement): void {
    if (scope !== this.#scopes.at(-1)) this.#scopes.push(scope);
    if (this.#starts.length === 0) {
      if (this.#operation) throw malformed('The Body may hold one element only.');
      this.#operation = { namespace: uri, localName: local };
    }
    this.#starts.push(this.#pieces.length);
    const plain = attributes.filter((attribute) => attribute.uri === '');
    this.#pieces.push(`<${local}${plain.map((attribute) => ` ${attribute.local}="${escapeXml(attribute.value)}"`).join('')}>`);
  }

  /** Takes the end of an element. @throws SoapFault for text between elements */
  close(element: OpenElement): void {
    const start = this.#starts.pop()!;
    if (!element.hasChildren) this.#pieces.push(escapeXml(element.text));
    else if (element.text.trim() !== '') throw refused(`${element.local} may not hold text between elements.`);
    // An element that says it has no value is one that is not there.
    if (isNil(element) && this.#starts.length > 0) this.#pieces.length = start;
    else this.#pieces.push(`</${element.local}>`);
  }
}

const isNil = ({ attributes }: OpenElement): boolean =>
  attributes.some(
    ({ uri, local, value }) => uri === XML_SCHEMA_INSTANCE && local === 'nil' && (value.trim() === 'true' || value.trim() === '1'),
  );
