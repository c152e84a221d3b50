import { namespaceOf, type OpenElement, type Scope } from '../xml/element.ts';
import { escapeXml } from '../xml/text.ts';
import { malformed, refused } from './fault.ts';
import { XML_SCHEMA_INSTANCE } from './namespaces.ts';

/** Reads the Body: its one element, and what that holds, written anew in the plainest form; see {@link SoapRequest.content}. */
export class BodyWriter {
  #operation: { readonly namespace: string; readonly localName: string } | undefined;
  #content = '';
  readonly #scopes: Scope[] = [];
  /** Where in the content the open elements begin. */
  readonly #starts: number[] = [];

  /** The name of the one element; undefined: the Body is empty. */
  get operation(): { readonly namespace: string; readonly localName: string } | undefined {
    return this.#operation;
  }

  /** The one element in the plainest XML. */
  get content(): string {
    return this.#content;
  }

  /**
   * Returns what a prefix in a text of the content stands for; undefined: for nothing. Where it was declared twice, the later
   * one counts.
   */
  resolve(prefix: string): string | undefined {
    for (let at = this.#scopes.length - 1; at >= 0; at--) {
      const uri = namespaceOf(prefix, this.#scopes[at]!);
      if (uri !== undefined) return uri;
    }
    return undefined;
  }

  /** Takes the beginning of an element. @throws SoapFault for a second element in the Body */
  open({ uri, local, attributes, scope }: OpenElement): void {
    if (scope !== this.#scopes.at(-1)) this.#scopes.push(scope);
    if (this.#starts.length === 0) {
      if (this.#operation) throw malformed('The Body may hold one element only.');
      this.#operation = { namespace: uri, localName: local };
    }
    this.#starts.push(this.#content.length);
    this.#content += `<${local}`;
    for (const attribute of attributes) {
      if (attribute.uri === '') this.#content += ` ${attribute.local}="${escapeXml(attribute.value)}"`;
    }
    this.#content += '>';
  }

  /** Takes the end of an element. @throws SoapFault for text between elements */
  close(element: OpenElement): void {
    const start = this.#starts.pop()!;
    if (!element.hasChildren) this.#content += escapeXml(element.text);
    else if (element.text.trim() !== '') throw refused(`${element.local} may not hold text between elements.`);
    // An element that says it has no value is one that is not there.
    if (isNil(element) && this.#starts.length > 0) this.#content = this.#content.slice(0, start);
    else this.#content += `</${element.local}>`;
  }
}

const isNil = ({ attributes }: OpenElement): boolean =>
  attributes.some(
    ({ uri, local, value }) => uri === XML_SCHEMA_INSTANCE && local === 'nil' && (value.trim() === 'true' || value.trim() === '1'),
  );
