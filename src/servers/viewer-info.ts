/** A client that watches a stream. */
export interface ViewerInfo {
  readonly protocol: 'http' | 'rtsp';
  /** How the pictures travel: in the connection, through an HTTP tunnel, or by packets of their own. */
  readonly transport: 'tcp' | 'http' | 'udp' | 'multicast';
  /** Name of the stream: "mjpeg", "h264". */
  readonly stream: string;
  /** The client's address, also where it came by way of a trusted proxy. */
  readonly address: string;
  /** Name of the user; undefined where no login was needed. */
  readonly user: string | undefined;
  /** When it began, monotonic milliseconds. */
  readonly since: number;
  /**
   * For a connection that does not carry all pictures: since when, monotonic milliseconds, and how many bits per second it
   * carries, undefined while that is not known. Undefined for one that keeps up.
   */
  readonly slow?: { readonly since: number; readonly bitRate: number | undefined } | undefined;
}
