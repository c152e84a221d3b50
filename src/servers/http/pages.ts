import type { Express, Request, Response } from 'express';
import { sendProblem } from './answers.ts';
import type { Authentication } from './authentication.ts';
import { type BodyReader, describeBodyProblem } from './body-reader.ts';
import type { PageFiles } from './page-files.ts';

/** A form holds a name, a password and where to go; bytes. */
const FORM_LIMIT = 4 * 1024;
const FORM_TYPE = 'application/x-www-form-urlencoded';
const LOGIN_ERRORS = { wrong: 'Wrong user name or password.' };

/** The static files and the login form: what a visitor without credentials may see. */
export function addPublicPages(app: Express, files: PageFiles, bodies: BodyReader, authentication: Authentication | undefined): void {
  app.get('/assets/:name', (req, res, next) => {
    const name = `assets/${req.params.name}`;
    if (files.has(name)) files.send(res, name, 'public, max-age=60');
    else next();
  });
  app.get('/favicon.ico', (_req, res) => files.sendIcon(res));

  const form = files.text('login.html');
  const showForm = (res: Response, status: number, next: string, error?: string) => {
    const filled = form
      .replace('<!--next-->', () => `<input type="hidden" name="next" value="${escapeHtml(next)}">`)
      .replace('<!--error-->', () => (error ? `<p class="error" role="alert">${escapeHtml(error)}</p>` : ''));
    res.status(status).set('Cache-Control', 'no-store').type('html').send(filled);
  };

  app.get('/login', (req, res) => {
    const next = localPath(req.query.next);
    if (!authentication || authentication.sessionUser(req)) res.redirect(303, next);
    else showForm(res, 200, next);
  });
  app.post('/login', async (req, res) => {
    const body = await bodies.read(req, FORM_LIMIT);
    if ('gone' in body) return;
    if ('problem' in body) {
      const { status, message } = describeBodyProblem(body.problem, FORM_LIMIT);
      sendProblem(req, res, status, { code: 'BAD_BODY', message });
      return;
    }
    if (!authentication) return res.redirect(303, '/');
    const fields = new URLSearchParams(req.is(FORM_TYPE) ? body.text : '');
    const next = localPath(fields.get('next'));
    const user = await authentication.logIn(req, res, fields.get('username') ?? '', fields.get('password') ?? '');
    if (user === 'wrong') showForm(res, 401, next, LOGIN_ERRORS.wrong);
    else if (user) res.redirect(303, next);
  });
  app.post('/logout', (req, res) => {
    authentication?.logOut(req, res);
    res.redirect(303, '/login');
  });
}

/** The camera's page; behind the login. */
export const sendPage =
  (files: PageFiles) =>
  (_req: Request, res: Response): void =>
    files.send(res, 'index.html', 'no-cache');

/** Where to go after the login: a path here, never another site ("//evil", "/\evil"). */
function localPath(next: unknown): string {
  return typeof next === 'string' && /^\/(?![/\\])[\x21-\x7e]*$/.test(next) && !next.startsWith('/login') ? next : '/';
}

const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
