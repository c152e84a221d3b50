/** Types of the package sax, which brings none, as far as it is used here and in the tests: strict parsers. */
declare module 'sax' {
  export interface QualifiedName {
    /** "s:Envelope" */
    readonly name: string;
    readonly prefix: string;
    readonly local: string;
    /** Namespace; empty where there is none, or where the prefix is not declared. */
    readonly uri: string;
  }

  export interface QualifiedAttribute extends QualifiedName {
    readonly value: string;
  }

  export interface QualifiedTag extends QualifiedName {
    readonly attributes: Readonly<Record<string, QualifiedAttribute>>;
    /** Declared namespaces by prefix, those of the ancestors by inheritance. */
    readonly ns: Readonly<Record<string, string>>;
    readonly isSelfClosing: boolean;
  }

  export interface SAXParser {
    onerror: (error: Error) => void;
    ontext: (text: string) => void;
    oncdata: (text: string) => void;
    onsgmldeclaration: (declaration: string) => void;
    /** Comes before onopentag of its element. */
    onattribute: (attribute: { readonly name: string; readonly value: string }) => void;
    ondoctype: (doctype: string) => void;
    onprocessinginstruction: (instruction: { readonly name: string; readonly body: string }) => void;
    onopentag: (tag: QualifiedTag) => void;
    onclosetag: (name: string) => void;
    onend: () => void;
    /** The last error; has to be cleared to go on after one. */
    error: Error | null;
    write(text: string): SAXParser;
    close(): SAXParser;
  }

  /** Without `xmlns` it leaves names as they are, which takes a third of the time. */
  export function parser(
    strict: true,
    options: { readonly xmlns?: true; readonly position?: boolean; readonly strictEntities?: boolean },
  ): SAXParser;

  const sax: { readonly parser: typeof parser };
  export default sax;
}
