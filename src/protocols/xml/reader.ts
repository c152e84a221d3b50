import sax from 'sax';
import { type OpenElement, openElement, type RawAttribute, ROOT_SCOPE } from './element.ts';
import { XmlError } from './error.ts';

/** How much of a message is taken. */
export interface XmlLimits {
  /** Levels of elements. */
  readonly depth: number;
  /** Elements of the message. */
  readonly elements: number;
  /** Attributes of one element, declarations of namespaces included. */
  readonly attributesOfOne: number;
  /** Attributes of the message. */
  readonly attributes: number;
}

/** Takes the elements of a message in their order. Depth 1 is the root. What it throws ends the reading. */
export interface XmlHandler {
  /** Whether the element that is next, at this depth, may have any name: it is kept in no object. */
  takesAnyName?(depth: number): boolean;
  /** An element begins: its name and attributes are known. */
  open(element: OpenElement, depth: number): void;
  /** An element ends: its text is complete. */
  close(element: OpenElement, depth: number): void;
}

/** How strictly a message is read. */
export interface XmlOptions {
  readonly limits: XmlLimits;
  /** Whether processing instructions pass, and a prefix that is not declared stands for no namespace; false by default. */
  readonly lenient?: boolean;
}

/**
 * Reads a whole XML document that a stranger sent: well-formed, without DOCTYPE, within limits, namespaces resolved. Namespaces
 * are resolved here, as the parser's own way of it takes time that grows with the square of their number.
 *
 * @throws XmlError for what is not taken, and what the handler throws
 * @see https://www.w3.org/TR/xml-names/
 */
export function readXml(text: string, handler: XmlHandler, { limits, lenient = false }: XmlOptions): void {
  const stack: OpenElement[] = [];
  let pending: RawAttribute[] = [];
  let elements = 0;
  let attributes = 0;
  const parser = sax.parser(true, { position: false, strictEntities: !lenient });
  // Without this the parser would go on after an error.
  parser.onerror = (error) => {
    throw syntaxError(error);
  };
  parser.ondoctype = parser.onsgmldeclaration = () => {
    throw new XmlError('syntax', 'A message has no DOCTYPE.');
  };
  parser.onprocessinginstruction = ({ name }) => {
    // The XML declaration arrives as one.
    if (!lenient && name !== 'xml') throw new XmlError('syntax', 'A message has no processing instructions.');
  };
  parser.onattribute = (attribute) => {
    if (pending.length >= limits.attributesOfOne || ++attributes > limits.attributes) throw new XmlError('size', 'Too many attributes.');
    pending.push(attribute);
  };
  parser.onopentag = ({ name }) => {
    const parent = stack.at(-1);
    if (stack.length >= limits.depth) throw new XmlError('size', `Elements are nested deeper than ${limits.depth} levels.`);
    if (++elements > limits.elements) throw new XmlError('size', `There are more than ${limits.elements} elements.`);
    const anyName = handler.takesAnyName?.(stack.length + 1) === true;
    const element = openElement(name, pending, parent?.scope ?? ROOT_SCOPE, lenient, anyName);
    if (pending.length > 0) pending = [];
    if (parent) parent.hasChildren = true;
    stack.push(element);
    handler.open(element, stack.length);
  };
  parser.ontext = parser.oncdata = (part) => {
    const top = stack.at(-1);
    if (top) top.text += part;
  };
  parser.onclosetag = () => {
    const depth = stack.length;
    handler.close(stack.pop()!, depth);
  };
  parser.write(text).close();
}

/** What the parser stumbled over. Its own words name lines and columns of the text, which help nobody. */
const syntaxError = ({ message }: Error): XmlError =>
  /close tag|closing tag|Unclosed/i.test(message)
    ? new XmlError('tags', 'The tags of the message do not match.')
    : new XmlError('syntax', 'The message is not well-formed XML.');
