import { describe, expect, test } from '@jest/globals';
import { parseAuthorization, parseRtspAuthorization } from '../../../../src/protocols/http-auth/authorization.ts';

const basic = (text: string, encoding: BufferEncoding = 'utf8') => `Basic ${Buffer.from(text, encoding).toString('base64')}`;

describe('Basic', () => {
  test('reads the example of RFC 7617 section 2', () => {
    expect(parseAuthorization('Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==')).toEqual({
      scheme: 'basic',
      username: 'Aladdin',
      password: 'open sesame',
    });
  });

  test('reads the UTF-8 example of RFC 7617 section 2.1', () => {
    expect(parseAuthorization('Basic dGVzdDoxMjPCow==')).toMatchObject({ username: 'test', password: '123£' });
  });

  test('the password may have colons, and be empty', () => {
    expect(parseAuthorization(basic('admin:a:b::c'))).toMatchObject({ username: 'admin', password: 'a:b::c' });
    expect(parseAuthorization(basic('admin:'))).toMatchObject({ username: 'admin', password: '' });
    expect(parseAuthorization(basic(':'))).toMatchObject({ username: '', password: '' });
  });

  test('bytes that are no UTF-8 are Latin-1, as aiohttp sends them', () => {
    expect(parseAuthorization(basic('admin:pässwörd', 'latin1'))).toMatchObject({ password: 'pässwörd' });
  });

  test.each([['basic'], ['BASIC'], [' Basic'], ['Basic \t ']])('tolerates %j', (scheme) => {
    expect(parseAuthorization(`${scheme} YTpi `)).toMatchObject({ username: 'a', password: 'b' });
  });

  test('missing padding does not matter', () => {
    expect(parseAuthorization('Basic YWJjOmQ')).toMatchObject({ username: 'abc', password: 'd' });
  });

  test.each([
    ['no colon', basic('admin')],
    ['not base64', 'Basic a*b='],
    ['no credentials', 'Basic'],
    ['no space', 'BasicYTpi'],
    ['two parts', 'Basic YTpi YTpi'],
  ])('refuses %s', (_, header) => {
    expect(parseAuthorization(header)).toBeUndefined();
  });
});

const MD5 = '8ca523f5e9506fed4657c9700eebdbec';
const SHA256 = '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1';

/** Parameters as they stand in the header; undefined leaves one out. */
const FIELDS: Readonly<Record<string, string>> = {
  username: '"admin"',
  realm: '"camera"',
  uri: '"/stream.mjpg"',
  algorithm: 'MD5',
  nonce: '"c0ffee"',
  nc: '00000001',
  cnonce: '"abc"',
  qop: 'auth',
  response: `"${MD5}"`,
};

function digest(changes: Record<string, string | undefined> = {}, scheme = 'Digest '): string {
  const fields = Object.entries({ ...FIELDS, ...changes }).filter(([, value]) => value !== undefined);
  return scheme + fields.map(([name, value]) => `${name}=${value}`).join(', ');
}

const PARSED = {
  scheme: 'digest',
  algorithm: 'MD5',
  username: 'admin',
  realm: 'camera',
  nonce: 'c0ffee',
  uri: '/stream.mjpg',
  nc: '00000001',
  cnonce: 'abc',
  response: MD5,
};

