import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { acceptsSdp, parseRange, parseSession, unsupportedOptions } from '../../src/protocols/rtsp/headers.ts';
import { MAX_BODY } from '../../src/protocols/rtsp/reader.ts';
import { formatResponse } from '../../src/protocols/rtsp/response.ts';
import { formatTransport, parseTransport } from '../../src/protocols/rtsp/transport.ts';
import { recogniseTunnel, TunnelDecoder } from '../../src/protocols/rtsp/tunnel.ts';
import { contentBase, parseRequestUrl, trackUrl } from '../../src/protocols/rtsp/url.ts';
import { type Heard, listeningReader, read } from '../support/rtsp.ts';

/** The same bytes cut at any places. */
const cut = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index]!, end));
};
const places = fc.array(fc.nat(100_000), { maxLength: 40 });

const token = fc.stringMatching(/^[a-zA-Z][\w-]{0,10}$/);
const value = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
const eol = fc.constantFrom('\r\n', '\n');

/** A message as text, and what the reader shall say of it. */
interface Message {
  readonly bytes: Buffer;
  readonly said: readonly object[];
}

const request: fc.Arbitrary<Message> = fc
  .record({
    method: token,
    url: fc.stringMatching(/^[!-~]{1,40}$/),
    headers: fc.array(fc.tuple(token, value), { maxLength: 5 }),
    body: fc.uint8Array({ maxLength: 50 }),
    eol,
  })
  .map(({ method, url, headers, body, eol: end }) => {
    const lines = [`${method} ${url} RTSP/1.0`, ...headers.map(([name, text]) => `X-${name}: ${text}`), `Content-Length: ${body.length}`];
    const bytes = Buffer.concat([Buffer.from(`${lines.join(end)}${end}${end}`, 'latin1'), body]);
    const first = new Map(headers.toReversed().map(([name, text]) => [`x-${name}`.toLowerCase(), text]));
    return { bytes, said: [{ method, url, headers: Object.fromEntries(first), body: Buffer.from(body).toString('hex') }] };
  })
  .filter(({ said }) => !(said[0] as { method: string }).method.startsWith('RTSP'));

const frame: fc.Arbitrary<Message> = fc
  .tuple(fc.nat(255), fc.oneof(fc.uint8Array({ maxLength: 100 }), fc.constant(new Uint8Array(3000).fill(0x24))))
  .map(([channel, payload]) => {
    const header = Buffer.from([0x24, channel, payload.length >> 8, payload.length & 255]);
    const said = payload.length > 2048 ? [] : [{ channel, payload: Buffer.from(payload).toString('hex') }];
    return { bytes: Buffer.concat([header, payload]), said };
  });

const noise: fc.Arbitrary<Message> = fc
  .constantFrom('\r\n', '\n', 'RTSP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n$\0\0\0\r')
  .map((text) => ({ bytes: Buffer.from(text, 'latin1'), said: [] }));

const plain = (heard: readonly Heard[], names: readonly string[]): object[] =>
  heard.map((one) => {
    if (!('request' in one)) return one;
    const { method, url, headers, body } = one.request;
    const entries = names.flatMap((name) => (headers.get(name) === undefined ? [] : [[name, headers.get(name)]]));
    return { method, url, headers: Object.fromEntries(entries), body: body.toString('hex') };
  });

describe('RtspReader', () => {
  test('says the same however the bytes are cut, which is what was sent', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(request, frame, noise), { maxLength: 8 }), places, (messages, at) => {
        const bytes = Buffer.concat(messages.map((message) => message.bytes));
        const said = messages.flatMap((message) => message.said);
        const names = said.flatMap((one) => ('headers' in one ? Object.keys(one.headers as object) : []));
        expect(plain(read(...cut(bytes, at)), [...new Set(names)])).toEqual(
          said.map((one) => ('headers' in one ? { ...one, headers: expect.objectContaining(one.headers as object) } : one)),
        );
      }),
    );
  });

  /** Bytes made of the pieces the reader looks for, so that they get past the first one. */
  const crafted = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          'OPTIONS * RTSP/1.0\r\n',
          'RTSP/1.0 200 OK\r\n',
          'CSeq: 1\r\n',
          'Content-Length: ',
          '5',
          '70000\r\n',
          '\r\n',
          '\n',
          '\r',
        ),
        fc.constantFrom('$', '$\0\0\x04', '$\x01\xff\xff', ' ', ':', '\0', 'x'.repeat(500), 'X: y\r\n'.repeat(40)),
        fc.string({ unit: 'binary', maxLength: 5 }),
      ),
      { maxLength: 40 },
    )
    .map((pieces) => Buffer.from(pieces.join(''), 'latin1'));

  test('never throws, holds no more than the bound, stops at the first problem, and does not care for the cuts', () => {
    fc.assert(
      fc.property(crafted, places, (bytes, at) => {
        const { reader, heard } = listeningReader();
        let held = 0;
        for (const chunk of cut(bytes, at)) {
          reader.push(chunk);
          held = Math.max(held, reader.held);
        }
        expect(held).toBeLessThanOrEqual(MAX_BODY);
        const problems = heard.filter((one) => 'problem' in one);
        expect(problems.length).toBeLessThanOrEqual(1);
        if (problems.length === 1) expect(heard.at(-1)).toBe(problems[0]);
        expect(heard).toEqual(read(bytes));
      }),
      { numRuns: 1000 },
    );
  });
});

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc
    .array(
      fc.constantFrom(
        'RTP/AVP',
        '/TCP',
        ';',
        ',',
        '=',
        '-',
        '"',
        'unicast',
        'client_port=',
        '5000',
        'mode',
        'npt=',
        'now',
        'clock=',
        ':',
        '%',
        '/',
        '?',
        'rtsp://',
        '@',
        'trackID=',
        '0',
        ' ',
      ),
      { maxLength: 40 },
    )
    .map((pieces) => pieces.join('')),
);

