import type { QName } from './message.ts';
import { DISCOVERY, type TypeName } from './names.ts';

/** A way to compare scopes: each is read once, and may then be compared with many. */
interface Rule<Parsed> {
  /** Undefined: it is no scope by this rule, and matches nothing. */
  parse(scope: string): Parsed | undefined;
  /** Whether the probed scope covers ours. Takes no longer than ours is long. */
  covers(probed: Parsed, ours: Parsed): boolean;
}

interface Uri {
  readonly scheme: string;
  readonly authority: string;
  readonly segments: readonly string[];
}

/**
 * Reads an absolute URI: scheme and authority lower-cased, path decoded by segments; query and fragment don't count. Undefined:
 * it is none.
 */
function parseUri(text: string): Uri | undefined {
  const [, scheme, authority = '', path] = /^([a-z][a-z0-9+.-]*):(?:\/\/([^/?#]*))?([^?#]*)/i.exec(text) ?? [];
  if (scheme === undefined || path === undefined) return undefined;
  const raw = path.split('/');
  // As a whole first: a path of nothing but wrong escapes would take an exception for each segment.
  const segments = decoded(path) === undefined ? raw : raw.map((segment) => decoded(segment) ?? segment);
  // "…/name/" asks the same as "…/name".
  if (segments.at(-1) === '') segments.pop();
  return { scheme: scheme.toLowerCase(), authority: authority.toLowerCase(), segments };
}

/** Without percent escapes; undefined where they are wrong. */
function decoded(text: string): string | undefined {
  try {
    return text.includes('%') ? decodeURIComponent(text) : text;
  } catch {
    return undefined;
  }
}

const isDots = (segment: string) => segment === '.' || segment === '..';

/** Whether a list begins with another. */
const startsWith = (list: readonly string[], start: readonly string[]) =>
  start.length <= list.length && start.every((each, at) => each === list[at]);

/** Scheme and authority regardless of case, then the path segment by segment, case-sensitive (WS-Discovery, section 5.1). */
const rfc3986: Rule<Uri> = {
  parse(scope) {
    const uri = parseUri(scope);
    return uri?.segments.some(isDots) ? undefined : uri;
  },
  covers: (probed, ours) =>
    probed.scheme === ours.scheme && probed.authority === ours.authority && startsWith(ours.segments, probed.segments),
};

const strcmp0: Rule<string> = { parse: (scope) => scope, covers: (probed, ours) => probed === ours };

/** Both are UUIDs, and the same. */
const uuid: Rule<string> = {
  parse: (scope) => /^(?:urn:)?uuid:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i.exec(scope)?.[1]?.toLowerCase(),
  covers: strcmp0.covers,
};

interface LdapName {
  readonly host: string;
  /** From the root to the leaf. */
  readonly names: readonly string[];
}

/** The same LDAP server, and our distinguished name below the probed one: names are written leaf first. */
const ldap: Rule<LdapName> = {
  parse(scope) {
    const [, host, dn] = /^ldap:\/\/([^/?#]*)\/?([^?#]*)/i.exec(scope) ?? [];
    if (host === undefined || dn === undefined) return undefined;
    const names = (decoded(dn) ?? dn).split(/(?<!\\),/).filter(Boolean);
    return { host: host.toLowerCase(), names: names.map((name) => name.trim()).reverse() };
  },
  covers: (probed, ours) => probed.host === ours.host && startsWith(ours.names, probed.names),
};

/** Whether every probed scope covers one of ours; each is read once. */
function matchBy<Parsed>({ parse, covers }: Rule<Parsed>, probed: readonly string[], ours: readonly string[]): boolean {
  if (probed.length === 0) return true;
  const own = ours.map(parse).filter((each) => each !== undefined);
  return probed.every((scope) => {
    const parsed = parse(scope);
    return parsed !== undefined && own.some((each) => covers(parsed, each));
  });
}

const NONE = `${DISCOVERY}/none`;

type Match = (probed: readonly string[], ours: readonly string[]) => boolean;
const byRfc3986: Match = (probed, ours) => matchBy(rfc3986, probed, ours);

const RULES: ReadonlyMap<string, Match> = new Map<string, Match>([
  // RFC 3986 replaced RFC 2396, and both names are in use for the default.
  [`${DISCOVERY}/rfc2396`, byRfc3986],
  [`${DISCOVERY}/rfc3986`, byRfc3986],
  [`${DISCOVERY}/strcmp0`, (probed, ours) => matchBy(strcmp0, probed, ours)],
  [`${DISCOVERY}/uuid`, (probed, ours) => matchBy(uuid, probed, ours)],
  [`${DISCOVERY}/ldap`, (probed, ours) => matchBy(ldap, probed, ours)],
]);

/** URIs of the rules that {@link matchScopes} knows. */
export const MATCHING_RULES: readonly string[] = [...RULES.keys(), NONE];

/**
 * Whether every probed scope covers one of ours. The rule "none" asks for targets without any scope.
 *
 * @param rule URI of the rule by which they are compared; undefined: RFC 3986
 * @returns 'unknown-rule' for a rule that is not supported
 */
export function matchScopes(probed: readonly string[], ours: readonly string[], rule?: string): boolean | 'unknown-rule' {
  if (rule === NONE) return ours.length === 0;
  const match = rule === undefined ? byRfc3986 : RULES.get(rule);
  return match ? match(probed, ours) : 'unknown-rule';
}

/** Whether we are everything that is probed for. A name whose prefix was not declared is compared without its namespace. */
export const matchTypes = (probed: readonly QName[], ours: readonly TypeName[]): boolean =>
  probed.every(({ namespace, local }) =>
    ours.some((own) => own.local === local && (namespace === undefined || own.namespace === namespace)),
  );