describe('Digest', () => {
  test('reads the MD5 example of RFC 7616 section 3.9.1', () => {
    const header =
      'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=MD5, ' +
      'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, ' +
      'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, ' +
      `response="${MD5}", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`;
    expect(parseAuthorization(header)).toEqual({
      scheme: 'digest',
      algorithm: 'MD5',
      username: 'Mufasa',
      realm: 'http-auth@example.org',
      nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
      uri: '/dir/index.html',
      nc: '00000001',
      cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
      response: MD5,
    });
  });

  test('SHA-256', () => {
    expect(parseAuthorization(digest({ algorithm: 'SHA-256', response: `"${SHA256}"` }))).toEqual({
      ...PARSED,
      algorithm: 'SHA-256',
      response: SHA256,
    });
  });

  test.each<[string, string]>([
    ['as the RFC has it', digest()],
    ['everything quoted', digest({ qop: '"auth"', nc: '"00000001"', algorithm: '"MD5"' })],
    [
      'nothing quoted',
      `Digest ${Object.entries(FIELDS)
        .map(([name, value]) => `${name}=${value.replaceAll('"', '')}`)
        .join(',')}`,
    ],
    ['without a space after the scheme', digest({}, 'Digest')],
    ['lower case scheme', digest({}, 'digest ')],
    ['upper case names', digest().replaceAll(/\w+(?==)/g, (name) => name.toUpperCase())],
    ['lower case algorithm, upper case qop', digest({ algorithm: 'md5', qop: 'AUTH' })],
    ['no algorithm, which means MD5', digest({ algorithm: undefined })],
    ['upper case response', digest({ response: `"${MD5.toUpperCase()}"` })],
    ['white space around = and commas', digest().replaceAll('=', ' =\t').replaceAll(', ', ' \t,  ')],
    ['no white space', digest().replaceAll(', ', ',')],
    ['empty list elements', `Digest , ${digest().slice(7).replaceAll(', ', ', ,,')},`],
    ['reversed order', `Digest ${digest().slice(7).split(', ').reverse().join(', ')}`],
    ['unknown parameters', digest({ opaque: '"x"', __proto__x: '"y"', constructor: 'z', empty: '', 'a-b': '"a, b=\\"c\\""' })],
  ])('%s', (_, header) => {
    expect(parseAuthorization(header)).toEqual(PARSED);
  });

  test('undoes the escapes of quoted strings', () => {
    expect(parseAuthorization(digest({ username: '"a\\"b\\\\c, d"' }))).toMatchObject({ username: 'a"b\\c, d' });
  });

  test('the user name is UTF-8, or else Latin-1', () => {
    const utf8 = Buffer.from('"Jürgen"').toString('latin1');
    expect(parseAuthorization(digest({ username: utf8 }))).toMatchObject({ username: 'Jürgen' });
    expect(parseAuthorization(digest({ username: '"Jürgen"' }))).toMatchObject({ username: 'Jürgen' });
  });

  test('username* as RFC 8187 has it', () => {
    const starred = (value: string) => parseAuthorization(digest({ username: undefined, 'username*': value }));
    expect(starred("UTF-8''J%C3%A4s%C3%B8n%20Doe")).toMatchObject({ username: 'Jäsøn Doe' });
    expect(starred("utf-8'en'admin")).toMatchObject({ username: 'admin' });
    expect(starred('"UTF-8\'\'admin"')).toMatchObject({ username: 'admin' });
    expect(starred("ISO-8859-1''J%E4s")).toBeUndefined();
    expect(starred("UTF-8''J%C3")).toBeUndefined();
    expect(starred("UTF-8''J%G0")).toBeUndefined();
    expect(starred('admin')).toBeUndefined();
  });

  test.each<[string, string]>([
    ...Object.keys(FIELDS)
      .filter((name) => name !== 'algorithm')
      .map((name): [string, string] => [`no ${name}`, digest({ [name]: undefined })]),
    ['username and username* together', digest({ 'username*': "UTF-8''admin" })],
    ['a parameter twice', `${digest()}, uri="/other"`],
    ['qop=auth-int', digest({ qop: 'auth-int' })],
    ['MD5-sess', digest({ algorithm: 'MD5-sess' })],
    ['SHA-256-sess', digest({ algorithm: 'SHA-256-sess', response: `"${SHA256}"` })],
    ['SHA-512-256', digest({ algorithm: 'SHA-512-256', response: `"${SHA256}"` })],
    ['an MD5 response for SHA-256', digest({ algorithm: 'SHA-256' })],
    ['a SHA-256 response for MD5', digest({ response: `"${SHA256}"` })],
    ['a response that is not hexadecimal', digest({ response: `"${'g'.repeat(32)}"` })],
    ['a nonce count that is not hexadecimal', digest({ nc: '0000000g' })],
    ['a nonce count of nine digits', digest({ nc: '000000001' })],
    ['an empty nonce count', digest({ nc: '""' })],
    ['an open quote', digest({ opaque: '"abc' })],
    ['an open quote after a backslash', digest({ opaque: '"abc\\"' })],
    ['something after the quotes', digest({ realm: '"camera"x' })],
    ['a missing comma', digest().replace(', ', ' ')],
    ['a name without a value', `${digest()}, opaque`],
    ['a line feed', digest({ opaque: '"a\nb"' })],
    ['a character that no byte can be', digest({ username: '"\u4e2d"' })],
    ['another scheme', digest({}, 'Digestive ')],
    ['nothing', 'Digest'],
  ])('refuses %s', (_, header) => {
    expect(parseAuthorization(header)).toBeUndefined();
  });

  test('refuses more than 4096 characters', () => {
    const padded = (length: number) => {
      const header = digest({ opaque: '""' });
      return header.replace('opaque="', `opaque="${'x'.repeat(length - header.length)}`);
    };
    expect(parseAuthorization(padded(4096))).toEqual(PARSED);
    expect(parseAuthorization(padded(4097))).toBeUndefined();
  });
});

