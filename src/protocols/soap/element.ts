import { SoapFault } from './fault.ts';
import { XML } from './namespaces.ts';
import { refused } from './refusals.ts';

/** An attribute as the parser gives it. */
export interface RawAttribute {
  readonly name: string;
  readonly value: string;
}

/** An attribute, its name resolved. Declarations of namespaces are not among them. */
export interface Attribute {
  /** '' without a prefix. */
  readonly uri: string;
  readonly local: string;
  readonly value: string;
}

/** An open element. */
export interface OpenElement {
  readonly uri: string;
  readonly local: string;
  readonly attributes: readonly Attribute[];
  readonly scope: Scope;
  /** Text directly in it, so far. */
  text: string;
  hasChildren: boolean;
}

/**
 * Declarations of namespaces in force: those of an element and, through `outer`, those around it. Not copied from level to
 * level, or a message of many declarations would take quadratic time.
 */
export interface Scope {
  readonly outer: Scope | undefined;
  /** Prefix to URI, the default namespace under ''. */
  readonly declared: ReadonlyMap<string, string>;
}

export const ROOT_SCOPE: Scope = {
  outer: undefined,
  declared: new Map([
    ['xml', XML],
    ['', ''],
  ]),
};

/** Names that every JavaScript object has (`__proto__`, `constructor`, `toString`): the next parser writes into objects. */
const DANGEROUS: ReadonlySet<string> = new Set([...Object.getOwnPropertyNames(Object.prototype), 'prototype']);
/** What SOAP encoding links elements with. ONVIF does not use it; a parser that does can be made to merge anything. */
const LINKS = new Set(['id', 'href']);

const NONE: readonly Attribute[] = [];

/**
 * Resolves the names of an element and its attributes (Namespaces in XML 1.0).
 *
 * @param anyName its name is looked at by us alone: it may be one of {@link DANGEROUS}
 * @throws SoapFault Sender / Namespace for undeclared prefixes, Sender / InvalidArgs for dangerous names
 */
export function openElement(name: string, raw: readonly RawAttribute[], outer: Scope, anyName = false): OpenElement {
  const declared = declarations(raw);
  const scope = declared ? { outer, declared } : outer;
  const attributes = raw.length > (declared?.size ?? 0) ? resolveAttributes(raw, scope) : NONE;
  const colon = checkName(name, anyName);
  const uri = lookUp(colon < 0 ? '' : name.slice(0, colon), scope, name);
  return { uri, local: name.slice(colon + 1), attributes, scope, text: '', hasChildren: false };
}

function declarations(raw: readonly RawAttribute[]): ReadonlyMap<string, string> | undefined {
  let declared: Map<string, string> | undefined;
  for (const { name, value } of raw) {
    const prefix = declaredPrefix(name);
    if (prefix === undefined) continue;
    if (DANGEROUS.has(prefix)) throw refused('A name in the message is not allowed.');
    declared ??= new Map();
    declared.set(prefix, value);
  }
  return declared;
}

/** The default namespace does not count for attributes. */
function resolveAttributes(raw: readonly RawAttribute[], scope: Scope): Attribute[] {
  const attributes: Attribute[] = [];
  for (const { name, value } of raw) {
    if (declaredPrefix(name) !== undefined) continue;
    if (LINKS.has(name)) throw refused(`The attribute ${name} is not allowed.`);
    const colon = checkName(name);
    const uri = colon < 0 ? '' : lookUp(name.slice(0, colon), scope, name);
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
function checkName(name: string, anyName = false): number {
  const colon = name.indexOf(':');
  const local = name.slice(colon + 1);
  if ((DANGEROUS.has(local) && !anyName) || DANGEROUS.has(name.slice(0, Math.max(0, colon))))
    throw refused('A name in the message is not allowed.');
  if (colon === 0 || local === '' || local.includes(':')) throw undeclared(name);
  return colon;
}

function lookUp(prefix: string, scope: Scope, name: string): string {
  let at: Scope | undefined = scope;
  let uri: string | undefined;
  while (at && uri === undefined) {
    uri = at.declared.get(prefix);
    at = at.outer;
  }
  // xmlns:x="" declares nothing (section 2.2).
  if (uri === undefined || (uri === '' && prefix !== '')) throw undeclared(name);
  return uri;
}

const undeclared = (name: string): SoapFault => new SoapFault('Sender', ['Namespace'], `The prefix of ${name} is not declared.`);
