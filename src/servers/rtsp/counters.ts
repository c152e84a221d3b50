/** What the RTSP server counts for the metrics. */
export interface RtspCounters {
  /** Sessions that were set up, over all time. */
  sessions: number;
  /** RTP packets sent, to each client counted by itself. */
  packetsSent: number;
  /** Bytes of those packets, with the framing of those on RTSP connections. */
  bytesSent: number;
  /** Pictures that slow clients missed. */
  framesSkipped: number;
  /** Sessions dropped because their client took nothing for 30 s. */
  sessionsDropped: number;
  /** Sessions that ended because nothing was heard of their client. */
  sessionsTimedOut: number;
  /** RTP packets that clients report as lost (RFC 3550 section 6.4.1). */
  packetsLost: number;
  /** Connections refused because there are too many. */
  connectionsRefused: number;
}

/** Returns counters at 0. */
export const newRtspCounters = (): RtspCounters => ({
  sessions: 0,
  packetsSent: 0,
  bytesSent: 0,
  framesSkipped: 0,
  sessionsDropped: 0,
  sessionsTimedOut: 0,
  packetsLost: 0,
  connectionsRefused: 0,
});