describe('RTSP', () => {
  const LEGACY = { scheme: 'legacy-digest', username: 'admin', realm: 'camera', nonce: 'c0ffee', uri: '/stream.mjpg', response: MD5 };
  const noQop = { qop: undefined, nc: undefined, cnonce: undefined };

  test.each<[string, string]>([
    ['without qop and algorithm', digest({ ...noQop, algorithm: undefined })],
    ['with MD5', digest({ ...noQop, algorithm: '"MD5"' })],
    ['with a cnonce that counts for nothing', digest({ ...noQop, cnonce: '"abc"' })],
  ])('takes Digest %s, which HTTP does not', (_, header) => {
    expect(parseRtspAuthorization(header)).toEqual(LEGACY);
    expect(parseAuthorization(header)).toBeUndefined();
  });

  test('takes what HTTP takes', () => {
    expect(parseRtspAuthorization(digest())).toEqual(PARSED);
    expect(parseRtspAuthorization('Basic YTpi')).toEqual(parseAuthorization('Basic YTpi'));
  });

  test.each<[string, string]>([
    ['SHA-256', digest({ ...noQop, algorithm: 'SHA-256', response: `"${SHA256}"` })],
    ['an empty qop', digest({ ...noQop, qop: '""' })],
    ['qop without a count', digest({ nc: undefined })],
    ['no uri', digest({ ...noQop, uri: undefined })],
    ['no response', digest({ ...noQop, response: undefined })],
    ['a short response', digest({ ...noQop, response: '"8ca5"' })],
  ])('refuses %s', (_, header) => {
    expect(parseRtspAuthorization(header)).toBeUndefined();
  });
});

test.each([[''], [' '], ['Bearer abc'], ['Negotiate'], ['NTLM TlRM']])('%j is neither', (header) => {
  expect(parseAuthorization(header)).toBeUndefined();
});

test('headers made to keep a parser busy take linear time', () => {
  const heads = ['', 'Digest ', 'Digest a', 'Digest a=', 'Digest a= ', 'Digest a="', "Digest username*=UTF-8''", 'Basic '];
  const pieces = [' ', '\t', ',', '=', '"', '\\', 'a', '%', 'a=b ', 'a=,', 'a="",', '\\"'];
  const slow: string[] = [];
  for (const head of heads) {
    for (const piece of pieces) {
      for (const tail of ['', '"', '!', ' x']) {
        const header = head + piece.repeat(Math.floor(4000 / piece.length)) + tail;
        // Linear: up to 0.2 ms. Quadratic: 10 ms and more. The best of five, so that a busy machine does not matter.
        if (quickest(header, 5) > 3) slow.push(JSON.stringify([head, piece, tail]));
      }
    }
  }
  expect(slow).toEqual([]);
});

function quickest(header: string, runs: number): number {
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    parseAuthorization(header);
    return performance.now() - start;
  });
  return Math.min(...times);
}
