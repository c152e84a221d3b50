import { isIP } from 'node:net';
import type { State } from '../config/state.ts';
import { isNear } from '../discovery/addresses.ts';

/** What must not be in a report. */
export interface Private {
  /** Passwords, tokens and what is derived from them, which are taken out. */
  readonly secrets: readonly string[];
  /** What tells this camera from all others, which is shortened. */
  readonly identities: readonly string[];
}

/** Length, characters, below which a secret counts only as a whole word: it may stand in a report by chance. */
const SHORT = 5;
/** Characters that are left of an identity. */
const KEPT = 4;
const UUID = /\b([\da-f]{4})[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}\b/gi;
const MAC = /\b([\da-f]{2}[:-][\da-f]{2}[:-][\da-f]{2})(?:[:-][\da-f]{2}){3}\b/gi;
const URL_CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'\\]*@/gi;
const IPV4 = /\b\d{1,3}(?:\.\d{1,3}){3}\b/g;
const IPV6 = /(?<![\w:.])[\da-f]{0,4}(?::[\da-f]{0,4}){2,7}(?![\w:])/gi;
/** Addresses that belong to nobody: "all addresses", multicast and broadcast. */
const NOBODYS_IPV4 = /^(0|22[4-9]|23\d|255)\./;
/** Unique local, link-local and loopback addresses (RFC 4193, RFC 4291), which say nothing to others. */
const LOCAL_IPV6 = /^(f[cd]|fe[89ab]|::1?$)/i;

/** Returns what must not be in a report: what the state has of it, and `more`. */
export function privateOf(state: State | undefined, more: Private): Private {
  const users = state?.users ?? [];
  const sessions = state?.sessions ?? [];
  return {
    secrets: [
      ...more.secrets,
      ...users.flatMap(({ name, password }) => [password, Buffer.from(`${name}:${password}`).toString('base64')]),
      ...sessions.flatMap(({ hash, proof }) => [hash, proof]),
    ],
    identities: [...more.identities, ...(state ? [state.uuid] : []), ...(state?.mac === undefined ? [] : macForms(state.mac))],
  };
}

/** Returns a MAC address with colons, and without them, as serial numbers and host names have it. */
export const macForms = (mac: string): string[] => [mac, mac.replaceAll(':', '')];

/**
 * Returns a text without what must not leave this machine: secrets in any encoding, credentials in URLs and public addresses are
 * taken out, identities are shortened.
 */
export function scrub(text: string, { secrets, identities }: Private): string {
  let clean = text;
  const longestFirst = (list: readonly string[]) => [...new Set(list)].filter((each) => each !== '').sort((a, b) => b.length - a.length);
  for (const secret of longestFirst(secrets.flatMap(encodings))) {
    // A short match within a longer word would take that word apart, and so tell what the secret is.
    const pattern = secret.length < SHORT ? `(?<![\\p{L}\\d])${escapeRegExp(secret)}(?![\\p{L}\\d])` : escapeRegExp(secret);
    clean = clean.replace(new RegExp(pattern, 'gu'), '…');
  }
  for (const identity of longestFirst(identities))
    clean = clean.replace(new RegExp(escapeRegExp(identity), 'giu'), `${identity.slice(0, KEPT)}…`);
  // Numbered, so that one can see which are the same.
  const publics = new Map<string, string>();
  const numbered = (address: string) => {
    const name = publics.get(address) ?? `PUBLIC-ADDRESS-${publics.size + 1}`;
    publics.set(address, name);
    return name;
  };
  return clean
    .replace(UUID, '$1…')
    .replace(MAC, '$1:…')
    .replace(URL_CREDENTIALS, '$1…@')
    .replace(IPV4, (address) => (isIP(address) === 4 && !isNear(address, []) && !NOBODYS_IPV4.test(address) ? numbered(address) : address))
    .replace(IPV6, (address) => (isIP(address) === 6 && !LOCAL_IPV6.test(address) ? numbered(address) : address));
}

/** Returns the forms in which a secret may stand in a text: plain, in JSON, in a URL, in XML, and in Base64. */
function encodings(secret: string): string[] {
  const url = encodeURIComponent(secret);
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    url,
    url.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16)}`),
    url.replaceAll('%20', '+'),
    secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
    Buffer.from(secret).toString('base64'),
  ];
}

const escapeRegExp = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
