import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { boundaryOf, MAX_LINE_BYTES, MAX_PART_BYTES, MultipartParser, type Part } from '../../../src/web/page/multipart.ts';

const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
const text = (part: Part | undefined) => Buffer.from(part?.body ?? []).toString('latin1');
const join = (...pieces: (string | Uint8Array)[]) =>
  new Uint8Array(Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? bytes(piece) : piece))));

/** Parts of a stream given in these chunks. */
function parse(...chunks: (string | Uint8Array)[]): Part[] {
  const parts: Part[] = [];
  const parser = new MultipartParser('frame', (part) => parts.push(part));
  for (const chunk of chunks) parser.push(typeof chunk === 'string' ? bytes(chunk) : chunk);
  return parts;
}

/** The wire form of one part with the next delimiter, as the server writes it. */
const wire = (body: Uint8Array, timestamp = 1763875234.123) =>
  join(`Content-Type: image/jpeg\r\nContent-Length: ${body.length}\r\nX-Timestamp: ${timestamp}\r\n\r\n`, body, '\r\n--frame\r\n');

/** Cuts at the given places. */
function cut(whole: Uint8Array, places: number[]): Uint8Array[] {
  const at = [0, ...places.map((place) => place % (whole.length + 1)).sort((a, b) => a - b), whole.length];
  return at.slice(1).map((end, index) => whole.subarray(at[index], end));
}

describe('MultipartParser', () => {
  test('gives the picture and its time as soon as its last byte is there', () => {
    const parts = parse('--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 3\r\nX-Timestamp: 1763875234.123\r\n\r\nabc');
    expect(parts.map(text)).toEqual(['abc']);
    expect(parts[0]?.timestamp).toBe(1763875234.123);
  });

  test('takes a picture with a delimiter in it by its length', () => {
    const body = bytes('x\r\n--frame\r\nContent-Length: 1\r\n\r\ny');
    expect(parse(join('--frame\r\n', wire(body), wire(bytes('next')))).map(text)).toEqual([text({ body, timestamp: 0 }), 'next']);
  });

  test('reads header names in any case, bare line feeds and blanks after a delimiter', () => {
    expect(parse('--frame \ncontent-LENGTH:3\nx-timestamp:  12\n\nabc\n--frame\n')).toMatchObject([{ timestamp: 12 }]);
  });

  test.each([
    ['none', ''],
    ['none that is a number', 'X-Timestamp: yesterday\r\n'],
    ['a negative one', 'X-Timestamp: -5\r\n'],
  ])('a part with %s has no time', (_, header) => {
    expect(parse(`--frame\r\nContent-Length: 1\r\n${header}\r\na`)).toMatchObject([{ timestamp: undefined }]);
  });

  test.each([
    ['no length', ''],
    ['a length that is no number', 'Content-Length: 3x\r\n'],
    ['a length of nothing', 'Content-Length: 0\r\n'],
    ['a length beyond the limit', `Content-Length: ${MAX_PART_BYTES + 1}\r\n`],
    ['an absurd length', 'Content-Length: 99999999999999999999\r\n'],
  ])('passes over a part with %s and takes the next one', (_, header) => {
    expect(parse(join(`--frame\r\nX: y\r\n${header}\r\nabc\r\n--frame\r\n`, wire(bytes('next')))).map(text)).toEqual(['next']);
  });

  test('the length of one part is not taken for the next', () => {
    expect(parse('--frame\r\nContent-Length: 1\r\n\r\na\r\n--frame\r\n\r\nb\r\n--frame\r\n').map(text)).toEqual(['a']);
  });

  test('finds the next part after one that is shorter than announced, or longer', () => {
    const shorter = join('--frame\r\nContent-Length: 40\r\n\r\nabc\r\n--frame\r\n', wire(bytes('lost')), wire(bytes('found')));
    expect(parse(shorter).map(text).at(-1)).toBe('found');
    const longer = join('--frame\r\nContent-Length: 2\r\n\r\nabcdef\r\n--frame\r\n', wire(bytes('found')));
    expect(parse(longer).map(text)).toEqual(['ab', 'found']);
  });

  test('ends a picture when a header line is too long to keep, and still takes it', () => {
    const long = `X-Long: ${'a'.repeat(5 * MAX_LINE_BYTES)}\r\n`;
    expect(parse(`--frame\r\n${long}Content-Length: 3\r\n\r\nabc`).map(text)).toEqual(['abc']);
  });

  test('says which bytes are progress: those of a picture, not those between', () => {
    const parser = new MultipartParser('frame', () => undefined);
    expect(parser.push(bytes('junk\r\n--frame\r\nContent-Length: 3\r\n\r\n'))).toBe(false);
    expect(parser.push(bytes('a'))).toBe(true);
    expect(parser.push(bytes('bc'))).toBe(true);
    expect(parser.push(bytes('\r\n--frame\r\n'))).toBe(false);
  });

  test('any chunking of any pictures gives the same pictures', () => {
    const picture = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.constantFrom('\r\n--frame\r\n', '--frame', '\r', 'Content-Length: 5\r\n\r\n').map(bytes),
    );
    fc.assert(
      fc.property(fc.array(picture, { maxLength: 8 }), fc.array(fc.nat(5000), { maxLength: 20 }), (pictures, places) => {
        const parts = parse(...cut(join('--frame\r\n', ...pictures.map((body, index) => wire(body, index))), places));
        expect(parts.map((part) => [...part.body])).toEqual(pictures.map((body) => [...body]));
        expect(parts.map((part) => part.timestamp)).toEqual(pictures.map((_, index) => index));
      }),
    );
  });

  test('takes any bytes in any chunking, always the same way', () => {
    const junk = fc
      .array(
        fc.oneof(
          fc.uint8Array({ maxLength: 40 }),
          fc.constantFrom('\r\n', '\n', '--frame', '--frame--', 'Content-Length: ', '7', '\r\n\r\n', ': :', 'X-Timestamp: 1').map(bytes),
        ),
        { maxLength: 40 },
      )
      .map((pieces) => join(...pieces));
    fc.assert(
      fc.property(junk, fc.array(fc.nat(3000), { maxLength: 20 }), (stream, places) => {
        expect(parse(...cut(stream, places)).map(text)).toEqual(parse(stream).map(text));
      }),
    );
  });
});

describe('boundaryOf', () => {
  test.each([
    ['multipart/x-mixed-replace; boundary=frame', 'frame'],
    ['multipart/x-mixed-replace;boundary="a b"', 'a b'],
    ['Multipart/X-Mixed-Replace; charset=x; Boundary=frame; y=z', 'frame'],
    ['multipart/x-mixed-replace', undefined],
    ['image/jpeg; boundary=frame', undefined],
    [null, undefined],
  ])('%s', (contentType, boundary) => {
    expect(boundaryOf(contentType)).toBe(boundary);
  });
});
