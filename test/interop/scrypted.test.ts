import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { buildAuthorizationHeader, DIGEST, parseWWWAuthenticateHeader } from 'http-auth-utils';
import { readJpegHeader } from '../../src/frames/jpeg.ts';
import { npmVersion, reportClient } from '../support/clients.ts';
import { PASSWORD, Server } from '../support/server.ts';

/**
 * Scrypted's pictures and requests by HTTP: it has all challenges in one line, which http-auth-utils reads as one, and
 * counts on with the challenge that it has.
 */

reportClient('http-auth-utils', () => npmVersion('http-auth-utils'));

let server: Server;
beforeAll(async () => {
  server = await Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240'] });
}, 30_000);
afterAll(() => server.stop());

class ScryptedLogin {
  #challenge: ReturnType<typeof parseWWWAuthenticateHeader> | undefined;
  #count = 0;
  /** Requests sent. */
  requests = 0;

  constructor(
    private readonly username: string,
    private readonly password: string,
  ) {}

  async get(path: string): Promise<Response> {
    const first = await this.#send(path);
    if (first.status !== 401) return first;
    await first.body?.cancel();
    // Headers of fetch and of Node.js both come joined.
    this.#challenge = parseWWWAuthenticateHeader(first.headers.get('www-authenticate') ?? '');
    return this.#send(path);
  }

  #send(path: string): Promise<Response> {
    this.requests++;
    const authorization = this.#authorization(path);
    return fetch(server.url + path, authorization === undefined ? {} : { headers: { Authorization: authorization } });
  }

  #authorization(uri: string): string | undefined {
    if (!this.#challenge) return undefined;
    const { username, password } = this;
    expect(this.#challenge.type).toBe('Digest');
    const { realm = '', nonce = '', qop = '', algorithm = 'MD5' } = this.#challenge.data as Record<string, string>;
    const shared = {
      username,
      realm,
      nonce,
      uri,
      qop,
      algorithm,
      nc: String(++this.#count).padStart(8, '0'),
      cnonce: randomBytes(12).toString('hex'),
    };
    const response = DIGEST.computeHash({ ...shared, password, method: 'GET' });
    return buildAuthorizationHeader(DIGEST, { ...shared, response });
  }
}

describe('Scrypted', () => {
  test('gets its snapshots, and asks for each once when it knows the challenge', async () => {
    const login = new ScryptedLogin('admin', PASSWORD);
    for (let picture = 0; picture < 3; picture++) {
      const answer = await login.get('/snapshot.jpg');
      expect(answer.status).toBe(200);
      expect(readJpegHeader(Buffer.from(await answer.arrayBuffer()))).toMatchObject({ width: 320, height: 240 });
    }
    expect(login.requests).toBe(4);
  }, 30_000);

  test('is refused with a wrong password', async () => {
    expect((await new ScryptedLogin('admin', 'wrong').get('/snapshot.jpg')).status).toBe(401);
  });
});
