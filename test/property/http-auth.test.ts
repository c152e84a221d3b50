import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseCookies } from '../../src/auth/cookies.ts';
import { parseAuthorization } from '../../src/protocols/http-auth/authorization.ts';
import { digestResponse } from '../../src/protocols/http-auth/digest.ts';

/** Text made of the pieces the parser looks for, so that it gets past the first character. */
const crafted = fc
  .array(
    fc.oneof(
      fc.constantFrom('Digest', 'Basic', ' ', '\t', ',', '=', '"', '\\', ';', "UTF-8''", '%C3', '%', 'MD5', 'SHA-256', 'auth', '00000001'),
      fc.constantFrom('username', 'username*', 'realm', 'nonce', 'uri', 'qop', 'nc', 'cnonce', 'response', 'algorithm', '__proto__'),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    { maxLength: 60 },
  )
  .map((pieces) => pieces.join(''));
const anything = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  crafted,
  crafted.map((text) => `Digest ${text}`),
);

/** What a header can carry in quotes: one character per byte. */
const latin1 = fc
  .array(
    fc.integer({ min: 0x20, max: 0xff }).filter((code) => code !== 0x7f),
    { maxLength: 40 },
  )
  .map((codes) => String.fromCharCode(...codes));
const quote = (text: string) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;

describe('parseAuthorization', () => {
  test('never throws, and gives nothing or one of two shapes', () => {
    fc.assert(
      fc.property(anything, (header) => {
        const credentials = parseAuthorization(header);
        if (credentials === undefined) return;
        expect(['basic', 'digest']).toContain(credentials.scheme);
        expect(typeof credentials.username).toBe('string');
      }),
      { numRuns: 3000 },
    );
  });

  test('reads every Basic user and password back', () => {
    const name = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes(':'));
    const password = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(name, password, (username, secret) => {
        const header = `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`;
        expect(parseAuthorization(header)).toEqual({ scheme: 'basic', username, password: secret });
      }),
    );
  });

  test('reads every Digest parameter back, in any order', () => {
    const fields = fc.record({ username: fc.stringMatching(/^[ -~]{0,40}$/), realm: latin1, nonce: latin1, uri: latin1, cnonce: latin1 });
    const nc = fc.integer({ min: 0, max: 0xffffffff }).map((count) => count.toString(16).padStart(8, '0'));
    const algorithm = fc.constantFrom('MD5' as const, 'SHA-256' as const);
    fc.assert(
      fc.property(fields, nc, algorithm, fc.infiniteStream(fc.nat()), (values, count, hash, random) => {
        const response = digestResponse({ ...values, nc: count, algorithm: hash }, 'GET', 'secret');
        const parts = Object.entries({ ...values, response }).map(([name, value]) => `${name}=${quote(value)}`);
        parts.push(`nc=${count}`, `algorithm=${hash}`, 'qop=auth');
        const shuffled = parts.map((part) => ({ part, key: random.next().value as number })).sort((a, b) => a.key - b.key);
        const header = `Digest ${shuffled.map(({ part }) => part).join(', ')}`;
        expect(parseAuthorization(header)).toEqual({ scheme: 'digest', ...values, nc: count, algorithm: hash, response });
      }),
    );
  });
});

test('parseCookies never throws and stays bounded', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        anything,
        fc.array(fc.constantFrom('a', 'b', '=', ';', ' ', '"'), { maxLength: 500 }).map((x) => x.join('')),
      ),
      (header) => {
        expect(parseCookies(header).size).toBeLessThanOrEqual(64);
      },
    ),
    { numRuns: 1000 },
  );
});
