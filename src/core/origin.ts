/** The schemes that the web server speaks. */
export type Scheme = 'http' | 'https';

/** What the addresses of a web server begin with (RFC 6454). */
export interface Origin {
  readonly scheme: Scheme;
  /** Host as in a URL: a name, or an address, IPv6 in brackets. */
  readonly host: string;
  /** TCP port; undefined where it is the scheme's own, which is not written. */
  readonly port: number | undefined;
}

/** Returns an origin as text: "http://192.168.1.5:8080". */
export const formatOrigin = ({ scheme, host, port }: Origin): string => `${scheme}://${host}${port === undefined ? '' : `:${port}`}`;

/** Returns an address as it stands in a URL (RFC 3986 section 3.2.2). */
export const hostOf = (address: string): string => (address.includes(':') ? `[${address}]` : address);

/** Returns whether a connection is encrypted: a TLSSocket of Node says so. */
export const isEncrypted = (socket: object): boolean => (socket as { readonly encrypted?: unknown }).encrypted === true;

/** Returns the scheme of HTTP on a connection. */
export const schemeOf = (socket: object): Scheme => (isEncrypted(socket) ? 'https' : 'http');
