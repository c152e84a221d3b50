import { timingSafeEqual } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { clearCookie, parseCookies, sessionCookie } from '../../auth/cookies.ts';
import type { Unchecked } from '../../auth/failure-limiter.ts';
import {
  isUnchecked,
  Login,
  type LoginOptions,
  type LoginOrigin,
  type Password,
  RETRY_AFTER_S,
  TOO_MANY_ATTEMPTS,
} from '../../auth/login.ts';
import { type SessionStore, Sessions } from '../../auth/sessions.ts';
import type { AccessLevel, User } from '../../auth/users.ts';
import { sendProblem } from './answers.ts';
import type { Arrivals } from './arrivals.ts';
import { isShared } from './proxies.ts';

/** The users, and what carries their logins. */
export interface AuthenticationOptions extends LoginOptions {
  /** Name of the session cookie. Cookies don't know ports: two cameras on one host need two names. */
  readonly cookieName: string;
  /** Token that lets commands on this machine in, as `Authorization: Bearer`. */
  readonly localToken: string;
  /** Where logins by the form outlive the process. */
  readonly sessions: SessionStore;
}

/** What a request has shown of its sender, see {@link userOf}, {@link levelOf} and {@link holdsOf}. */
type Shown = { readonly user: User; readonly holds: () => boolean } | { readonly local: true };

/** Checks logins over HTTP: by Basic, Digest (RFC 7617, RFC 7616), or the session of the login form. */
export class Authentication {
  readonly #sessions: Sessions;
  readonly #login: Login;

  constructor(
    private readonly options: AuthenticationOptions,
    private readonly arrivals: Arrivals,
  ) {
    const { users, clock, log, sessions } = options;
    this.#sessions = new Sessions({ users, clock, log, store: sessions });
    this.#login = new Login(options);
  }

  /** Calls back when a login that {@link holdsOf} asks about may have ended. */
  onEnd(listener: () => void): void {
    this.#sessions.onEnd(listener);
    this.options.users.onChange(listener);
  }

