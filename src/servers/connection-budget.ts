/** How many of each kind there may be at a time. */
export interface ConnectionBudget {
  /** What it was reckoned for: files that the process may have open. */
  readonly openFiles: number;
  /** There are fewer than wanted. */
  readonly isTight: boolean;
  /** Connections to the web server. */
  readonly http: number;
  /** Connections to the RTSP server. */
  readonly rtsp: number;
  /** RTSP sessions, each with two UDP sockets in the worst case. */
  readonly sessions: number;
}

/** More than a Pi's network carries: 800 MJPEG viewers and what else they ask; 100 RTSP sessions and as many strangers. */
const WANTED = { http: 1000, rtsp: 200, sessions: 100 };

/** Open files that are not for clients: Node.js itself (20), discovery, the capture and encoder programs, what persists. */
const OWN_FILES = 64;

/**
 * Shares the files that a process may have open (RLIMIT_NOFILE) between the servers, so that many clients never keep the
 * camera from being captured or a setting from being saved.
 */
export function connectionBudget(openFiles: number): ConnectionBudget {
  const { http, rtsp, sessions } = WANTED;
  const part = Math.min(1, Math.max(0, openFiles - OWN_FILES) / (http + rtsp + 2 * sessions));
  const share = (wanted: number) => Math.max(1, Math.floor(wanted * part));
  return { openFiles, isTight: part < 1, http: share(http), rtsp: share(rtsp), sessions: share(sessions) };
}
