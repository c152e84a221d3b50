import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { HttpAuthenticator } from '../../../src/auth/http-authenticator.ts';
import { type User, UserStore } from '../../../src/auth/users.ts';
import { type DigestAlgorithm, digestResponse, legacyDigestResponse } from '../../../src/protocols/http-auth/digest.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const ADMIN: User = { name: 'admin', password: 'kqpm-7tzr-w4nd', level: 'Administrator' };
const ZOE: User = { name: 'Zoë', password: 'pässwörd:1', level: 'User' };
const REALM = 'onvif-camera';

function setup() {
  const clock = new FakeClock();
  const users = new UserStore([ADMIN, ZOE]);
  return { clock, users, auth: new HttpAuthenticator({ users, clock, realm: REALM }) };
}

const nonceOf = (auth: HttpAuthenticator): string => /nonce="([0-9a-f]+)"/.exec(auth.challenges(false)[0]!)![1]!;

interface Attempt {
  nonce: string;
  nc?: string;
  user?: User;
  realm?: string;
  algorithm?: DigestAlgorithm;
  method?: string;
  /** What the header says and the response is computed with. */
  uri?: string;
}

function digest({
  nonce,
  nc = '00000001',
  user = ADMIN,
  realm = REALM,
  algorithm = 'MD5',
  method = 'GET',
  uri = '/stream.mjpg',
}: Attempt): string {
  const parameters = { algorithm, username: user.name, realm, nonce, uri, nc, cnonce: 'f00' };
  const response = digestResponse(parameters, method, user.password);
  const name = Buffer.from(user.name).toString('latin1');
  return `Digest username="${name}", realm="${realm}", nonce="${nonce}", uri="${uri}", algorithm=${algorithm}, qop=auth, nc=${nc}, cnonce="f00", response="${response}"`;
}

const get = (authorization: string | undefined, url = '/stream.mjpg') => ({ method: 'GET', url, authorization });
const INVALID = { ok: false, stale: false, reason: 'invalid' };
const STALE = { ok: false, stale: true, reason: 'stale' };

describe('without usable credentials', () => {
  test('none', () => {
    expect(setup().auth.authenticate(get(undefined))).toEqual({ ok: false, stale: false, reason: 'none' });
  });

  test.each([[''], ['Bearer x'], ['Basic ???'], ['Digest x'], ['Digest username="admin"']])('%j is invalid', (header) => {
    expect(setup().auth.authenticate(get(header))).toEqual(INVALID);
  });
});