  /** Lets known users pass, see {@link holdsOf}; all others get the login form (303), a 401, or a 429 while too many guess. */
  readonly require: RequestHandler = async (req, res, next) => {
    const id = this.#sessionId(req);
    const user = this.sessionUser(req);
    if (id !== undefined && user) {
      const maxAge = this.#sessions.renew(id);
      if (maxAge !== undefined) this.#setCookie(req, res, id, maxAge);
      return this.#pass(req, res, next, { user, holds: this.#sessions.watch(id) });
    }
    const { authorization } = req.headers;
    if (authorization === undefined) return this.#deny(req, res, false);
    if (this.#isLocal(authorization)) return this.#pass(req, res, next, { local: true });
    const outcome = this.#login.byHeader({ method: req.method, url: req.originalUrl, authorization }, this.#originOf(req));
    // Not awaited where there is nothing to wait for: pipelined guesses are then checked, and counted, one by one.
    const result = outcome instanceof Promise ? await outcome : outcome;
    if (result.ok) {
      const { user: shown } = result;
      this.#pass(req, res, next, { user: shown, holds: () => this.options.users.current(shown) !== undefined });
    } else if (isUnchecked(result)) this.#refuse(req, res, result.reason);
    else this.#deny(req, res, result.reason === 'stale');
  };

  /** Recognises a command on this machine where nobody has to log in, see {@link levelOf}; asks nobody for credentials. */
  readonly noticeLocal: RequestHandler = (req, res, next) => {
    if (req.headers.authorization !== undefined && this.#isLocal(req.headers.authorization)) res.locals.local = true;
    next();
  };

  /** The user whose session the request has; undefined: it has none that holds. */
  sessionUser(req: Request): User | undefined {
    const id = this.#sessionId(req);
    return id === undefined ? undefined : this.#sessions.find(id);
  }

  /**
   * Checks a name and a password from the form, and begins a session where they are right.
   *
   * @param credentials `remembered`: the browser shall stay logged in when it closes
   * @returns undefined while too many guesses wait: the request has then been answered (429)
   */
  async logIn(
    req: Request,
    res: Response,
    { remembered, ...password }: Password & { readonly remembered: boolean },
  ): Promise<User | 'wrong' | undefined> {
    const result = await this.#login.byPassword(password, this.#originOf(req));
    if (isUnchecked(result)) {
      this.#refuse(req, res, result.reason);
      return undefined;
    }
    if (!result.ok) return 'wrong';
    const id = this.#sessions.create(result.user, { remembered });
    this.#setCookie(req, res, id, this.#sessions.cookieAge(id));
    return result.user;
  }

  /** Stores the sessions that are to outlive the process. */
  close(): void {
    this.#sessions.close();
  }

  /** @param maxAge seconds; undefined: until the browser closes */
  #setCookie(req: Request, res: Response, id: string, maxAge: number | undefined): void {
    const age = maxAge === undefined ? {} : { maxAge };
    res.append('Set-Cookie', sessionCookie(this.options.cookieName, id, { ...age, secure: this.#isSecure(req) }));
  }

  /** Ends the session of a request, and takes its cookie away. */
  logOut(req: Request, res: Response): void {
    const id = this.#sessionId(req);
    if (id !== undefined) this.#sessions.destroy(id);
    res.append('Set-Cookie', clearCookie(this.options.cookieName, { secure: this.#isSecure(req) }));
  }

  #isSecure(req: Request): boolean {
    return this.arrivals.clientOf(req).scheme === 'https';
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

  #originOf(req: Request): LoginOrigin {
    const { socket, headers, path } = req;
    return {
      address: this.arrivals.clientAddress(req),
      connection: socket,
      shared: isShared(headers),
      // The connection's end, not the response's: one that waits behind others on its connection never hears of that.
      gone: () => endOf(socket),
      path,
    };
  }

  /** Answers a request whose credentials were not looked at, if its client is still there. */
  #refuse(req: Request, res: Response, reason: Unchecked['reason']): void {
    if (reason === 'aborted' || req.socket.destroyed) return;
    res.set('Retry-After', String(RETRY_AFTER_S));
    sendProblem(req, res, 429, { code: 'TOO_MANY_ATTEMPTS', ...TOO_MANY_ATTEMPTS });
  }

  /** Lets a request go on. The address noted is the connection's own, by which connections are told apart. */
  #pass(req: Request, res: Response, next: NextFunction, shown: Shown): void {
    this.#login.note(req.socket.remoteAddress ?? '');
    Object.assign(res.locals, shown);
    next();
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

/** The user who made a request; undefined where no login was needed, or a command on this machine made it. */
export const userOf = (res: Response): User | undefined => res.locals.user;

/** The level of whoever made a request: a command on this machine may do what its owner may. Undefined: nobody known. */
export const levelOf = (res: Response): AccessLevel | undefined => (res.locals.local === true ? 'Administrator' : userOf(res)?.level);

/**
 * Returns what tells, also later, whether the login holds by which a request came: the page's session, or a user with his
 * password. Undefined where none was needed.
 */
export const holdsOf = (res: Response): (() => boolean) | undefined => res.locals.holds;

/** Whether a browser is on its way to the page, not to a picture, and without credentials of its own. */
const isPageNavigation = (req: Request): boolean =>
  req.method === 'GET' &&
  (req.path === '/' || req.path === '/index.html') &&
  req.query.action === undefined &&
  req.headers.authorization === undefined &&
  req.accepts(['text', 'html']) === 'html' &&
  (req.headers.accept ?? '').includes('text/html');

const ends = new WeakMap<Socket, AbortSignal>();

/** Returns a signal that fires when the connection ends; one for all that wait on it. */
function endOf(socket: Socket): AbortSignal {
  const known = ends.get(socket);
  if (known) return known;
  const end = new AbortController();
  // Requests that were sent without waiting for answers may all wait for it.
  setMaxListeners(0, end.signal);
  if (socket.destroyed) end.abort();
  else socket.once('close', () => end.abort());
  ends.set(socket, end.signal);
  return end.signal;
}
