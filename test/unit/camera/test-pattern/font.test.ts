import { describe, expect, test } from '@jest/globals';
import { GLYPH_HEIGHT, glyphOf } from '../../../../src/camera/test-pattern/font.ts';

const PRINTABLE = Array.from({ length: 0x7f - 0x20 }, (_, index) => String.fromCharCode(0x20 + index));
const picture = (character: string): string => Array.from(glyphOf(character), (row) => row.toString(2).padStart(5, '0')).join('\n');

describe('glyphOf', () => {
  test('every printable ASCII character has a picture of its own, five by eight, none like the box', () => {
    const pictures = new Set([...PRINTABLE, '\x7f'].map(picture));
    expect(pictures.size).toBe(PRINTABLE.length + 1);
    for (const character of PRINTABLE) {
      expect(glyphOf(character)).toHaveLength(GLYPH_HEIGHT);
      for (const row of glyphOf(character)) expect(row).toBeLessThan(32);
    }
  });

  test('only the space is empty', () => {
    expect(PRINTABLE.filter((character) => glyphOf(character).every((row) => row === 0))).toEqual([' ']);
  });

  test('characters are where they belong', () => {
    expect(picture('L')).toBe(['10000', '10000', '10000', '10000', '10000', '10000', '11111', '00000'].join('\n'));
    expect(picture('~')).toBe(['00000', '00000', '01000', '10101', '00010', '00000', '00000', '00000'].join('\n'));
  });

  test('letters and digits stand on the seventh row and start in the first or, if small, at the latest in the third', () => {
    for (const character of PRINTABLE.filter((each) => /[A-Za-z0-9]/.test(each))) {
      const rows = [...glyphOf(character)];
      const top = rows.findIndex((row) => row !== 0);
      if (/[a-z]/.test(character)) expect(top).toBeLessThanOrEqual(2);
      else expect(top).toBe(0);
      expect(rows[6]).not.toBe(0);
      expect(rows[7] !== 0).toBe(/[gjpqy]/.test(character));
    }
  });

  test.each(['ä', '€', '😀', '\n', '\x00', '\ud800'])('%j is a box', (character) => {
    expect(picture(character)).toBe(['11111', '10001', '10001', '10001', '10001', '10001', '11111', '00000'].join('\n'));
  });
});
