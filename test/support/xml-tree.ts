import sax from 'sax';

/** An XML element; namespaces are resolved. */
export interface XmlElement {
  readonly namespace: string;
  /** Local name. */
  readonly name: string;
  /** Attributes without a namespace, by name; the declarations of namespaces are not among them. */
  readonly attributes: ReadonlyMap<string, string>;
  /** "{namespace}local" of a QName in an attribute or text here; a name without prefix is in the default namespace. */
  readonly resolve: (qualified: string) => string;
  readonly children: readonly XmlElement[];
}

/** The root element of a document. Throws for anything that is not well-formed, undeclared prefixes included. */
export function parseXml(text: string): XmlElement {
  const parser = sax.parser(true, { xmlns: true });
  const document: XmlElement[] = [];
  const open: XmlElement[][] = [document];
  parser.onerror = (error) => {
    throw error;
  };
  parser.onopentag = ({ uri, local, ns, attributes }) => {
    const children: XmlElement[] = [];
    const plain = Object.values(attributes).filter((attribute) => attribute.uri === '' && attribute.local !== 'xmlns');
    const resolve = (qualified: string): string => {
      const [prefix, name] = qualified.includes(':') ? (qualified.split(':', 2) as [string, string]) : ['', qualified];
      const namespace = ns[prefix];
      if (namespace === undefined && prefix !== '') throw new Error(`${qualified}: undeclared prefix`);
      return `{${namespace ?? ''}}${name}`;
    };
    open.at(-1)!.push({
      namespace: uri,
      name: local,
      attributes: new Map(plain.map((attribute) => [attribute.local, attribute.value])),
      resolve,
      children,
    });
    open.push(children);
  };
  parser.onclosetag = () => {
    open.pop();
  };
  parser.write(text).close();
  return document[0]!;
}