describe('Basic', () => {
  const basic = (name: string, password: string) => `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;

  test('lets the right password in, and only that', () => {
    const { auth } = setup();
    expect(auth.authenticate(get(basic('admin', ADMIN.password)))).toEqual({ ok: true, user: ADMIN });
    expect(auth.authenticate(get(basic('Zoë', ZOE.password)))).toEqual({ ok: true, user: ZOE });
    expect(auth.authenticate(get(basic('admin', 'wrong')))).toEqual(INVALID);
    expect(auth.authenticate(get(basic('admin', ZOE.password)))).toEqual(INVALID);
    expect(auth.authenticate(get(basic('nobody', 'wrong')))).toEqual(INVALID);
    expect(auth.authenticate(get(basic('', '')))).toEqual(INVALID);
  });

  test('reads UTF-8 and Latin-1 (RFC 7617), and accents apart from their letters', () => {
    const { auth } = setup();
    const text = `${ZOE.name}:${ZOE.password}`;
    for (const bytes of [Buffer.from(text), Buffer.from(text, 'latin1'), Buffer.from(text.normalize('NFD'))])
      expect(auth.authenticate(get(`Basic ${bytes.toString('base64')}`))).toEqual({ ok: true, user: ZOE });
  });
});

describe('Digest', () => {
  test.each<DigestAlgorithm>(['MD5', 'SHA-256'])('lets in with %s', (algorithm) => {
    const { auth } = setup();
    expect(auth.authenticate(get(digest({ nonce: nonceOf(auth), algorithm })))).toEqual({ ok: true, user: ADMIN });
    expect(auth.authenticate(get(digest({ nonce: nonceOf(auth), algorithm, user: ZOE })))).toEqual({ ok: true, user: ZOE });
  });

  test.each<[string, BufferEncoding, 'NFC' | 'NFD']>([
    ['Latin-1', 'latin1', 'NFC'],
    ['UTF-8, with accents apart from their letters', 'utf8', 'NFD'],
  ])('lets in who makes %s of name and password', (_, encoding, form) => {
    const encode = (text: string) => Buffer.from(text.normalize(form), encoding);
    const hash = (bytes: Buffer | string) => createHash('md5').update(bytes).digest('hex');
    const { auth } = setup();
    const nonce = nonceOf(auth);
    const header = (password: string) => {
      const ha1 = hash(encode(`${ZOE.name}:${REALM}:${password}`));
      const response = hash(`${ha1}:${nonce}:00000001:f00:auth:${hash('GET:/stream.mjpg')}`);
      const name = encode(ZOE.name).toString('latin1');
      return `Digest username="${name}", realm="${REALM}", nonce="${nonce}", uri="/stream.mjpg", algorithm=MD5, qop=auth, nc=00000001, cnonce="f00", response="${response}"`;
    };
    expect(auth.authenticate(get(header('passwörd:1')))).toEqual(INVALID);
    expect(auth.authenticate(get(header(ZOE.password)))).toEqual({ ok: true, user: ZOE });
    expect(auth.authenticate(get(header(ZOE.password)))).toEqual(STALE);
  });

  test.each<[string, Partial<Attempt>]>([
    ['password', { user: { ...ADMIN, password: 'wrong' } }],
    ['user', { user: { ...ADMIN, name: 'nobody' } }],
    ['realm', { realm: 'another' }],
    ['method', { method: 'POST' }],
    ['uri', { uri: '/snapshot.jpg' }],
  ])('refuses a wrong %s', (_, change) => {
    const { auth } = setup();
    expect(auth.authenticate(get(digest({ nonce: nonceOf(auth), ...change })))).toEqual(INVALID);
  });

  test('refuses a response for another method', () => {
    const { auth } = setup();
    const authorization = digest({ nonce: nonceOf(auth) });
    expect(auth.authenticate({ method: 'DELETE', url: '/stream.mjpg', authorization })).toEqual(INVALID);
  });

  test('a replayed request is stale, the next count is good', () => {
    const { auth } = setup();
    const nonce = nonceOf(auth);
    const first = digest({ nonce });
    expect(auth.authenticate(get(first))).toMatchObject({ ok: true });
    expect(auth.authenticate(get(first))).toEqual(STALE);
    expect(auth.authenticate(get(digest({ nonce, nc: '00000002' })))).toMatchObject({ ok: true });
    expect(auth.authenticate(get(digest({ nonce, nc: '2' })))).toEqual(STALE);
  });

  test('a failed attempt does not spend the count', () => {
    const { auth } = setup();
    const nonce = nonceOf(auth);
    expect(auth.authenticate(get(digest({ nonce, user: { ...ADMIN, password: 'wrong' } })))).toEqual(INVALID);
    expect(auth.authenticate(get(digest({ nonce })))).toMatchObject({ ok: true });
  });

  test('a response that is right but for the nonce is stale, a wrong one is invalid', () => {
    const { clock, auth } = setup();
    const nonce = nonceOf(auth);
    clock.advance(5 * 60_000);
    expect(auth.authenticate(get(digest({ nonce })))).toEqual(STALE);
    expect(auth.authenticate(get(digest({ nonce: 'of-another-process' })))).toEqual(STALE);
    expect(auth.authenticate(get(digest({ nonce, user: { ...ADMIN, password: 'wrong' } })))).toEqual(INVALID);
    expect(auth.authenticate(get(digest({ nonce, user: { ...ADMIN, name: 'nobody' } })))).toEqual(INVALID);
  });

  test('a changed password counts from the next request', () => {
    const { auth, users } = setup();
    const nonce = nonceOf(auth);
    expect(auth.authenticate(get(digest({ nonce })))).toMatchObject({ ok: true });
    const changed = { ...ADMIN, password: 'new' };
    users.replace([changed]);
    expect(auth.authenticate(get(digest({ nonce, nc: '00000002' })))).toEqual(INVALID);
    expect(auth.authenticate(get(digest({ nonce, nc: '00000002', user: changed })))).toEqual({ ok: true, user: changed });
  });

  test.each([
    ['/stream.mjpg?fps=5', '/stream.mjpg?fps=5'],
    ['http://camera:8080/stream.mjpg', '/stream.mjpg'],
    ['/stream.mjpg', 'http://camera:8080/stream.mjpg'],
    ['http://camera', '/'],
    ['http://camera?a=b', '/?a=b'],
    ['rtsp://camera:8554/mjpeg', 'rtsp://192.168.1.2:8554/mjpeg'],
    ['/a%2fb', '/a%2Fb'],
    ['*', '*'],
  ])('uri %j denotes %j', (uri, url) => {
    const { auth } = setup();
    expect(auth.authenticate(get(digest({ nonce: nonceOf(auth), uri }), url))).toMatchObject({ ok: true });
  });

  test.each([
    ['/stream.mjpg', '/stream.mjpg?fps=5'],
    ['/stream.mjpg?fps=5', '/stream.mjpg'],
    ['/Stream.mjpg', '/stream.mjpg'],
    ['/stream.mjpg/', '/stream.mjpg'],
    ['/x?u=http://camera/stream.mjpg', '/stream.mjpg'],
    ['/a/b', '/a%2Fb'],
    ['', '/stream.mjpg'],
  ])('uri %j does not denote %j', (uri, url) => {
    const { auth } = setup();
    expect(auth.authenticate(get(digest({ nonce: nonceOf(auth), uri }), url))).toEqual(INVALID);
  });
});

describe('RTSP', () => {
  const URL = 'rtsp://192.168.1.20:8554/mjpeg';
  const remoteAddress = '192.168.1.30';
  const rtspNonce = (auth: HttpAuthenticator) =>
    /nonce="([0-9a-f]+)"/.exec(auth.rtspChallenges(false, { basic: false, remoteAddress })[0]!)![1]!;

  /** As GStreamer, ffmpeg and live555 write it. */
  function legacy({ nonce, user = ADMIN, realm = REALM, method = 'DESCRIBE', uri = URL }: Attempt): string {
    const response = legacyDigestResponse({ username: user.name, realm, nonce, uri }, method, user.password);
    return `Digest username="${user.name}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}"`;
  }
  const describeRequest = (authorization: string, url = URL) => ({ method: 'DESCRIBE', url, authorization, rtsp: { remoteAddress } });

  test('lets MD5 without qop in, again and again while the nonce lives', () => {
    const { auth, clock } = setup();
    const nonce = rtspNonce(auth);
    const authorization = legacy({ nonce });
    expect(auth.authenticate(describeRequest(authorization))).toEqual({ ok: true, user: ADMIN });
    clock.advance(5 * 60_000 - 1);
    expect(auth.authenticate(describeRequest(authorization))).toEqual({ ok: true, user: ADMIN });
    clock.advance(1);
    expect(auth.authenticate(describeRequest(authorization))).toEqual(STALE);
  });

  test('lets qop=auth in, whose count counts', () => {
    const { auth } = setup();
    const authorization = digest({ nonce: rtspNonce(auth), method: 'DESCRIBE', uri: URL });
    expect(auth.authenticate(describeRequest(authorization))).toMatchObject({ ok: true });
    expect(auth.authenticate(describeRequest(authorization))).toEqual(STALE);
  });

  test.each([
    ['without qop', (nonce: string) => legacy({ nonce })],
    ['with qop', (nonce: string) => digest({ nonce, method: 'DESCRIBE', uri: URL })],
  ])('what was recorded %s is worth nothing from another address, and is no guess', (_, authorizationOf) => {
    const { auth } = setup();
    const request = describeRequest(authorizationOf(rtspNonce(auth)));
    for (const other of ['192.168.1.31', '2001:db8::1']) {
      expect(auth.authenticate({ ...request, rtsp: { remoteAddress: other } })).toEqual(STALE);
    }
    expect(auth.authenticate({ ...request, rtsp: { remoteAddress: `::ffff:${remoteAddress}` } })).toMatchObject({ ok: true });
  });

  test('lets Basic in', () => {
    const authorization = `Basic ${Buffer.from(`admin:${ADMIN.password}`).toString('base64')}`;
    expect(setup().auth.authenticate(describeRequest(authorization))).toEqual({ ok: true, user: ADMIN });
  });

  test('HTTP takes no Digest without qop', () => {
    const { auth } = setup();
    const authorization = legacy({ nonce: rtspNonce(auth), method: 'GET', uri: '/stream.mjpg' });
    expect(auth.authenticate(get(authorization))).toEqual(INVALID);
    expect(auth.authenticate({ ...get(authorization), rtsp: { remoteAddress } })).toMatchObject({ ok: true });
  });

  test.each<[string, Partial<Attempt>]>([
    ['password', { user: { ...ADMIN, password: 'wrong' } }],
    ['user', { user: { ...ADMIN, name: 'nobody' } }],
    ['no user, as VLC asks first', { user: { ...ADMIN, name: '' } }],
    ['realm', { realm: 'another' }],
    ['method', { method: 'SETUP' }],
    ['uri', { uri: 'rtsp://192.168.1.20:8554/h264' }],
  ])('refuses a wrong %s', (_, change) => {
    const { auth } = setup();
    expect(auth.authenticate(describeRequest(legacy({ nonce: rtspNonce(auth), ...change })))).toEqual(INVALID);
  });

  test('a nonce of another process is stale', () => {
    const { auth } = setup();
    expect(auth.authenticate(describeRequest(legacy({ nonce: rtspNonce(setup().auth) })))).toEqual(STALE);
    expect(auth.authenticate(describeRequest(legacy({ nonce: '' })))).toEqual(STALE);
  });

  test.each([
    [URL, `${URL}/`],
    [`${URL}/`, URL],
    [URL, `${URL}/trackID=0`],
    [`${URL}/`, `${URL}/trackID=0`],
    [`${URL}?a=b`, `${URL}?a=b/trackID=0`],
    ['rtsp://192.168.1.20:8554/mjpeg/', 'rtsp://admin:secret@camera/mjpeg/trackID=0/'],
    ['/mjpeg', URL],
  ])('uri %j is good for %j', (uri, url) => {
    const { auth } = setup();
    expect(auth.authenticate(describeRequest(legacy({ nonce: rtspNonce(auth), uri }), url))).toMatchObject({ ok: true });
  });

  test.each([
    ['rtsp://192.168.1.20:8554/', URL],
    ['*', URL],
    ['', URL],
    [URL, 'rtsp://192.168.1.20:8554/h264/trackID=0'],
    [URL, `${URL}/a/trackID=0`],
    [URL, `${URL}2`],
    [`${URL}/trackID=0`, URL],
  ])('uri %j is not good for %j', (uri, url) => {
    const { auth } = setup();
    expect(auth.authenticate(describeRequest(legacy({ nonce: rtspNonce(auth), uri }), url))).toEqual(INVALID);
  });

  test('HTTP keeps to the target', () => {
    const { auth } = setup();
    const authorization = digest({ nonce: nonceOf(auth), uri: '/a' });
    expect(auth.authenticate(get(authorization, '/a/b'))).toEqual(INVALID);
  });

  test('challenges carry a fresh nonce each time, and Basic where it is allowed', () => {
    const { auth } = setup();
    expect(auth.rtspChallenges(true, { basic: true, remoteAddress })).toEqual([
      expect.stringMatching(/^Digest realm="onvif-camera", nonce="[0-9a-f]{60}", stale=true$/),
      'Basic realm="onvif-camera"',
    ]);
    expect(auth.rtspChallenges(false, { basic: false, remoteAddress })).toHaveLength(1);
    expect(rtspNonce(auth)).not.toBe(rtspNonce(auth));
  });
});

describe('challenges', () => {
  test('carry a fresh nonce each time, in both Digest headers', () => {
    const { auth } = setup();
    const [sha256, md5, basic] = auth.challenges(true);
    const nonce = /nonce="([0-9a-f]{60})"/.exec(sha256!)?.[1];
    expect(sha256).toBe(`Digest realm="onvif-camera", nonce="${nonce}", qop="auth", algorithm=SHA-256, stale=true`);
    expect(md5).toBe(`Digest realm="onvif-camera", nonce="${nonce}", qop="auth", algorithm=MD5, stale=true`);
    expect(basic).toBe('Basic realm="onvif-camera"');
    expect(nonceOf(auth)).not.toBe(nonce);
  });

  test('a realm that clients cannot parse is a mistake of the program', () => {
    const { users, clock } = setup();
    expect(() => new HttpAuthenticator({ users, clock, realm: 'a"b' })).toThrow(RangeError);
  });
});
