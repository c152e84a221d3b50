/** A client that watches a stream now. */
export interface ViewerInfo {
  readonly protocol: 'http' | 'rtsp';
  /** How the pictures travel: in the connection, through an HTTP tunnel, or by packets of their own. */
  readonly transport: 'tcp' | 'http' | 'udp' | 'multicast';
  /** "mjpeg", "h264" */
  readonly stream: string;
  /** The client's, also where a trusted proxy stands before us. */
  readonly address: string;
  /** Name of the user; undefined where no login was needed. */
  readonly user: string | undefined;
  /** When it began, monotonic milliseconds. */
  readonly since: number;
  /** A connection that does not carry all pictures: since when it has not, monotonic milliseconds, and bits per second that it carries. */
  readonly slow?: { readonly since: number; readonly bitRate: number | undefined } | undefined;
}
