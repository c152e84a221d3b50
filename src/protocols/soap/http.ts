/** A request to one of the ONVIF services, as it came over HTTP. */
export interface SoapHttpRequest {
  readonly method: string;
  /** The request-target as it came. */
  readonly url: string;
  /** Value of the Authorization header. */
  readonly authorization: string | undefined;
  /** The body as text; undefined where there is none. */
  readonly body: string | undefined;
  /** The client's address, also where a trusted proxy stands before us. */
  readonly remoteAddress: string;
  /** The connection that the request came on, the same object for all its requests. */
  readonly connection: object;
  /** Whether the connection may carry the requests of several clients, as that of a proxy does. */
  readonly shared: boolean;
  /** "http://192.168.1.5:8080": the address by which the client reached us. */
  readonly baseUrl: string;
  /** {@link baseUrl} with the address in place of a name of ours. */
  readonly addressUrl: string;
  /** Host for RTSP, which has a port of its own: "192.168.1.5", "[fe80::1]". */
  readonly host: string;
  /** Fires when the client has gone. */
  readonly signal: AbortSignal;
}

/** What goes back over HTTP. */
export interface SoapHttpAnswer {
  /** HTTP status. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string;
}
