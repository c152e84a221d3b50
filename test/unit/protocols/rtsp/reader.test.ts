import { describe, expect, test } from '@jest/globals';
import { MAX_HEADERS } from '../../../../src/protocols/rtsp/header-block.ts';
import { MAX_BODY, MAX_FRAME, MAX_HEAD, RtspReader } from '../../../../src/protocols/rtsp/reader.ts';
import { listeningReader, read, requestsOf } from '../../../support/rtsp.ts';

const OPTIONS = 'OPTIONS rtsp://camera/mjpeg RTSP/1.0\r\nCSeq: 1\r\n\r\n';
const TEARDOWN = 'TEARDOWN rtsp://camera/mjpeg/ RTSP/1.0\r\nCSeq: 2\r\nSession: 12345678\r\n\r\n';

const frame = (channel: number, payload: Buffer): Buffer => {
  const header = Buffer.from([0x24, channel, 0, 0]);
  header.writeUInt16BE(payload.length, 2);
  return Buffer.concat([header, payload]);
};

const methods = (...chunks: (string | Buffer)[]) => requestsOf(read(...chunks)).map(({ method }) => method);
const problem = (status: number, cseq?: string) => [{ problem: { status, reason: expect.any(String), cseq } }];

describe('a request', () => {
  test('comes with its method, URL, version, headers and body', () => {
    const [request, ...more] = requestsOf(
      read('SET_PARAMETER rtsp://a:b@camera/x%20y RTSP/1.0\r\nCSeq: 7\r\nContent-Length: 5\r\nX-Long:  two words\t\r\n\r\na: b\n'),
    );
    expect(more).toEqual([]);
    expect(request).toMatchObject({ method: 'SET_PARAMETER', url: 'rtsp://a:b@camera/x%20y', version: 'RTSP/1.0' });
    expect(request!.body.toString()).toBe('a: b\n');
    expect(request!.headers.get('cseq')).toBe('7');
    expect(request!.headers.get('CSEQ')).toBe('7');
    expect(request!.headers.get('X-Long')).toBe('two words');
    expect(request!.headers.get('Session')).toBeUndefined();
  });

  test('has an empty body where no length is given', () => {
    expect(requestsOf(read(OPTIONS))[0]!.body).toHaveLength(0);
  });

  test('may be split anywhere', () => {
    for (let at = 0; at <= OPTIONS.length; at++) expect(methods(OPTIONS.slice(0, at), OPTIONS.slice(at))).toEqual(['OPTIONS']);
  });

  test('may follow another in one chunk', () => {
    expect(methods(OPTIONS + TEARDOWN + OPTIONS)).toEqual(['OPTIONS', 'TEARDOWN', 'OPTIONS']);
  });

  test('may have blank lines before it, and bare line feeds', () => {
    expect(methods(`\r\n\n\r\n${OPTIONS}\r\n\r\n${TEARDOWN.replaceAll('\r\n', '\n')}`)).toEqual(['OPTIONS', 'TEARDOWN']);
  });

  test('of another version is for the server to refuse', () => {
    expect(requestsOf(read(OPTIONS.replace('1.0', '2.0')))[0]!.version).toBe('RTSP/2.0');
  });

  test('keeps the bytes of header values and URL, one character each', () => {
    const [request] = requestsOf(read('OPTIONS rtsp://camera/é RTSP/1.0\r\nCSeq: 1\r\nX: \xa0\xc3\xa9\xa0\r\n\r\n'));
    expect(request!.url).toBe('rtsp://camera/\xe9');
    expect(request!.headers.get('x')).toBe('\xa0\xc3\xa9\xa0');
  });
});

