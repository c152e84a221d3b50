import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { readJpegHeader } from '../../src/frames/jpeg.ts';
import { basic, PASSWORD, Server } from '../support/server.ts';
import { Viewer } from '../support/viewer.ts';

let server: Server;
beforeAll(async () => {
  server = await Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240', '--fps', '20', '--name', 'Garden'] });
});
afterAll(async () => {
  await server.stop();
});

const anonymous = (path: string, init: RequestInit = {}) => fetch(server.url + path, { redirect: 'manual', ...init });
const html = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const json = { Accept: 'application/json' };
const problem = async (answer: Response) => ((await answer.json()) as { error: { code: string } }).error.code;

/** Raw bytes in, everything that comes back until the end. */
const raw = (bytes: string) =>
  new Promise<string>((resolve) => {
    let answer = '';
    const socket = connect(server.port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('latin1').on('data', (text) => (answer += text));
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });

describe('smaller pictures', () => {
  let wide: Server;
  beforeAll(async () => {
    wide = await Server.start({ args: ['--source', 'test', '--width', '640', '--height', '480', '--fps', '20'] });
  });
  afterAll(() => wide.stop());

  test('come by ?width=, each made once for all who want it', async () => {
    const viewers = [new Viewer(wide, '/stream.mjpg?width=320'), new Viewer(wide, '/stream.mjpg?width=320')];
    const large = new Viewer(wide, '/stream.mjpg');
    await Promise.all([...viewers, large].map((viewer) => viewer.next(3)));
    for (const viewer of viewers) {
      const size = await sharp(viewer.parts[0]!.jpeg).metadata();
      expect([size.width, size.height]).toEqual([320, 240]);
    }
    expect((await sharp(large.parts[0]!.jpeg).metadata()).width).toBe(640);
    const [one, other] = viewers.map(({ parts }) => new Map(parts.map(({ headers, jpeg }) => [headers['X-Timestamp'], jpeg])));
    const common = [...one!].filter(([time]) => other!.has(time));
    expect(common.length).toBeGreaterThan(0);
    for (const [time, jpeg] of common) expect(other!.get(time)).toEqual(jpeg);
    await Promise.all([...viewers, large].map((viewer) => viewer.close()));
  });

  test.each(['0', '321', '640px', '8000', ''])('?width=%s is refused', async (width) => {
    for (const path of ['/stream.mjpg', '/snapshot.jpg']) {
      const answer = await server.fetch(`${path}?width=${width}`, { headers: json });
      expect([answer.status, await problem(answer)]).toEqual([400, 'BAD_WIDTH']);
    }
  });

  test('?width= makes a snapshot smaller, and never larger', async () => {
    for (const [asked, width] of [
      [320, 320],
      [1280, 640],
    ]) {
      const answer = await wide.fetch(`/snapshot.jpg?width=${asked}`);
      expect((await sharp(Buffer.from(await answer.arrayBuffer())).metadata()).width).toBe(width);
    }
  });
});

describe('the stream', () => {
  test('headers, delimiters and parts as the contract has them', async () => {
    const viewer = new Viewer(server);
    await viewer.next(3);
    await viewer.close();
    expect(viewer.head.split('\r\n')).toEqual(
      expect.arrayContaining([
        'HTTP/1.1 200 OK',
        'Content-Type: multipart/x-mixed-replace; boundary=frame',
        'Cache-Control: no-store',
        'Connection: close',
      ]),
    );
    for (const { headers, jpeg, at } of viewer.parts) {
      expect(Object.keys(headers)).toEqual(['Content-Type', 'Content-Length', 'X-Timestamp']);
      expect(headers['Content-Type']).toBe('image/jpeg');
      expect(readJpegHeader(jpeg)).toMatchObject({ width: 320, height: 240 });
      expect(Math.abs(at / 1000 - Number(headers['X-Timestamp']))).toBeLessThan(2);
    }
  });

  test('the first delimiter comes at once, before the camera has a picture', async () => {
    const cold = await Server.start({ args: ['--source', 'test'] });
    const viewer = new Viewer(cold);
    await viewer.until(() => viewer.rest === '' && viewer.head !== '', 'the head');
    expect(viewer.parts).toHaveLength(0);
    await viewer.next();
    await cold.stop();
  });

  test.each(['/cam.mjpg', '/?action=stream', '//stream.mjpg'])('%s is the same', async (path) => {
    const viewer = new Viewer(server, path);
    await viewer.next();
    await viewer.close();
  });

  test('?fps= thins it out', async () => {
    const viewer = new Viewer(server, '/stream.mjpg?fps=4');
    await viewer.next(6);
    await viewer.close();
    const times = viewer.parts.map(({ headers }) => Number(headers['X-Timestamp']));
    expect((times[5]! - times[1]!) / 4).toBeGreaterThan(0.2);
    expect((times[5]! - times[1]!) / 4).toBeLessThan(0.3);
  });

  test.each(['0', '-1', 'abc', '1e9', ''])('?fps=%s is refused', async (fps) => {
    const answer = await server.fetch(`/stream.mjpg?fps=${fps}`, { headers: json });
    expect([answer.status, await problem(answer)]).toEqual([400, 'BAD_FPS']);
  });

  test('?advance=1 sends the next part’s header with each picture', async () => {
    const viewer = new Viewer(server, '/stream.mjpg?advance=1', { Authorization: basic('admin', PASSWORD), 'X-Raw': '1' });
    // Not the strict form: there is no length to go by.
    viewer.socket.removeAllListeners('data');
    let text = '';
    await new Promise<void>((resolve) => {
      viewer.socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1');
        if (text.split('--frame\r\nContent-Type: image/jpeg\r\n\r\n').length > 4) resolve();
      });
    });
    viewer.socket.destroy();
    const [head, ...parts] = text.split('--frame\r\nContent-Type: image/jpeg\r\n\r\n');
    expect(head).toContain('boundary=frame');
    for (const part of parts.slice(0, 3)) {
      expect(part.startsWith('\xff\xd8')).toBe(true);
      expect(part.endsWith('\xff\xd9\r\n')).toBe(true);
    }
  });

  test('a second request on its connection ends it', async () => {
    const viewer = new Viewer(server);
    await viewer.next();
    viewer.socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await viewer.until(() => viewer.closed, 'closed');
  });
});

