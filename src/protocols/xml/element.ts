import { XmlError } from './error.ts';

const XML = 'http://www.w3.org/XML/1998/namespace';

/** An attribute as the parser gives it. */
export interface RawAttribute {
  readonly name: string;
  readonly value: string;
}

/** An attribute, its name resolved. Declarations of namespaces are not among them. */
export interface Attribute {
  /** Namespace; '' without a prefix. */
  readonly uri: string;
  readonly local: string;
  readonly value: string;
}

/** An open element. */
export interface OpenElement {
  /** Namespace; '' where there is none. */
  readonly uri: string;
  /** Name without its prefix. */
  readonly local: string;
  readonly attributes: readonly Attribute[];
  /** Declarations in force in it. */
  readonly scope: Scope;
  /** Text directly in it, as far as it was read. */
  text: string;
  /** Whether an element in it has begun. */
  hasChildren: boolean;
}

/**
 * Declarations of namespaces in force: those of an element and, through `outer`, those around it. Not copied from level to
 * level, or a message of many declarations would take quadratic time.
 */
export interface Scope {
  /** Those of the elements around it; undefined for {@link ROOT_SCOPE}. */
  readonly outer: Scope | undefined;
  /** Prefix to URI, the default namespace under ''. */
  readonly declared: ReadonlyMap<string, string>;
}

/** What is declared around the document: `xml`, and no default namespace. */
export const ROOT_SCOPE: Scope = {
  outer: undefined,
  declared: new Map([
    ['xml', XML],
    ['', ''],
  ]),
};

/** Names that every JavaScript object has (`__proto__`, `constructor`, `toString`): the next parser writes into objects. */
const DANGEROUS: ReadonlySet<string> = new Set([...Object.getOwnPropertyNames(Object.prototype), 'prototype']);

const NONE: readonly Attribute[] = [];

/**
 * Resolves the names of an element and its attributes (Namespaces in XML 1.0).
 *
 * @param lenient a prefix that is not declared stands for no namespace, and any name passes: the caller keeps them in no object
 * @param anyName the element's own name may be any in any case
 * @returns the element, without text and children yet
 * @throws XmlError `namespace` for undeclared prefixes, `name` for dangerous names
 */
export function openElement(name: string, raw: readonly RawAttribute[], outer: Scope, lenient: boolean, anyName: boolean): OpenElement {
  const declared = declarations(raw, lenient);
  const scope = declared ? { outer, declared } : outer;
  const attributes = raw.length > (declared?.size ?? 0) ? resolveAttributes(raw, scope, lenient) : NONE;
  const colon = checkName(name, lenient, anyName);
  const uri = required(colon < 0 ? '' : name.slice(0, colon), scope, name, lenient);
  return { uri, local: name.slice(colon + 1), attributes, scope, text: '', hasChildren: false };
}

function declarations(raw: readonly RawAttribute[], lenient: boolean): ReadonlyMap<string, string> | undefined {
  let declared: Map<string, string> | undefined;
  for (const { name, value } of raw) {
    const prefix = declaredPrefix(name);
    if (prefix === undefined) continue;
    if (!lenient && DANGEROUS.has(prefix)) throw new XmlError('name', 'A name in the message is not allowed.');
    declared ??= new Map();
    declared.set(prefix, value);
  }
  return declared;
}

/** The default namespace does not count for attributes. */
function resolveAttributes(raw: readonly RawAttribute[], scope: Scope, lenient: boolean): Attribute[] {
  const attributes: Attribute[] = [];
  for (const { name, value } of raw) {
    if (declaredPrefix(name) !== undefined) continue;
    const colon = checkName(name, lenient);
    const uri = colon < 0 ? '' : required(name.slice(0, colon), scope, name, lenient);
    attributes.push({ uri, local: name.slice(colon + 1), value });
  }
  return attributes;
}

/** The prefix that an attribute declares, '' for the default namespace; undefined for any other attribute. */
function declaredPrefix(name: string): string | undefined {
  if (!name.startsWith('xmlns')) return undefined;
  if (name.length === 5) return '';
  return name[5] === ':' ? name.slice(6) : undefined;
}

/** Where the colon of a name is, -1 without one. */
function checkName(name: string, lenient: boolean, anyName = false): number {
  const colon = name.indexOf(':');
  const local = name.slice(colon + 1);
  if (!lenient && ((DANGEROUS.has(local) && !anyName) || DANGEROUS.has(name.slice(0, Math.max(0, colon)))))
    throw new XmlError('name', 'A name in the message is not allowed.');
  if (colon === 0 || local === '' || local.includes(':')) throw undeclared(name);
  return colon;
}

/** Returns the namespace of a prefix; undefined: it is not declared. @param prefix '' for the default namespace */
export function namespaceOf(prefix: string, scope: Scope): string | undefined {
  let at: Scope | undefined = scope;
  let uri: string | undefined;
  while (at && uri === undefined) {
    uri = at.declared.get(prefix);
    at = at.outer;
  }
  // xmlns:x="" declares nothing (section 2.2).
  return uri === '' && prefix !== '' ? undefined : uri;
}

/**
 * Returns every prefix that is declared in any of the scopes or around them, with its namespace, the default namespace under ''.
 * The scopes stand in the order of their elements; of several declarations that of the last element counts, and of those around
 * it the innermost. Each scope is looked at once, however many lie in it.
 */
export function allDeclared(scopes: readonly Scope[]): ReadonlyMap<string, string> {
  const all = new Map<string, string>();
  const seen = new Set<Scope>();
  for (const scope of scopes.toReversed()) {
    for (let at: Scope | undefined = scope; at && !seen.has(at); at = at.outer) {
      seen.add(at);
      for (const [prefix, uri] of at.declared) if (!all.has(prefix) && (uri !== '' || prefix === '')) all.set(prefix, uri);
    }
  }
  return all;
}

function required(prefix: string, scope: Scope, name: string, lenient: boolean): string {
  const uri = namespaceOf(prefix, scope);
  if (uri !== undefined) return uri;
  if (lenient) return '';
  throw undeclared(name);
}

const undeclared = (name: string): XmlError => new XmlError('namespace', `The prefix of ${name} is not declared.`);
