/** Longest Cookie header looked at, characters: Node's own limit for all headers together is 16 KB. */
const MAX_HEADER = 8192;

/** Most cookies looked at. Other programs on the same host (cookies don't know ports) add a few. */
const MAX_COOKIES = 64;

/**
 * Returns the names and values in a Cookie header (RFC 6265 section 5.4), as they were sent. Of two cookies with one name the first
 * counts, since browsers send the most specific one first. Never throws.
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
 * Returns the Set-Cookie value (RFC 6265 section 4.1) that gives the browser a session.
 *
 * @param name a token; cookies are shared by all ports of a host, so two cameras on one machine need two names
 * @param id base64url
 * @param options.maxAge seconds; without it the browser forgets the cookie when it closes
 * @param options.secure whether the browser shall send it through TLS alone, as where it came that way; default false
 */
export function sessionCookie(name: string, id: string, options: { maxAge?: number; secure?: boolean } = {}): string {
  const lifetime = options.maxAge === undefined ? '' : `; Max-Age=${options.maxAge}`;
  return `${name}=${id}; HttpOnly; SameSite=Lax; Path=/${lifetime}${options.secure ? '; Secure' : ''}`;
}

/** Returns the Set-Cookie value that makes the browser forget the session. */
export const clearCookie = (name: string, options: { secure?: boolean } = {}): string => sessionCookie(name, '', { ...options, maxAge: 0 });
