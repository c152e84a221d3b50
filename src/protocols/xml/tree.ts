import { namespaceOf, type OpenElement } from './element.ts';
import { readXml, type XmlLimits } from './reader.ts';

/** An element with all that is in it. */
export interface Element {
  /** Namespace; empty where there is none, or where the prefix is not declared. */
  readonly uri: string;
  readonly local: string;
  /** Attributes without a namespace, by name. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly Element[];
  /** The text directly in the element. */
  readonly text: string;
  /** Returns the namespace of a prefix that may be used in the text; undefined where it is not declared. */
  namespaceOf(prefix: string): string | undefined;
}

interface Growing extends Element {
  readonly children: Growing[];
  text: string;
}

/** Reads a small XML document, leniently, into its root element; undefined if it is not taken, see {@link readXml}. Never throws. */
export function readTree(text: string, limits: XmlLimits): Element | undefined {
  const open: Growing[] = [];
  let root: Growing | undefined;
  try {
    readXml(
      text,
      {
        open(element) {
          const grown = grow(element);
          open.at(-1)?.children.push(grown);
          root ??= grown;
          open.push(grown);
        },
        close(element) {
          open.pop()!.text = element.text;
        },
      },
      { limits, lenient: true },
    );
  } catch {
    return undefined;
  }
  return root;
}

const grow = ({ uri, local, attributes, scope }: OpenElement): Growing => ({
  uri,
  local,
  attributes: new Map(attributes.filter((attribute) => attribute.uri === '').map((attribute) => [attribute.local, attribute.value])),
  children: [],
  text: '',
  namespaceOf: (prefix) => namespaceOf(prefix, scope),
});

/** Returns the first child of that name. */
export const child = (element: Element | undefined, uri: string, local: string): Element | undefined =>
  element?.children.find((each) => each.uri === uri && each.local === local);
