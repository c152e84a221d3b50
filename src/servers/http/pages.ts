import type { Express, Request, Response } from 'express';
import { sendProblem } from './answers.ts';
import type { Authentication } from './authentication.ts';
import { type BodyReader, describeBodyProblem } from './body-reader.ts';
import type { PageFiles } from './page-files.ts';

/** A form holds a name, a password and where to go; bytes. */
const FORM_LIMIT = 4 * 1024;
const FORM_TYPE = 'application/x-www-form-urlencoded';
const LOGIN_ERRORS = { wrong: 'Wrong user name or password.' };

/** What the public pages are made of. */
export interface PublicPagesOptions {
  readonly files: PageFiles;
  readonly bodies: BodyReader;
  /** What logs people in; undefined: everybody may look. */
  readonly authentication: Authentication | undefined;
  /** What strangers may know the camera by; undefined: nothing. */
  readonly publicName: () => string | undefined;
}

/** Adds the static files and the login form: what a visitor without credentials may see. */
export function addPublicPages(app: Express, { files, bodies, authentication, publicName }: PublicPagesOptions): void {
  app.get('/assets/:name', (req, res, next) => {
    const name = `assets/${req.params.name}`;
    if (files.has(name)) files.send(res, name, 'public, max-age=60');
    else next();
  });
  app.get('/favicon.ico', (_req, res) => files.sendIcon(res));

  const template = files.text('login.html');
  const showForm = (res: Response, status: number, form: LoginForm) => {
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
    const [name, password, next] = [fields.get('username') ?? '', fields.get('password') ?? '', localPath(fields.get('next'))];
    const remembered = fields.has('remember');
    const user = await authentication.logIn(req, res, { name, password, remembered });
    if (user === 'wrong') showForm(res, 401, { next, name, remembered, error: LOGIN_ERRORS.wrong });
    else if (user) res.redirect(303, next);
  });
  app.post('/logout', (req, res) => {
    authentication?.logOut(req, res);
    res.redirect(303, '/login');
  });
}

/** Returns the handler that answers with the camera's page; it belongs behind the login. */
export const sendPage =
  (files: PageFiles) =>
  (_req: Request, res: Response): void =>
    files.send(res, 'index.html', 'no-cache');

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