describe('headers', () => {
  const head = (...lines: string[]) => read(['OPTIONS * RTSP/1.0', ...lines, '', ''].join('\r\n'));
  const value = (name: string, ...lines: string[]) => requestsOf(head(...lines))[0]?.headers.get(name);

  test('that are lists are joined, of others the first counts', () => {
    expect(value('transport', 'Transport: a', 'transport: b')).toBe('a, b');
    expect(value('Require', 'Require: x', 'CSeq: 1', 'REQUIRE: y')).toBe('x, y');
    expect(value('Session', 'Session: first', 'Session: second')).toBe('first');
    expect(value('content-length', 'Content-Length: 0', 'Content-Length: 0')).toBe('0');
  });

  test('may be folded, be empty, and have blanks before the colon', () => {
    expect(value('Transport', 'Transport: a,', ' \t b,', '\tc')).toBe('a, b, c');
    expect(value('Range', 'Range:', 'CSeq: 1')).toBe('');
    expect(value('CSeq', 'CSeq \t: 3')).toBe('3');
  });

  test.each([
    ['no colon', 'CSeq 1'],
    ['no name', ': 1'],
    ['a name with a space', 'C Seq: 1'],
    ['a control character', 'CSeq: 1\x00'],
    ['a bare CR', 'CSeq: 1\rX: 2'],
    ['a fold before the first', ' CSeq: 1'],
  ])('with %s are refused', (_, line) => {
    expect(head(line)).toEqual(problem(400));
  });

  test('with lengths that contradict each other are refused', () => {
    expect(head('CSeq: 4', 'Content-Length: 1', 'Content-Length: 2')).toEqual(problem(400, '4'));
  });

  test.each([['-1'], ['x'], ['1e3'], ['0x10'], ['']])('with the length %j are refused', (length) => {
    expect(head('CSeq: 4', `Content-Length: ${length}`)).toEqual(problem(400, '4'));
  });

  test(`may be ${MAX_HEADERS}, not more`, () => {
    const many = (count: number) => head(...Array.from({ length: count }, (_, index) => `X-${index}: 1`));
    expect(requestsOf(many(MAX_HEADERS))).toHaveLength(1);
    expect(many(MAX_HEADERS + 1)).toEqual(problem(400));
  });
});

describe('bounds', () => {
  const padded = (length: number) => {
    const start = 'OPTIONS * RTSP/1.0\r\nCSeq: 9\r\nX: ';
    return `${start}${'x'.repeat(length - start.length - 4)}\r\n\r\n`;
  };

  test(`a head may have ${MAX_HEAD} bytes`, () => {
    expect(padded(MAX_HEAD)).toHaveLength(MAX_HEAD);
    expect(methods(padded(MAX_HEAD))).toEqual(['OPTIONS']);
    expect(read(padded(MAX_HEAD + 1))).toEqual(problem(400, '9'));
    expect(read(...padded(MAX_HEAD + 1))).toEqual(problem(400, '9'));
  });

  test('a request line that never ends is told as such', () => {
    expect(read(`OPTIONS ${'x'.repeat(MAX_HEAD)}`)).toEqual(problem(414));
    expect(read(...`OPTIONS ${'x'.repeat(MAX_HEAD)}`)).toEqual(problem(414));
  });

  test(`a body may have ${MAX_BODY} bytes, and is refused before it comes if longer`, () => {
    const head = (length: number) => `SET_PARAMETER * RTSP/1.0\r\nCSeq: 5\r\nContent-Length: ${length}\r\n\r\n`;
    const [request] = requestsOf(read(head(MAX_BODY), Buffer.alloc(MAX_BODY, 'x'), OPTIONS));
    expect(request!.body).toHaveLength(MAX_BODY);
    expect(read(head(MAX_BODY + 1))).toEqual(problem(413, '5'));
    expect(read(head(9_999_999_999))).toEqual(problem(413, '5'));
  });

  test('memory grows with what comes, not with the length announced', () => {
    const { reader } = listeningReader();
    reader.push(Buffer.from('SET_PARAMETER * RTSP/1.0\r\nContent-Length: 65536\r\n\r\nx'));
    expect(reader.held).toBeLessThanOrEqual(512);
    reader.push(Buffer.alloc(40_000));
    expect(reader.held).toBeLessThanOrEqual(MAX_BODY);
    reader.push(Buffer.alloc(30_000));
    expect(reader.held).toBeLessThanOrEqual(MAX_HEAD);
  });

  test('nothing is held between messages', () => {
    const { reader } = listeningReader();
    reader.push(Buffer.concat([Buffer.from(OPTIONS), frame(1, Buffer.alloc(8))]));
    expect(reader.held).toBe(0);
  });
});