test('no header and no URL makes a parser throw, and every result is within its range', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      for (const { clientPort, interleaved, port, ttl } of parseTransport(text)) {
        for (const pair of [clientPort, port]) if (pair) expect(Math.min(pair.rtp, pair.rtcp)).toBeGreaterThan(0);
        for (const pair of [clientPort, port]) if (pair) expect(Math.max(pair.rtp, pair.rtcp)).toBeLessThan(65536);
        if (interleaved) expect(Math.max(interleaved.rtp, interleaved.rtcp)).toBeLessThan(256);
        if (ttl !== undefined) expect(ttl).toBeLessThan(256);
      }
      parseSession(text);
      parseRange(text);
      acceptsSdp(text);
      unsupportedOptions(text);
      const target = parseRequestUrl(text);
      if (target && target.path !== '*') expect(target.path).toMatch(/^\/(?:[^/]+(?:\/[^/]+)*)?$/);
      const base = contentBase(text);
      if (base !== undefined) expect(base).toMatch(/^(?:rtsp[su]?|https?):\/\/[^/@]+\/(?:[^?#]+\/)?$/s);
    }),
    { numRuns: 3000 },
  );
});

test('the Content-Base of a URL names the same stream, and its tracks', () => {
  const segment = fc.stringMatching(/^[\w.~%@,-]{1,8}$/).map((text) => encodeURIComponent(text));
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 3 }), fc.nat(999), fc.constantFrom('', 'a:b@', 'u%40:p@'), (segments, track, user) => {
      const url = `rtsp://${user}camera:8554/${segments.join('/')}`;
      const path = parseRequestUrl(url)!.path;
      const base = contentBase(url)!;
      expect(base).not.toContain('@');
      expect(parseRequestUrl(base)).toEqual({ path, track: undefined });
      expect(parseRequestUrl(trackUrl(base, track))).toEqual({ path, track });
    }),
  );
});

test('our Transport reads back', () => {
  const port = fc.integer({ min: 1, max: 65534 }).map((rtp) => ({ rtp, rtcp: rtp + 1 }));
  fc.assert(
    fc.property(port, port, fc.nat(0xffffffff), fc.integer({ min: 0, max: 254 }), (clientPort, serverPort, ssrc, channel) => {
      const channels = { rtp: channel, rtcp: channel + 1 };
      expect(parseTransport(formatTransport({ kind: 'udp', clientPort, serverPort, ssrc }))).toMatchObject([
        { lower: 'UDP', delivery: 'unicast', mode: 'PLAY', clientPort },
      ]);
      expect(parseTransport(formatTransport({ kind: 'interleaved', channels, ssrc }))).toMatchObject([
        { lower: 'TCP', delivery: 'unicast', mode: 'PLAY', interleaved: channels },
      ]);
    }),
  );
});

test('a response has the lines it was given, whatever is in them', () => {
  const text = fc.string({ unit: 'binary', maxLength: 60 });
  fc.assert(
    fc.property(
      text,
      fc.array(fc.tuple(fc.constantFrom('Session', 'X-A'), text), { maxLength: 4 }),
      fc.uint8Array(),
      (cseq, headers, body) => {
        const bytes = formatResponse({ status: 200, cseq, server: 's', headers, body: Buffer.from(body) });
        const end = bytes.indexOf('\r\n\r\n');
        expect(bytes.toString('latin1', 0, end).split(/[\r\n]+/)).toHaveLength(4 + headers.length);
        expect(bytes.subarray(end + 4)).toEqual(Buffer.from(body));
      },
    ),
  );
});

describe('the tunnel', () => {
  test('decodes what each request was encoded to, however it is cut and broken into lines', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 6 }),
        places,
        fc.constantFrom('', '\r\n', '\n'),
        (parts, at, end) => {
          const encoded = Buffer.from(parts.map((part) => Buffer.from(part).toString('base64') + end).join(''));
          const decoder = new TunnelDecoder();
          const decoded = cut(encoded, at).map((chunk) => decoder.decode(chunk)!);
          expect(Buffer.concat(decoded)).toEqual(Buffer.concat(parts));
        },
      ),
    );
  });

  test('never throws and makes no more bytes than came', () => {
    const letters = fc.string({ unit: fc.constantFrom('A', 'z', '/', '=', '\n', '*'), maxLength: 60 });
    fc.assert(
      fc.property(fc.oneof(letters, fc.string({ unit: 'binary' })), places, (text, at) => {
        const bytes = Buffer.from(text, 'latin1');
        const decoder = new TunnelDecoder();
        for (const chunk of cut(bytes, at)) expect(decoder.decode(chunk)?.length ?? 0).toBeLessThanOrEqual(chunk.length);
      }),
    );
  });

  test('is told from other HTTP with the same result for more bytes', () => {
    const head = fc
      .array(fc.constantFrom('GET ', 'POST ', '/x', ' HTTP/1.1', '\r\n', '\n', 'x-sessioncookie: a', 'Host: x', '\0', ' '), {
        maxLength: 12,
      })
      .map((pieces) => Buffer.from(pieces.join(''), 'latin1'));
    fc.assert(
      fc.property(head, (bytes) => {
        const final = recogniseTunnel(bytes);
        const early = Array.from(bytes, (_, length) => recogniseTunnel(bytes.subarray(0, length)));
        expect(early.find((result) => result !== 'need-more') ?? final).toEqual(final);
      }),
      { numRuns: 1000 },
    );
  });
});
