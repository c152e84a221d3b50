import type { IncomingMessage } from 'node:http';
import type { Request, Response } from 'express';
import type { Clock } from '../../core/clock.ts';
import { type Logger, LogThrottle } from '../../core/log.ts';
import { type Problem, sendProblem } from './answers.ts';
import type { Arrivals } from './arrivals.ts';

/** What knows our names, and where refusals are told. */
export interface HostGuardOptions {
  readonly arrivals: Arrivals;
  readonly clock: Clock;
  readonly log: Logger;
}

interface HostProblem extends Problem {
  readonly status: 400 | 421;
  /** Message and hint in one. */
  readonly text: string;
}

/**
 * Keeps out requests that were meant for another machine: a page elsewhere may have its name lead a browser here, and would
 * then be of one origin with us (DNS rebinding).
 */
export class HostGuard {
  readonly #throttle: LogThrottle;

  constructor(private readonly options: HostGuardOptions) {
    this.#throttle = new LogThrottle(options.clock);
  }

  /** Whether a request may go on; if not, it has been answered. */
  lets(req: Request, res: Response): boolean {
    const problem = this.problemOf(req);
    if (!problem) return true;
    const { status, code, message, hint } = problem;
    sendProblem(req, res, status, { code, message, ...(hint === undefined ? {} : { hint }) });
    return false;
  }

  /**
   * Returns what is wrong with the Host header: 421 Misdirected Request (RFC 9110 section 15.5.20), or 400 for what is no host.
   * Undefined: nothing is.
   */
  problemOf(req: IncomingMessage): HostProblem | undefined {
    const { arrivals, log } = this.options;
    const { verdict, host } = arrivals.hostOf(req);
    if (verdict === 'ours') return undefined;
    if (verdict === 'malformed') return problem(400, 'BAD_HOST', 'The Host header is no host name.');
    const address = arrivals.clientAddress(req);
    this.#throttle.log((fields) =>
      log.warn(`a request for "${host}", which is no name of this camera; see http.hosts`, { client: address, ...fields }),
    );
    return problem(
      421,
      'WRONG_HOST',
      `This camera does not know itself as "${host}".`,
      `If the name is yours, set it: http.hosts: [${host}] in onvif-camera.yaml, or --http-hosts ${host}. The camera's IP address always works.`,
    );
  }
}

function problem(status: 400 | 421, code: string, message: string, hint?: string): HostProblem {
  const text = hint === undefined ? message : `${message} ${hint}`;
  return { status, code, message, text, ...(hint === undefined ? {} : { hint }) };
}
