import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Encode, isOneReading } from '../../../src/auth/readings.ts';

const hash = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');
const reads = (bytes: string | Buffer, text: string) => isOneReading(hash(bytes), (encode) => hash(encode(text)));

describe('isOneReading', () => {
  test.each([
    ['UTF-8', Buffer.from('pässwörd')],
    ['UTF-8 with accents of their own', Buffer.from('pa\u0308sswo\u0308rd')],
    ['Latin-1', Buffer.from('pässwörd', 'latin1')],
  ])('%s is one, however the password is kept', (_, bytes) => {
    expect(reads(bytes, 'pässwörd'.normalize('NFC'))).toBe(true);
    expect(reads(bytes, 'pässwörd'.normalize('NFD'))).toBe(true);
  });

  test('a password of both kinds of accents is itself, too', () => {
    const mixed = 'a\u0308ä';
    expect(reads(Buffer.from(mixed), mixed)).toBe(true);
  });

  test('Latin-1 is none where it cannot hold the password: nothing is cut off', () => {
    // Cut to a byte each, they are "?>;L" and "5".
    expect(reads(Buffer.from('поль', 'latin1'), 'поль')).toBe(false);
    expect(reads('5', '\u0135')).toBe(false);
    expect(reads(Buffer.from('поль'), 'поль')).toBe(true);
  });

  test('other text is none', () => {
    for (const other of ['passwörd', 'PÄSSWÖRD', 'pässwörd ', '', 'p?ssw?rd']) {
      expect(reads(other, 'pässwörd')).toBe(false);
      expect(reads(Buffer.from(other, 'latin1'), 'pässwörd')).toBe(false);
    }
    expect(isOneReading('', () => 'x')).toBe(false);
  });

  test('costs the same for every text, right or wrong', () => {
    const count = (given: string, text: string) => {
      let hashes = 0;
      isOneReading(given, (encode: Encode) => {
        hashes++;
        return hash(encode(text));
      });
      return hashes;
    };
    const counts = ['secret', 'pässwörd', 'поль', '€'].flatMap((text) => [count(hash(text), text), count(hash('wrong'), text)]);
    expect(new Set(counts).size).toBe(1);
  });

  test('every text is one of its own', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => reads(text, text)));
  });
});
