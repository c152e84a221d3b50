import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { basic, PASSWORD, Server } from '../support/server.ts';

let server: Server;
beforeAll(async () => {
  server = await Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240', '--fps', '20', '--name', 'Garden'] });
});
afterAll(async () => {
  await server.stop();
});

const html = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

describe('the login form', () => {
  const logIn = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    server.anonymous('/login', { method: 'POST', headers: { ...html, ...headers }, body: new URLSearchParams(fields) });

  test('a page navigation without credentials is led to it, and back', async () => {
    const redirect = await server.anonymous('/', { headers: html });
    expect([redirect.status, redirect.headers.get('location')]).toEqual([303, '/login?next=%2F']);
    const form = await (await server.anonymous('/login?next=%2Findex.html', { headers: html })).text();
    expect(form).toContain('name="password"');
    expect(form).toContain('<input type="hidden" name="next" value="/index.html">');

    const ok = await logIn({ username: 'admin', password: PASSWORD, next: '/index.html' });
    expect([ok.status, ok.headers.get('location')]).toEqual([303, '/index.html']);
    const cookie = ok.headers.get('set-cookie')!;
    expect(cookie).toMatch(/^onvif-camera-[0-9a-f]{8}=[\w-]{43}; HttpOnly; SameSite=Lax; Path=\/$/);

    const session = { Cookie: cookie.split(';')[0]! };
    expect((await server.anonymous('/', { headers: { ...html, ...session } })).status).toBe(200);
    expect((await server.anonymous('/snapshot.jpg', { headers: session })).status).toBe(200);
    expect(await (await server.anonymous('/api/status', { headers: session })).json()).toMatchObject({ user: 'admin', name: 'Garden' });

    const out = await server.anonymous('/logout', { method: 'POST', headers: session });
    expect([out.status, out.headers.get('location')]).toEqual([303, '/login']);
    expect((await server.anonymous('/snapshot.jpg', { headers: session })).status).toBe(401);
  });

  test('a wrong password shows the form again, with the reason', async () => {
    const answer = await logIn({ username: 'admin', password: 'wrong', next: '/' });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('set-cookie')).toBeNull();
    expect(await answer.text()).toContain('<p class="error" role="alert">Wrong user name or password.</p>');
  });

  test.each(['//evil.example', 'https://evil.example/', '/\\evil.example', 'javascript:alert(1)', '/\r\nX: y', '"><script>'])(
    'it never leads to another site (%s)',
    async (next) => {
      const answer = await logIn({ username: 'admin', password: PASSWORD, next });
      expect([answer.status, answer.headers.get('location')]).toEqual([303, '/']);
      expect(await (await server.anonymous(`/login?next=${encodeURIComponent(next)}`)).text()).not.toContain('<script>');
    },
  );

  test('another site’s page cannot use it', async () => {
    expect((await logIn({ username: 'admin', password: PASSWORD }, { Origin: 'http://evil.example' })).status).toBe(403);
    expect((await logIn({ username: 'admin', password: PASSWORD }, { Origin: 'null' })).status).toBe(403);
    expect((await logIn({ username: 'admin', password: PASSWORD }, { Origin: server.url })).status).toBe(303);
  });

  test.each([
    ['no fields', ''],
    ['fields twice', 'username=a&username=b&password=c'],
    ['a prototype', '__proto__[x]=1&username=admin&password[x]=1'],
  ])('%s: refused, not crashed', async (_name, body) => {
    const answer = await server.anonymous('/login', {
      method: 'POST',
      body,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });
    expect(answer.status).toBe(401);
  });

  test('a body that is too large is refused', async () => {
    expect((await logIn({ username: 'x'.repeat(10_000), password: '' })).status).toBe(413);
  });
});

describe('Digest', () => {
  const digest = async (algorithm: 'MD5' | 'SHA-256', { nc = '00000001', nonce }: { nc?: string; nonce?: string } = {}) => {
    const hash = (text: string) =>
      createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
        .update(text)
        .digest('hex');
    const fresh = nonce ?? /nonce="([0-9a-f]+)"/.exec((await server.anonymous('/snapshot.jpg')).headers.get('www-authenticate')!)![1]!;
    const response = hash(`${hash(`admin:onvif-camera:${PASSWORD}`)}:${fresh}:${nc}:abc:auth:${hash('GET:/snapshot.jpg')}`);
    const answer = await server.anonymous('/snapshot.jpg', {
      headers: {
        Authorization: `Digest username="admin", realm="onvif-camera", nonce="${fresh}", uri="/snapshot.jpg", algorithm=${algorithm}, qop=auth, nc=${nc}, cnonce="abc", response="${response}"`,
      },
    });
    return { nonce: fresh, status: answer.status, challenge: answer.headers.get('www-authenticate') };
  };

  test.each(['MD5', 'SHA-256'] as const)('%s works; a repeated count is stale, the next count works', async (algorithm) => {
    const first = await digest(algorithm);
    expect(first.status).toBe(200);
    const again = await digest(algorithm, { nonce: first.nonce });
    expect(again.status).toBe(401);
    expect(again.challenge).toContain('stale=true');
    expect((await digest(algorithm, { nonce: first.nonce, nc: '00000002' })).status).toBe(200);
  });
});

describe('passwords', () => {
  test('without one in the environment the first start makes one, keeps it, and writes it where no log has it', async () => {
    const first = await Server.start({ args: ['--source', 'test'], password: null });
    const password = first.firstPassword;
    expect(first.stdout).toContain(`Password    in ${first.dataDir}/first-password.txt\n`);
    expect(first.stderr).toContain(`is in ${first.dataDir}/first-password.txt`);
    expect(first.stdout + first.stderr).not.toContain(password);
    const ask = (url: string) => fetch(`${url}/snapshot.jpg`, { headers: { Authorization: basic('admin', password) } });
    expect((await ask(first.url)).status).toBe(200);
    first.process.kill('SIGTERM');
    await first.ended;
    const second = await Server.start({ args: ['--source', 'test'], password: null, dataDir: first.dataDir });
    expect(second.stdout).toContain(`Password    in ${first.dataDir}/first-password.txt\n`);
    expect(second.stdout + second.stderr).not.toContain(password);
    expect((await ask(second.url)).status).toBe(200);
    await second.stop();
    await first.stop();
  });

  test('--auth off lets everybody in, and warns', async () => {
    const open = await Server.start({ args: ['--source', 'test', '--auth', 'off'] });
    expect((await fetch(`${open.url}/snapshot.jpg`)).status).toBe(200);
    expect((await fetch(`${open.url}/snapshot.jpg`, { headers: { Authorization: 'Basic junk' } })).status).toBe(200);
    expect(open.stderr).toContain('everybody in the network can watch');
    expect(await (await fetch(`${open.url}/api/status`)).json()).toMatchObject({ user: null });
    await open.stop();
  });
});
