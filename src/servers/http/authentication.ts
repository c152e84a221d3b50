import { timingSafeEqual } from 'node:crypto';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Access } from '../../auth/access.ts';
import { clearCookie, parseCookies, sessionCookie } from '../../auth/cookies.ts';
import { type SessionStore, Sessions } from '../../auth/sessions.ts';
import type { User } from '../../auth/users.ts';
import type { Clock } from '../../core/clock.ts';
import { type Logger, LogThrottle } from '../../core/log.ts';
import { sendProblem } from './answers.ts';

/** Seconds until a waiting guesser may try again. */
const RETRY_AFTER_S = 5;

export interface AuthenticationOptions extends Access {
  readonly clock: Clock;
  readonly log: Logger;
  /** Name of the session cookie. Cookies don't know ports: two cameras on one host need two names. */
  readonly cookieName: string;
  /** Lets commands on this machine in, as `Authorization: Bearer`. */
  readonly localToken: string;
  /** Where the form's logins outlive the process. */
  readonly sessions: SessionStore;
}

/** Who may look: Basic, Digest, or the session of the login form. */
export class Authentication {
  readonly #sessions: Sessions;
  readonly #throttle: LogThrottle;

  constructor(private readonly options: AuthenticationOptions) {
    const { users, clock, log, sessions } = options;
    this.#sessions = new Sessions({ users, clock, log, store: sessions });
    this.#throttle = new LogThrottle(clock);
  }

  /** Calls back when a login that {@link holdsOf} asks about may have ended. */
  onEnd(listener: () => void): void {
    this.#sessions.onEnd(listener);
    this.options.users.onChange(listener);
  }

  /** Lets known users pass, see {@link holdsOf}; all others get the login form or a 401. */
  readonly require: RequestHandler = async (req, res, next) => {
    const id = this.#sessionId(req);
    const user = this.sessionUser(req);
    if (id !== undefined && user) {
      const maxAge = this.#sessions.renew(id);
      if (maxAge !== undefined) this.#setCookie(res, id, maxAge);
      return pass(user, this.#sessions.watch(id), res, next);
    }
    const { authorization } = req.headers;
    if (authorization === undefined) return this.#deny(req, res, false);
    if (this.#isLocal(authorization)) return next();
    // Not awaited where there is nothing to wait for: pipelined guesses are then checked, and counted, one by one.
    const turn = this.#takeTurn(req, res);
    if (!(turn === true || (await turn))) return;
    const result = this.options.authenticator.authenticate({ method: req.method, url: req.originalUrl, authorization });
    if (result.ok) {
      this.options.limiter.succeeded(addressOf(req));
      const { user: shown } = result;
      return pass(shown, () => this.options.users.current(shown) !== undefined, res, next);
    }
    if (result.reason === 'invalid') this.#failed(req);
    this.#deny(req, res, result.stale);
  };

  sessionUser(req: Request): User | undefined {
    const id = this.#sessionId(req);
    return id === undefined ? undefined : this.#sessions.find(id);
  }

  /**
   * Checks a name and a password from the form. Answers itself (429) and gives undefined while too many guesses wait.
   * @param credentials.remembered the browser shall stay logged in when it closes
   */
  async logIn(
    req: Request,
    res: Response,
    { name, password, remembered }: { readonly name: string; readonly password: string; readonly remembered: boolean },
  ): Promise<User | 'wrong' | undefined> {
    const turn = this.#takeTurn(req, res);
    if (!(turn === true || (await turn))) return undefined;
    const user = this.options.users.verifyPassword(name, password);
    if (!user) {
      this.#failed(req);
      return 'wrong';
    }
    this.options.limiter.succeeded(addressOf(req));
    const id = this.#sessions.create(user, { remembered });
    this.#setCookie(res, id, this.#sessions.cookieAge(id));
    return user;
  }

  /** Keeps what is to outlive the process. */
  close(): void {
    this.#sessions.close();
  }

  /** @param maxAge seconds; undefined: until the browser closes */
  #setCookie(res: Response, id: string, maxAge: number | undefined): void {
    res.append('Set-Cookie', sessionCookie(this.options.cookieName, id, maxAge === undefined ? {} : { maxAge }));
  }

  logOut(req: Request, res: Response): void {
    const id = this.#sessionId(req);
    if (id !== undefined) this.#sessions.destroy(id);
    res.append('Set-Cookie', clearCookie(this.options.cookieName));
  }

  #sessionId(req: Request): string | undefined {
    const { cookie } = req.headers;
    return cookie === undefined ? undefined : parseCookies(cookie).get(this.options.cookieName);
  }

  #isLocal(authorization: string): boolean {
    const given = Buffer.from(authorization);
    const right = Buffer.from(`Bearer ${this.options.localToken}`);
    return given.length === right.length && timingSafeEqual(given, right);
  }

  /** False when the answer has been given, or nobody waits for one any more. */
  #takeTurn(req: Request, res: Response): boolean | Promise<boolean> {
    const gone = new AbortController();
    const turn = this.options.limiter.turn(addressOf(req), gone.signal);
    if (turn === 'granted') return true;
    const onClose = () => gone.abort();
    // The connection, not the response: one that waits behind others on its connection never hears of its end.
    req.socket.once('close', onClose);
    return Promise.resolve(turn).then((result) => {
      req.socket.removeListener('close', onClose);
      if (result === 'rejected') {
        res.set('Retry-After', String(RETRY_AFTER_S));
        sendProblem(req, res, 429, {
          code: 'TOO_MANY_ATTEMPTS',
          message: 'Too many wrong passwords from this address.',
          hint: 'Wait a few seconds.',
        });
      }
      return result === 'granted' && !req.socket.destroyed;
    });
  }

  #failed(req: Request): void {
    const address = addressOf(req);
    this.options.limiter.failed(address);
    this.#throttle.log((fields) => this.options.log.warn(`wrong user name or password from ${address}`, { path: req.path, ...fields }));
  }

  #deny(req: Request, res: Response, stale: boolean): void {
    if (isPageNavigation(req)) {
      res.redirect(303, `/login?next=${encodeURIComponent(req.originalUrl)}`);
      return;
    }
    // The page's own requests go without challenges: with one the browser would put its password window over the page.
    if (req.headers['x-requested-with'] === undefined) {
      for (const challenge of this.options.authenticator.challenges(stale)) res.append('WWW-Authenticate', challenge);
    }
    sendProblem(req, res, 401, { code: 'UNAUTHORIZED', message: 'User name and password needed.' });
  }
}

/** Who asks, if he had to show it. */
export const userOf = (res: Response): User | undefined => res.locals.user;

/**
 * Tells, also later, whether the login holds by which the request came: the page's session, or a user with his password.
 * Undefined where none was needed.
 */
export const holdsOf = (res: Response): (() => boolean) | undefined => res.locals.holds;

function pass(user: User, holds: () => boolean, res: Response, next: NextFunction): void {
  res.locals.user = user;
  res.locals.holds = holds;
  next();
}

/** A browser on its way to the page, not to a picture, and without credentials of its own. */
const isPageNavigation = (req: Request): boolean =>
  req.method === 'GET' &&
  (req.path === '/' || req.path === '/index.html') &&
  req.query.action === undefined &&
  req.headers.authorization === undefined &&
  req.accepts(['text', 'html']) === 'html' &&
  (req.headers.accept ?? '').includes('text/html');

const addressOf = (req: Request): string => req.socket.remoteAddress ?? '';
