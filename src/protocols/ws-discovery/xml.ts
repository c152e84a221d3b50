import sax from 'sax';

export interface Element {
  /** Namespace; empty where there is none, or where the prefix is not declared. */
  readonly uri: string;
  readonly local: string;
  /** Without a namespace, by name. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly Element[];
  /** The text directly in the element. */
  readonly text: string;
  /** The namespace of a prefix that may be used in the text; undefined where it is not declared. */
  namespaceOf(prefix: string): string | undefined;
}

/** Deepest nesting; real messages have 6. */
const MAX_DEPTH = 16;
/** Most elements; a ProbeMatches of real cameras has about 20. */
const MAX_ELEMENTS = 256;

/** Most attributes of a message, namespaces included; real ones have about 10. The parser compares those of an element with each other. */
const MAX_ATTRIBUTES = 256;

interface Growing extends Element {
  readonly children: Growing[];
  text: string;
}

/** Reads a small XML document into its root element; undefined if it is not well-formed, too deep or large, or has a DOCTYPE. */
export function readXml(text: string): Element | undefined {
  // Every attribute has one. Counted before: the parser tells of an element when it has read all of it.
  if (countOf('=', text) > MAX_ATTRIBUTES) return undefined;
  const open: Growing[] = [];
  let root: Growing | undefined;
  let elements = 0;
  const parser = sax.parser(true, { xmlns: true, position: false });
  parser.onerror = (error) => {
    // A prefix that is not declared: the element is of no namespace, and the rest may be right.
    if (!error.message.startsWith('Unbound namespace prefix')) throw error;
    parser.error = null;
  };
  parser.ondoctype = () => {
    throw new Error('DOCTYPE');
  };
  parser.onopentag = (tag) => {
    if (++elements > MAX_ELEMENTS || open.length >= MAX_DEPTH) throw new Error('too large');
    const attributes = Object.values(tag.attributes).filter((attribute) => attribute.prefix === '');
    const element: Growing = {
      uri: typeof tag.uri === 'string' ? tag.uri : '',
      local: tag.local,
      attributes: new Map(attributes.map((attribute) => [attribute.local, attribute.value])),
      children: [],
      text: '',
      namespaceOf: (prefix) => {
        // Not a string: what every object inherits, under a prefix of that name.
        const uri: unknown = tag.ns[prefix];
        return typeof uri === 'string' ? uri : undefined;
      },
    };
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
  };
  const append = (piece: string) => {
    const element = open.at(-1);
    if (element) element.text += piece;
  };
  parser.ontext = append;
  parser.oncdata = append;
  parser.onclosetag = () => void open.pop();
  try {
    parser.write(text).close();
  } catch {
    return undefined;
  }
  return root;
}

function countOf(character: string, text: string): number {
  let count = 0;
  for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) count++;
  return count;
}

/** The first child of that name. */
export const child = (element: Element | undefined, uri: string, local: string): Element | undefined =>
  element?.children.find((each) => each.uri === uri && each.local === local);

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text as it stands in an element or a quoted attribute; what XML 1.0 cannot hold (section 2.2) is left out. */
export const escapeXml = (text: string): string =>
  text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replace(/[&<>"]/g, (character) => ESCAPES[character] as string);
