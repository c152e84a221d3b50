/** Longest Cookie header looked at, characters: Node's own limit for all headers together is 16 KB. */
const MAX_HEADER = 8192;

/** Cookies looked at. Other programs on the same host (cookies don't know ports) add a few. */
const MAX_COOKIES = 64;

/**
 * Reads a Cookie header (RFC 6265 section 5.4) into names and values as they were sent. Never throws; of two cookies with
 * one name the first counts, since browsers send the most specific one first.
 */
export function parseCookies(header: string | undefined): Map<string, string> {
  const cookies = new Map<string, string>();
  if (header === undefined || header.length > MAX_HEADER) return cookies;
  for (const pair of header.split(';', MAX_COOKIES)) {
    const equals = pair.indexOf('=');
    const name = pair.slice(0, equals).trim();
    if (equals > 0 && name !== '' && !cookies.has(name)) cookies.set(name, pair.slice(equals + 1).trim());
  }
  return cookies;
}

/**
 * The Set-Cookie value that gives the browser a session.
 *
 * @param name a token; cookies are shared by all ports of a host, so two cameras on one machine need two names
 * @param id base64url
 * @param options.maxAge seconds; without it the browser forgets the cookie when it closes
 * @param options.secure the browser shall send it through TLS alone: for who came that way, by a proxy
 */
export function sessionCookie(name: string, id: string, options: { maxAge?: number; secure?: boolean } = {}): string {
  const lifetime = options.maxAge === undefined ? '' : `; Max-Age=${options.maxAge}`;
  return `${name}=${id}; HttpOnly; SameSite=Lax; Path=/${lifetime}${options.secure ? '; Secure' : ''}`;
}

/** The Set-Cookie value that makes the browser forget the session. */
export const clearCookie = (name: string, options: { secure?: boolean } = {}): string => sessionCookie(name, '', { ...options, maxAge: 0 });
