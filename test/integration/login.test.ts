import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { PASSWORD, Server } from '../support/server.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** The login form, and how long its logins last. */

const TIMEOUT_MS = 60_000;
const ARGS = ['--source', 'test', '--width', '320', '--height', '240', '--name', 'Garden <gate> data-fill-name <!--next-->'];

let server: Server;
let dataDir: string;
const start = async (options: { readonly args?: readonly string[]; readonly password?: string } = {}) => {
  server = await Server.start({ dataDir, args: [...ARGS, ...(options.args ?? [])], password: options.password ?? PASSWORD });
};
beforeEach(() => {
  dataDir = makeTempDir();
});
afterEach(() => server.stop());

const form = async () => (await fetch(`${server.url}/login`)).text();
const logIn = (fields: Readonly<Record<string, string>> = {}) =>
  fetch(`${server.url}/login`, {
    method: 'POST',
    body: new URLSearchParams({ username: 'admin', password: PASSWORD, ...fields }),
    redirect: 'manual',
  });
const cookieOf = (answer: Response) => answer.headers.get('set-cookie')!;
const pair = (cookie: string) => cookie.split(';')[0]!;
const statusWith = async (cookie: string) => (await fetch(`${server.url}/api/status`, { headers: { Cookie: pair(cookie) } })).status;

describe('the login form', () => {
  test(
    'says whose camera it is, to whom discovery says it as well',
    async () => {
      await start();
      expect(await form()).toContain('<h1>Log in to Garden &#60;gate&#62; data-fill-name &#60;!--next--&#62;</h1>');
      await server.stop();
      await start({ args: ['--discovery', 'off'] });
      const text = await form();
      expect(text).toContain('<h1>Log in to the camera</h1>');
      expect(text).not.toContain('Garden');
    },
    TIMEOUT_MS,
  );

  test(
    'keeps what was typed but the password',
    async () => {
      await start();
      const answer = await logIn({ username: 'ad"min', password: 'not it', remember: '1', next: '/index.html' });
      expect(answer.status).toBe(401);
      const text = await answer.text();
      expect(text).toContain('<p class="error" role="alert">Wrong user name or password.</p>');
      expect(/<input id="username"[^>]*>/.exec(text)?.[0]).toContain('value="ad&#34;min"');
      expect(/<input[^>]*name="remember"[^>]*>/.exec(text)?.[0]).toContain(' checked');
      expect(/<input id="password"[^>]*>/.exec(text)?.[0]).toContain('aria-describedby="error"');
      expect(text).toContain('<input type="hidden" name="next" value="/index.html">');
      expect(text).not.toContain('not it');
      expect(await form()).not.toMatch(/ checked|aria-invalid|data-fill-(?!name)|ad&#34;min/);
    },
    TIMEOUT_MS,
  );
});

describe('a login', () => {
  test(
    'lasts through a restart; the browser forgets it when it closes, unless it shall stay',
    async () => {
      await start();
      const [brief, lasting] = [cookieOf(await logIn()), cookieOf(await logIn({ remember: '1' }))];
      expect(brief).not.toMatch(/max-age|expires/i);
      expect(lasting).toMatch(/; Max-Age=2592000(;|$)/);
      await server.stop();
      await start();
      expect([await statusWith(brief), await statusWith(lasting)]).toEqual([200, 200]);
      const state = readFileSync(join(dataDir, 'state.json'), 'utf8');
      for (const cookie of [brief, lasting]) expect(state).not.toContain(pair(cookie).split('=')[1]);
      expect(state).not.toContain(PASSWORD);
    },
    TIMEOUT_MS,
  );

  test(
    'ends with the logout, also when the power goes right after it',
    async () => {
      await start();
      const [out, stays] = [cookieOf(await logIn()), cookieOf(await logIn())];
      await server.stop();
      await start();
      await fetch(`${server.url}/logout`, { method: 'POST', headers: { Cookie: pair(out) }, redirect: 'manual' });
      await server.stop('SIGKILL');
      await start();
      expect([await statusWith(out), await statusWith(stays)]).toEqual([401, 200]);
    },
    TIMEOUT_MS,
  );

  test(
    'ends when the camera comes back with another password',
    async () => {
      await start();
      const cookie = cookieOf(await logIn());
      await server.stop();
      await start({ password: 'another one' });
      expect(await statusWith(cookie)).toBe(401);
    },
    TIMEOUT_MS,
  );
});
