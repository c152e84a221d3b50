import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { stripped, terminalSafeJson, visible, visibleLines } from '../../../src/core/terminal.ts';

const EVIL = 'a\x1b[2J\r\n\x7f\x9b\u2028\u202e\u2066\ufeff\u{e0041}z';
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

test('what moves the cursor or turns text around becomes visible', () => {
  expect(visible(EVIL)).toBe('a\\x1b[2J\\x0d\\x0a\\x7f\\x9b\\u2028\\u202e\\u2066\\ufeff\\u{e0041}z');
  expect(stripped(EVIL)).toBe('a[2Jz');
});

test('lines stay lines where they are wanted', () => {
  expect(visibleLines('a\x1b\nb\x9b')).toBe('a\\x1b\nb\\x9b');
});

test('other scripts and emoji stay as they are', () => {
  const text = 'Tür „Süd“ 门口 камера خروجی क्‍ष 👨‍👩‍👧';
  expect([visible(text), stripped(text)]).toEqual([text, text]);
});

describe('terminalSafeJson', () => {
  test('says the same, with every such character escaped', () => {
    const json = terminalSafeJson(JSON.stringify({ [EVIL]: EVIL }, null, 2));
    expect(json).toMatch(/^[\x20-\x7e\n]+$/);
    expect(JSON.parse(json)).toEqual({ [EVIL]: EVIL });
  });

  test('whatever the value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const json = terminalSafeJson(JSON.stringify(value));
        expect(UNSAFE.test(json)).toBe(false);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

test('no text brings anything to the terminal', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(UNSAFE.test(visible(text))).toBe(false);
      expect(UNSAFE.test(stripped(text))).toBe(false);
    }),
  );
});