describe('the snapshot', () => {
  test.each(['/snapshot.jpg', '/?action=snapshot'])('%s is the latest picture, with its length and time', async (path) => {
    const answer = await server.fetch(path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('image/jpeg');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const jpeg = Buffer.from(await answer.arrayBuffer());
    expect(Number(answer.headers.get('content-length'))).toBe(jpeg.length);
    expect(readJpegHeader(jpeg)).toMatchObject({ width: 320, height: 240 });
    expect(Math.abs(Date.now() / 1000 - Number(answer.headers.get('x-timestamp')))).toBeLessThan(2);
  });
});

describe('methods and paths', () => {
  test.each(['/', '/stream.mjpg', '/snapshot.jpg', '/healthz', '/metrics', '/api/status'])('%s: HEAD, OPTIONS, 405', async (path) => {
    const head = await server.fetch(path, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    const options = await server.fetch(path, { method: 'OPTIONS' });
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const answer = await server.fetch(path, { method, headers: json });
      expect([answer.status, answer.headers.get('allow'), await problem(answer)]).toEqual([
        405,
        'GET, HEAD, OPTIONS',
        'METHOD_NOT_ALLOWED',
      ]);
    }
  });

  test('HEAD does not turn the camera on', async () => {
    const cold = await Server.start({ args: ['--source', 'test'] });
    await cold.fetch('/stream.mjpg', { method: 'HEAD' });
    await cold.fetch('/snapshot.jpg', { method: 'HEAD' });
    expect((await cold.json('/healthz')).camera).toBe('idle');
    await cold.stop();
  });

  test('an unknown path is 404, as text or as JSON', async () => {
    const text = await server.fetch('/nothing');
    expect([text.status, text.headers.get('content-type'), await text.text()]).toEqual([
      404,
      'text/plain; charset=utf-8',
      'There is nothing at this address.\n',
    ]);
    expect(await problem(await server.fetch('/nothing', { headers: json }))).toBe('NOT_FOUND');
  });

  test.each([
    ['malformed escape', 'GET /%E0%A4%A HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'],
    ['malformed asset', 'GET /assets/%00%ff/../../main.js HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'],
    ['climbing out of the assets', 'GET /assets/../../main.js HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'],
    ['encoded climbing', 'GET /assets/..%2f..%2fmain.js HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'],
    ['a host of junk', 'GET /api/status HTTP/1.1\r\nHost: "<>\r\nConnection: close\r\n'],
  ])('%s: a clear refusal, never a stack', async (_name, request) => {
    const answer = await raw(`${request}Authorization: ${basic('admin', PASSWORD)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 (400|404|200) /);
    expect(answer).not.toMatch(/ {4}at |node:|dist\//);
  });

  test('no HTTP at all: dropped', async () => {
    expect(await raw('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03')).toMatch(/^(HTTP\/1\.1 400 |$)/);
    expect((await anonymous('/healthz')).status).toBe(200);
  });
});

describe('what strangers see', () => {
  test('health, without secrets', async () => {
    const health = (await (await anonymous('/healthz')).json()) as Record<string, unknown>;
    expect(health).toMatchObject({ status: 'ok', camera: expect.stringMatching(/^(idle|starting|live)$/) });
    expect(Object.keys(health).sort()).toEqual(['camera', 'status', 'uptime', 'version']);
  });

  test.each(['/stream.mjpg', '/snapshot.jpg', '/metrics', '/api/status', '/', '/nothing', '/?action=stream', '//snapshot.jpg'])(
    '%s: 401 with all challenges, the one for ffmpeg last among the digests',
    async (path) => {
      const answer = await anonymous(path);
      expect(answer.status).toBe(401);
      const challenges = answer.headers.get('www-authenticate')!;
      expect(challenges).toMatch(
        /^Digest realm="onvif-camera", nonce="[0-9a-f]+", qop="auth", algorithm=SHA-256, Digest .*algorithm=MD5, Basic realm=/,
      );
      expect(await answer.text()).toBe('User name and password needed.\n');
    },
  );

  test.each([
    'Basic !!!',
    'Basic',
    'Digest',
    'Digest username="admin"',
    'Bearer x',
    'Bearer ',
    basic('admin', 'wrong'),
    basic('nobody', PASSWORD),
    'x'.repeat(5000),
  ])('wrong credentials (%.30s) are 401', async (authorization) => {
    expect((await anonymous('/snapshot.jpg', { headers: { Authorization: authorization } })).status).toBe(401);
    // As many as there are here would be slowed down otherwise.
    expect((await server.fetch('/healthz')).status).toBe(200);
  });

  test('the page’s own requests get no challenge: the browser would put its password window over the page', async () => {
    const answer = await anonymous('/api/status', { headers: { 'X-Requested-With': 'fetch' } });
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, null]);
  });
});

describe('Digest', () => {
  const digest = async (algorithm: 'MD5' | 'SHA-256', { nc = '00000001', nonce }: { nc?: string; nonce?: string } = {}) => {
    const hash = (text: string) =>
      createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
        .update(text)
        .digest('hex');
    const fresh = nonce ?? /nonce="([0-9a-f]+)"/.exec((await anonymous('/snapshot.jpg')).headers.get('www-authenticate')!)![1]!;
    const response = hash(`${hash(`admin:onvif-camera:${PASSWORD}`)}:${fresh}:${nc}:abc:auth:${hash('GET:/snapshot.jpg')}`);
    const answer = await anonymous('/snapshot.jpg', {
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

describe('the login form', () => {
  const logIn = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    anonymous('/login', { method: 'POST', headers: { ...html, ...headers }, body: new URLSearchParams(fields) });

  test('a page navigation without credentials is led to it, and back', async () => {
    const redirect = await anonymous('/', { headers: html });
    expect([redirect.status, redirect.headers.get('location')]).toEqual([303, '/login?next=%2F']);
    const form = await (await anonymous('/login?next=%2Findex.html', { headers: html })).text();
    expect(form).toContain('name="password"');
    expect(form).toContain('<input type="hidden" name="next" value="/index.html">');

    const ok = await logIn({ username: 'admin', password: PASSWORD, next: '/index.html' });
    expect([ok.status, ok.headers.get('location')]).toEqual([303, '/index.html']);
    const cookie = ok.headers.get('set-cookie')!;
    expect(cookie).toMatch(/^onvif-camera-[0-9a-f]{8}=[\w-]{43}; HttpOnly; SameSite=Lax; Path=\/$/);

    const session = { Cookie: cookie.split(';')[0]! };
    expect((await anonymous('/', { headers: { ...html, ...session } })).status).toBe(200);
    expect((await anonymous('/snapshot.jpg', { headers: session })).status).toBe(200);
    expect(await (await anonymous('/api/status', { headers: session })).json()).toMatchObject({ user: 'admin', name: 'Garden' });

    const out = await anonymous('/logout', { method: 'POST', headers: session });
    expect([out.status, out.headers.get('location')]).toEqual([303, '/login']);
    expect((await anonymous('/snapshot.jpg', { headers: session })).status).toBe(401);
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
      expect(await (await anonymous(`/login?next=${encodeURIComponent(next)}`)).text()).not.toContain('<script>');
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
    const answer = await anonymous('/login', { method: 'POST', body, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
    expect(answer.status).toBe(401);
  });

  test('a body that is too large is refused', async () => {
    expect((await logIn({ username: 'x'.repeat(10_000), password: '' })).status).toBe(413);
  });
});

describe('guessing', () => {
  test('is slowed down after five failures, in the end refused; others are not held up', async () => {
    const guarded = await Server.start({ args: ['--source', 'test'] });
    const enough = new AbortController();
    const guess = async () =>
      (await fetch(`${guarded.url}/snapshot.jpg`, { headers: { Authorization: basic('admin', 'guess') }, signal: enough.signal })).status;
    for (let k = 0; k < 5; k++) expect(await guess()).toBe(401);
    let refused = 0;
    await new Promise<void>((resolve) => {
      for (let k = 0; k < 100; k++) {
        const count = (status: number) => {
          if (status === 429 && ++refused === 20) resolve();
        };
        guess().then(count, () => {});
      }
    });
    enough.abort();
    expect((await fetch(`${guarded.url}/healthz`)).status).toBe(200);
    expect(guarded.stderr).toContain('wrong user name or password from 127.0.0.1');
    expect(guarded.stderr.split('wrong user name').length).toBeLessThan(20);
    await guarded.stop();
  });
});

describe('metrics', () => {
  test('count what happened', async () => {
    await server.fetch('/snapshot.jpg');
    const text = await (await server.fetch('/metrics')).text();
    const value = (name: string) => Number(new RegExp(`^onvif_camera_${name} (\\S+)$`, 'm').exec(text)![1]);
    expect(value('captures_total')).toBeGreaterThanOrEqual(1);
    expect(value('frames_captured_total')).toBeGreaterThan(0);
    expect(value('resident_memory_bytes')).toBeGreaterThan(1e7);
    expect(text).toMatch(/^onvif_camera_state\{state="live"\} 1$/m);
    expect(text).toMatch(/^# TYPE onvif_camera_frames_sent_total counter$/m);
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
