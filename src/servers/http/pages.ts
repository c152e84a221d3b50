import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import express, { type Express, type Request, type Response } from 'express';
import type { Authentication } from './authentication.ts';

/** A form holds a name, a password and where to go. */
const FORM_LIMIT = '4kb';
const LOGIN_ERRORS = { wrong: 'Wrong user name or password.' };

/** The static files and the login form: what a visitor without credentials may see. */
export function addPublicPages(app: Express, webDir: string, authentication: Authentication | undefined): void {
  app.use('/assets', express.static(join(webDir, 'assets'), { index: false, redirect: false, maxAge: 60_000 }));
  app.get('/favicon.ico', (_req, res) => res.sendFile('icon.svg', { root: join(webDir, 'assets') }));

  let form: string | undefined;
  const showForm = (res: Response, status: number, next: string, error?: string) => {
    form ??= readFileSync(join(webDir, 'login.html'), 'utf8');
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
  app.post('/login', express.urlencoded({ extended: false, limit: FORM_LIMIT }), async (req, res) => {
    const { username, password, next } = (req.body ?? {}) as Record<string, unknown>;
    if (!authentication) return res.redirect(303, '/');
    const user = await authentication.logIn(req, res, String(username ?? ''), String(password ?? ''));
    if (user === 'wrong') showForm(res, 401, localPath(next), LOGIN_ERRORS.wrong);
    else if (user) res.redirect(303, localPath(next));
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

const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
