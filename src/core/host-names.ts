import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

/** The names by which this machine may be reached. */
export interface OwnNames {
  /** The machine's name, with or without its domain. */
  readonly hostname: string;
  /** Domains in which names are looked up here (resolv.conf(5), "search"). */
  readonly domains: readonly string[];
  /** Further names that the owner allows; see {@link isHostPattern}. */
  readonly allowed: readonly string[];
}

/** Words for what {@link isHostPattern} takes, to follow "must be". */
export const HOST_PATTERNS = 'host names without port, such as camera.example.com or *.example.com';

/** Longest host name, characters (RFC 1035 section 2.3.4). */
const MAX_LENGTH = 253;
/** A label of a name that a machine is reached by: underscores occur. */
const LABEL = '[a-z\\d_](?:[a-z\\d_-]{0,61}[a-z\\d_])?';
/** A label of a name that a host may be given: no underscores. */
const STRICT_LABEL = /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/i;
const HOST_NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);

/** Matches a Host header: the host, in brackets if it is IPv6, and its port (RFC 9110 section 7.2). */
const HOST = /^(\[[\da-f:.]{2,45}\]|[\w.-]{1,254})(?::(\d{1,5}))?$/i;

/** Matches a name that ends in a number, which every browser takes for an IPv4 address or refuses. */
const NUMERIC = /(?:^|\.)(?:\d+|0x[\da-f]*)\.?$/i;

/** Characters that end a host in a URL. */
const NOT_IN_NAME = /[\s/\\:@?#%[\]]/;

/**
 * Top domains that no public name server has, so that nobody outside can make a name in them lead here: RFC 6761, RFC 6762
 * (chapter 3 and appendix G), RFC 8375, and what routers use.
 */
const PRIVATE_DOMAINS = ['local', 'localhost', 'lan', 'home', 'home.arpa', 'internal', 'localdomain', 'intranet', 'private', 'corp'];

/** Public domains that belong to makers of routers: a router gives them to the machines behind it. */
const ROUTER_DOMAINS = ['fritz.box'];

/** Longest name that Linux keeps for itself (HOST_NAME_MAX), characters. */
export const MAX_OWN_NAME = 64;

/**
 * Returns whether a host or a domain may be called so (RFC 1123 section 2.1): labels of letters, digits and inner hyphens, the last
 * of which is no number, or it would read as an address.
 */
export const isDomainName = (name: string, maxLength = MAX_LENGTH): boolean =>
  name.length <= maxLength && name.split('.').every((label) => STRICT_LABEL.test(label)) && !/(^|\.)\d+$/.test(name);

/** Returns whether a text is a host name, or `*.` and a domain, which stands for all names in that. */
export function isHostPattern(text: string): boolean {
  const name = normalize(text.startsWith('*.') ? text.slice(2) : text);
  return name !== undefined && isIP(name) === 0;
}

/** Returns the name and the port in a Host header, the name of IPv6 in brackets; undefined for what is none. Never throws. */
export function parseHost(header: string): { readonly name: string; readonly port: number | undefined } | undefined {
  const [, name, digits] = HOST.exec(header) ?? [];
  if (name === undefined) return undefined;
  if (name.startsWith('[') ? isIP(name.slice(1, -1)) !== 6 : NUMERIC.test(name) && isIP(name) !== 4) return undefined;
  const port = digits === undefined ? undefined : Number(digits);
  return port !== undefined && port > 65_535 ? undefined : { name, port };
}

/** Returns the address that a host is written as, without brackets; undefined where it is a name. */
export function addressOf(name: string): string | undefined {
  const address = name.startsWith('[') ? name.slice(1, -1) : name;
  return isIP(address) === 0 ? undefined : address;
}

/** Returns whether a host stands for the machine itself, so that no other machine is reached by it. IPv6 with or without brackets. */
export const isLoopbackHost = (name: string): boolean => /^(127\.|\[?::1\]?$|localhost$)/i.test(name);

/**
 * Returns whether a host, as a browser has it in its address line, can be this machine. A page elsewhere may have its own name lead
 * to this address and then read the answers as its own (DNS rebinding), so a name is good only where no stranger can do that. An
 * address needs no name server, nor do names without a dot and those in {@link PRIVATE_DOMAINS}. In other domains it must be the
 * machine's own name in a domain of its own, or what the owner allows.
 *
 * @param name as {@link parseHost} gives it
 */
export function isOwnHost(name: string, { hostname, domains, allowed }: OwnNames): boolean {
  if (addressOf(name) !== undefined) return true;
  const host = normalize(name);
  if (host === undefined) return false;
  if (!host.includes('.') || PRIVATE_DOMAINS.some((domain) => host.endsWith(`.${domain}`))) return true;
  if (allowed.some((pattern) => matches(host, pattern))) return true;
  const [own = '', ...domain] = (normalize(hostname) ?? '').split('.');
  if (own === '') return false;
  return [domain.join('.'), ...domains, ...ROUTER_DOMAINS].some((each) => {
    const suffix = normalize(each);
    return suffix !== undefined && host === `${own}.${suffix}`;
  });
}

function matches(host: string, pattern: string): boolean {
  const wild = pattern.startsWith('*.');
  const name = normalize(wild ? pattern.slice(2) : pattern);
  return name !== undefined && (wild ? host.endsWith(`.${name}`) : host === name);
}

/** Returns the name in lower case and ASCII, without the dot at the end that some write; undefined for what is no host name. */
function normalize(text: string): string | undefined {
  if (text.length > MAX_LENGTH + 1 || NOT_IN_NAME.test(text)) return undefined;
  const plain = text.toLowerCase().replace(/\.$/, '');
  const name = domainToASCII(plain) || plain;
  return name.length <= MAX_LENGTH && HOST_NAME.test(name) ? name : undefined;
}
