import type { ServerResponse } from 'node:http';
import type { Request, Response } from 'express';
import helmet from 'helmet';

/**
 * A client that takes nothing of its answer for twice this long is dropped, milliseconds: the first time Node's timer only notes
 * how much is waiting.
 */
const UNREAD_TIMEOUT_MS = 15_000;

/** What the API answers where it refuses. */
export interface Problem {
  /** For programs: "CAMERA_BUSY", "NOT_FOUND". */
  readonly code: string;
  /** For people: a sentence that says what happened. */
  readonly message: string;
  /** What can be done about it. */
  readonly hint?: string;
}

/** Answers with an error as short text, or as JSON where the client prefers that. Never with a stack. @param status of HTTP */
export function sendProblem(req: Request, res: Response, status: number, problem: Problem): void {
  res.status(status).set('Cache-Control', 'no-store');
  if (req.accepts(['text', 'json']) === 'json') res.json({ error: problem });
  else res.type('text/plain').send(`${[problem.message, problem.hint].filter(Boolean).join(' ')}\n`);
}

/** Drops the client of a large answer that has been written if it takes nothing of it for 30 s. */
export function expectToBeRead({ socket }: ServerResponse): void {
  // Node puts its own timeout back at the next request.
  if (socket && socket.writableLength > 0) socket.setTimeout(UNREAD_TIMEOUT_MS);
}

/** Returns what an error of the camera looks like to a viewer. @param error undefined: the camera gave no picture in time */
export const cameraProblem = (error: { code: string; message: string; hint: string } | undefined): Problem =>
  error
    ? { code: error.code, message: error.message, hint: error.hint }
    : { code: 'NO_PICTURE', message: 'The camera gave no picture in time.', hint: 'Try again in a moment.' };

/**
 * Returns a handler that sets helmet's headers, without those that only make sense behind TLS: a camera in a home network
 * speaks plain HTTP.
 */
export const securityHeaders = () =>
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'blob:', 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'self'"],
      },
    },
    // Not "no-referrer": with that, browsers send `Origin: null` with the login form.
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: false,
    originAgentCluster: false,
    crossOriginOpenerPolicy: false,
  });
