import { DISCOVERY } from './names.ts';

/** Whether the probed scope covers one of ours. */
type Rule = (probed: string, ours: string) => boolean;

interface Uri {
  readonly scheme: string;
  readonly authority: string;
  readonly segments: readonly string[];
}

/** Scheme and authority lower-cased, path decodedd by segments; query and fragment don't count. Undefined: no absolute URI. */
function parseUri(text: string): Uri | undefined {
  const [, scheme, authority = '', path] = /^([a-z][a-z0-9+.-]*):(?:\/\/([^/?#]*))?([^?#]*)/i.exec(text) ?? [];
  if (scheme === undefined || path === undefined) return undefined;
  const segments = path.split('/').map(decoded);
  // "…/name/" asks the same as "…/name".
  if (segments.at(-1) === '') segments.pop();
  return { scheme: scheme.toLowerCase(), authority: authority.toLowerCase(), segments };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

const isDots = (segment: string) => segment === '.' || segment === '..';

/** Scheme and authority regardless of case, then the path segment by segment, case-sensitive (WS-Discovery, section 5.1). */
const rfc3986: Rule = (probed, ours) => {
  const [one, two] = [parseUri(probed), parseUri(ours)];
  if (!one || !two || one.scheme !== two.scheme || one.authority !== two.authority) return false;
  if (one.segments.some(isDots) || two.segments.some(isDots)) return false;
  return one.segments.every((segment, at) => segment === two.segments[at]);
};

const strcmp0: Rule = (probed, ours) => probed === ours;

/** Both are UUIDs, and the same. */
const uuid: Rule = (probed, ours) => {
  const digits = (text: string) => /^(?:urn:)?uuid:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i.exec(text)?.[1]?.toLowerCase();
  return digits(probed) !== undefined && digits(probed) === digits(ours);
};

/** The same LDAP server, and our distinguished name below the probed one: names are written leaf first. */
const ldap: Rule = (probed, ours) => {
  const parse = (text: string) => {
    const [, host, dn] = /^ldap:\/\/([^/?#]*)\/?([^?#]*)/i.exec(text) ?? [];
    if (host === undefined || dn === undefined) return undefined;
    const names = decoded(dn)
      .split(/(?<!\\),/)
      .filter(Boolean);
    return { host: host.toLowerCase(), names: names.map((name) => name.trim()).reverse() };
  };
  const [one, two] = [parse(probed), parse(ours)];
  return one !== undefined && two !== undefined && one.host === two.host && one.names.every((name, at) => name === two.names[at]);
};

const NONE = `${DISCOVERY}/none`;

const RULES: ReadonlyMap<string, Rule> = new Map([
  // RFC 3986 replaced RFC 2396, and both names are in use for the default.
  [`${DISCOVERY}/rfc2396`, rfc3986],
  [`${DISCOVERY}/rfc3986`, rfc3986],
  [`${DISCOVERY}/strcmp0`, strcmp0],
  [`${DISCOVERY}/uuid`, uuid],
  [`${DISCOVERY}/ldap`, ldap],
]);

/** URIs of the rules that {@link matchScopes} knows. */
export const MATCHING_RULES: readonly string[] = [...RULES.keys(), NONE];

/**
 * Whether every probed scope is covered by one of ours, by the rule `matchBy` (undefined: RFC 3986). The rule "none" asks for
 * targets without any scope. Gives 'unknown-rule' for a rule that is not supported.
 */
export function matchScopes(probed: readonly string[], ours: readonly string[], matchBy?: string): boolean | 'unknown-rule' {
  if (matchBy === NONE) return ours.length === 0;
  const rule = matchBy === undefined ? rfc3986 : RULES.get(matchBy);
  return rule ? probed.every((scope) => ours.some((own) => rule(scope, own))) : 'unknown-rule';
}
