import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { annotateNotice, toAscii } from '../../../src/camera/ascii.ts';

describe('toAscii', () => {
  test.each([
    ['Garden %F %T', 'Garden %F %T'],
    ['Haustür Süd, Straße', 'Haustuer Sued, Strasse'],
    ['Tu\u0308r', 'Tuer'],
    ['Café Ångström', 'Cafe Aangstroem'],
    ['Łódź Œuvre ﬁn', 'Lodz Oeuvre fin'],
    ['“21 °C” – déjà vu…', '"21  degC" - deja vu...'],
    ['Сад 庭 😀', '??? ? ?'],
    ['a\u00a0b\tc\u200bd', 'a b cd'],
  ])('%s → %s', (text, expected) => {
    expect(toAscii(text)).toBe(expected);
  });

  test('gives printable ASCII for anything, and leaves that as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const plain = toAscii(text);
        expect(plain).toMatch(/^[\x20-\x7e]*$/);
        expect(toAscii(plain)).toBe(plain);
      }),
    );
    fc.assert(fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => toAscii(text) === text));
  });
});

test('what is drawn otherwise than it was written is said', () => {
  expect(annotateNotice('Tür')).toMatchObject({ code: 'ANNOTATE_ASCII', message: expect.stringContaining('"Tuer"') });
  expect(annotateNotice('Door')).toBeUndefined();
});
