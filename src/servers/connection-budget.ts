/** How many connections and sessions the servers may have at a time. */
export interface ConnectionBudget {
  /** Descriptors that the process can spare, for which it was reckoned. */
  readonly descriptors: number;
  /** Whether there are fewer than wanted. */
  readonly isTight: boolean;
  /** Connections to the web server. */
  readonly http: number;
  /** Connections to the RTSP server. */
  readonly rtsp: number;
  /** RTSP sessions, each with {@link SOCKETS_PER_SESSION} in the worst case. */
  readonly sessions: number;
}

/** More than a Pi's network carries: 800 MJPEG viewers and what else they ask; 100 RTSP sessions and as many strangers. */
const WANTED = { http: 1000, rtsp: 200, sessions: 100 };
/** UDP sockets of a session: for RTP and RTCP of the picture, and of the events beside it. */
const SOCKETS_PER_SESSION = 4;

/**
 * Returns the shares of the servers in the descriptors that the process can spare, in the proportion in which they are wanted.
 *
 * @param descriptors see {@link DescriptorReserve.forOthers}
 */
export function connectionBudget(descriptors: number): ConnectionBudget {
  const { http, rtsp, sessions } = WANTED;
  const part = Math.min(1, descriptors / (http + rtsp + SOCKETS_PER_SESSION * sessions));
  const share = (wanted: number) => Math.max(1, Math.floor(wanted * part));
  return { descriptors, isTight: part < 1, http: share(http), rtsp: share(rtsp), sessions: share(sessions) };
}

/** The sentences that tell the owner of a tight budget, and how to get a larger one. */
export const tightness = ({ descriptors, http, rtsp }: ConnectionBudget): string =>
  `The system leaves this program ${descriptors} open files for its clients, enough for ${http} connections to the page and ${rtsp} by RTSP. ` +
  'For more, raise the limit (LimitNOFILE= of the systemd service, ulimit -Hn of the shell).';
