/** What the URL of a request names. */
export interface RtspTarget {
  /** Path of the stream, decoded, with one slash in front and none behind: `/mjpeg`; `/` for none, `*` for the server as a whole. */
  readonly path: string;
  /** Number of the track; undefined: the whole presentation. */
  readonly track: number | undefined;
}

/** Scheme and authority, credentials included; a tunnelled request may carry the URL of the tunnel. */
const ORIGIN = /^(?:rtspu?|rtsps|https?):\/\/[^/?#]*/i;

/** Some clients set the control attribute behind the query, which is why it is looked for at the end of either. */
const TRACK = /(?:^|\/)trackID=(\d{1,3})\/*$/i;

/** Returns the attribute `control` of a track; it is appended to the base with a slash between (RFC 2326 section C.1.1). */
export const controlOf = (track: number): string => `trackID=${track}`;

/**
 * Takes the URL of a request apart. Scheme, host, port, credentials and query are dropped: a server with one camera has no
 * use for them, and clients differ in what they send.
 *
 * @returns undefined for what is no URL, or decodes to bytes that are no UTF-8 or no text. Never throws.
 */
export function parseRequestUrl(url: string): RtspTarget | undefined {
  if (url === '*') return { path: '*', track: undefined };
  const local = withoutOrigin(url);
  if (local === undefined) return undefined;
  const [, rawPath = '', query = ''] = /^([^?#]*)(.*)$/s.exec(local) ?? [];
  const ofPath = TRACK.exec(rawPath);
  const track = (ofPath ?? TRACK.exec(query))?.[1];
  const path = decode(ofPath ? rawPath.slice(0, ofPath.index) : rawPath);
  if (path === undefined) return undefined;
  const segments = path.split('/').filter((segment) => segment !== '');
  return { path: `/${segments.join('/')}`, track: track === undefined ? undefined : Number(track) };
}

/**
 * Returns the Content-Base for the answer to a DESCRIBE of this URL: the same without credentials, query and track, with a slash at
 * the end. That slash makes clients that resolve (RFC 3986) and those that append come to the same URL.
 *
 * @returns undefined where the URL has no host, which leaves it to the server to name itself
 */
export function contentBase(url: string): string | undefined {
  const match = /^([a-z]+):\/\/(?:[^/?#]*@)?([^/?#@]+)(?=[/?#]|$)([^?#]*)/i.exec(url);
  if (!match || !ORIGIN.test(url)) return undefined;
  const path = match[3]!
    .replace(TRACK, '')
    .split('/')
    .filter((segment) => segment !== '');
  return `${match[1]!.toLowerCase()}://${[match[2], ...path].join('/')}/`;
}

/** Returns the URL that clients make of a base and a track: for SETUP, and for RTP-Info, which some compare with it letter by letter. */
export const trackUrl = (base: string, track: number): string => `${base}${base.endsWith('/') ? '' : '/'}${controlOf(track)}`;

function withoutOrigin(url: string): string | undefined {
  if (url.startsWith('/')) return url;
  const origin = ORIGIN.exec(url)?.[0];
  return origin === undefined ? undefined : url.slice(origin.length);
}

/** Undoes percent-encoding. Bytes above ASCII count as such: the text has one character per byte. */
function decode(text: string): string | undefined {
  try {
    const path = decodeURIComponent(text.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`));
    return /\p{Cc}/u.test(path) ? undefined : path;
  } catch {
    return undefined;
  }
}