describe('an interleaved packet', () => {
  test('comes with its channel, between requests, split anywhere', () => {
    const bytes = Buffer.concat([
      Buffer.from(OPTIONS),
      frame(1, Buffer.from('80c90001', 'hex')),
      frame(255, Buffer.alloc(0)),
      Buffer.from(TEARDOWN),
    ]);
    const whole = read(bytes);
    expect(whole.slice(1, 3)).toEqual([
      { channel: 1, payload: '80c90001' },
      { channel: 255, payload: '' },
    ]);
    expect(requestsOf(whole).map(({ method }) => method)).toEqual(['OPTIONS', 'TEARDOWN']);
    for (let at = 0; at <= bytes.length; at++) expect(read(bytes.subarray(0, at), bytes.subarray(at))).toEqual(whole);
  });

  test(`of more than ${MAX_FRAME} bytes is passed over without being held`, () => {
    expect(read(frame(1, Buffer.alloc(MAX_FRAME)))).toHaveLength(1);
    const { reader, heard } = listeningReader();
    const long = frame(0, Buffer.alloc(65_535, '$'));
    for (let at = 0; at < long.length; at += 1000) {
      reader.push(long.subarray(at, at + 1000));
      expect(reader.held).toBe(0);
    }
    reader.push(Buffer.from(OPTIONS));
    expect(requestsOf(heard)).toHaveLength(1);
    expect(heard).toHaveLength(1);
  });

  test('does not share memory with the chunk', () => {
    const payloads: Buffer[] = [];
    const reader = new RtspReader({ request: () => {}, frame: (_, payload) => payloads.push(payload), problem: () => {} });
    const chunk = frame(1, Buffer.from('abcd'));
    reader.push(chunk);
    chunk.fill(0);
    expect(payloads[0]!.toString()).toBe('abcd');
  });
});

describe('an answer of the client', () => {
  test('is passed over whole', () => {
    const answer = 'RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 12\r\n\r\nOPTIONS * RT';
    expect(methods(answer + OPTIONS)).toEqual(['OPTIONS']);
    expect(methods(`RTSP/1.0 404 \r\n\r\n${OPTIONS}`)).toEqual(['OPTIONS']);
    expect(methods(...answer, ...OPTIONS)).toEqual(['OPTIONS']);
  });

  test('with too long a body ends it', () => {
    expect(read('RTSP/1.0 200 OK\r\nCSeq: 3\r\nContent-Length: 65537\r\n\r\n')).toEqual(problem(413, '3'));
  });
});

describe('what is no RTSP', () => {
  test.each([
    ['binary', '\x80\x1a\x00\x00'],
    ['a blank in front', ` ${OPTIONS}`],
    ['a digit in front', '1OPTIONS * RTSP/1.0\r\n\r\n'],
    ['no version', 'OPTIONS *\r\n\r\n'],
    ['no URL', 'OPTIONS RTSP/1.0\r\n\r\n'],
    ['HTTP', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a URL with a blank', 'OPTIONS rtsp://camera/a b RTSP/1.0\r\n\r\n'],
    ['a control character', 'OPTIONS rtsp://camera/\x01 RTSP/1.0\r\n\r\n'],
    ['a status that is none', 'RTSP/1.0 OK\r\n\r\n'],
  ])('%s is a problem, once', (_, text) => {
    expect(read(text, OPTIONS, OPTIONS)).toEqual(problem(400));
  });

  test('is told with the CSeq that was readable', () => {
    expect(read('OPTIONS * RTSP/1.0\r\ncseq : 17 \r\nbroken\r\n\r\n')).toEqual(problem(400, '17'));
  });
});

test('a handler may stop the reader in the middle of a chunk', () => {
  const seen: string[] = [];
  const reader = new RtspReader({
    request: ({ method }) => {
      seen.push(method);
      reader.stop();
    },
    frame: () => seen.push('frame'),
    problem: () => seen.push('problem'),
  });
  reader.push(Buffer.from(OPTIONS + TEARDOWN));
  reader.push(Buffer.from('\x00'));
  expect(seen).toEqual(['OPTIONS']);
  expect(reader.held).toBe(0);
});
