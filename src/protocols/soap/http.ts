/** A request to one of the ONVIF services, as it came over HTTP. */
export interface SoapHttpRequest {
  readonly method: string;
  /** The request-target as it came. */
  readonly url: string;
  /** Value of the Authorization header. */
  readonly authorization: string | undefined;
  /** Undefined where there is none. */
  readonly body: string | undefined;
  /** The client's address, also where a trusted proxy stands before us. */
  readonly remoteAddress: string;
  /** What the request came on. */
  readonly connection: object;
  /** The connection carries the requests of several clients. */
  readonly shared: boolean;
  /** "http://192.168.1.5:8080": the address by which the client reached us. */
  readonly baseUrl: string;
  /** The same with the address in place of a name of ours. */
  readonly addressUrl: string;
  /** The host of it alone: "192.168.1.5", "[fe80::1]". */
  readonly host: string;
  /** Fires when the client has gone. */
  readonly signal: AbortSignal;
}

/** What goes back over HTTP. */
export interface SoapHttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string;
}
