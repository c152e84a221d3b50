import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import { sendProblem } from './answers.ts';
import type { Authentication } from './authentication.ts';

/** A form holds a name, a password and where to go. */
const FORM_LIMIT = '4kb';
const LOGIN_ERRORS = { wrong: 'Wrong user name or password.' };

/** Whether another site's page makes this request, with this browser's credentials. */
export function isFromOtherSite({ method, headers }: IncomingMessage): boolean {
  return method === 'POST' && headers.origin !== undefined && hostOf(headers.origin) !== headers.host;
}

export const sameOriginOnly: RequestHandler = (req, res, next) => {
  if (isFromOtherSite(req)) sendProblem(req, res, 403, { code: 'CROSS_ORIGIN', message: 'This request comes from another site.' });
  else next();
};

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}

export interface PublicPagesOptions {
  /** Where the page's files are. */
  readonly webDir: string;
  /** Undefined: everybody may look. */
  readonly authentication: Authentication | undefined;
  /** What strangers may know the camera by; undefined: nothing. */
  readonly publicName: () => string | undefined;
}

/** The static files and the login form: what a visitor without credentials may see. */
export function addPublicPages(app: Express, { webDir, authentication, publicName }: PublicPagesOptions): void {
  app.use('/assets', express.static(join(webDir, 'assets'), { index: false, redirect: false, maxAge: 60_000 }));
  app.get('/favicon.ico', (_req, res) => res.sendFile('icon.svg', { root: join(webDir, 'assets') }));

  let template: string | undefined;
  const showForm = (res: Response, status: number, form: LoginForm) => {
    template ??= readFileSync(join(webDir, 'login.html'), 'utf8');
    res
      .status(status)
      .set('Cache-Control', 'no-store')
      .type('html')
      .send(fillForm(template, { camera: publicName(), ...form }));
  };

  app.get('/login', (req, res) => {
    const next = localPath(req.query.next);
    if (!authentication || authentication.sessionUser(req)) res.redirect(303, next);
    else showForm(res, 200, { next });
  });
  app.post('/login', express.urlencoded({ extended: false, limit: FORM_LIMIT }), async (req, res) => {
    const fields = (req.body ?? {}) as Record<string, unknown>;
    const [name, password, next] = [String(fields.username ?? ''), String(fields.password ?? ''), localPath(fields.next)];
    if (!authentication) return res.redirect(303, '/');
    const remembered = fields.remember !== undefined;
    const user = await authentication.logIn(req, res, { name, password, remembered });
    if (user === 'wrong') showForm(res, 401, { next, name, remembered, error: LOGIN_ERRORS.wrong });
    else if (user) res.redirect(303, next);
  });
  app.post('/logout', (req, res) => {
    authentication?.logOut(req, res);
    res.redirect(303, '/login');
  });
}

/** The camera's page; behind the login. */
export const sendPage =
  (webDir: string) =>
  (_req: Request, res: Response): void => {
    res.set('Cache-Control', 'no-cache').sendFile('index.html', { root: webDir });
  };

/** Where to go after the login: a path here, never another site ("//evil", "/\evil"). */
function localPath(next: unknown): string {
  return typeof next === 'string' && /^\/(?![/\\])[\x21-\x7e]*$/.test(next) && !next.startsWith('/login') ? next : '/';
}

/** What stands in the login form; what is undefined is empty. */
interface LoginForm {
  readonly camera?: string | undefined;
  /** Where to go after the login. */
  readonly next: string;
  readonly name?: string;
  readonly remembered?: boolean;
  readonly error?: string;
}

/** Fills the places of login.html: `<!--error-->` where an element or text comes, `data-fill-name` where attributes do. */
function fillForm(template: string, { camera = 'the camera', next, name = '', remembered = false, error }: LoginForm): string {
  const places: Readonly<Record<string, string>> = {
    '<!--camera-->': escapeHtml(camera),
    '<!--next-->': `<input type="hidden" name="next" value="${escapeHtml(next)}">`,
    '<!--error-->': error === undefined ? '' : `<p class="error" role="alert">${escapeHtml(error)}</p>`,
    'data-fill-name': `value="${escapeHtml(name)}"`,
    'data-fill-password': error === undefined ? '' : 'aria-invalid="true" aria-describedby="error"',
    'data-fill-remember': remembered ? 'checked' : '',
  };
  // In one go: what is filled in may look like a place itself.
  return template.replace(/<!--\w+-->|data-fill-\w+/g, (place) => places[place] ?? place);
}

const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
