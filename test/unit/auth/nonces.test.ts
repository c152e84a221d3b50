import { describe, expect, test } from '@jest/globals';
import { Nonces } from '../../../src/auth/nonces.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const LIFETIME = 5 * 60_000;

function setup() {
  const clock = new FakeClock();
  return { clock, nonces: new Nonces(clock) };
}

describe('Nonces', () => {
  test('are hexadecimal and never the same', () => {
    const { nonces } = setup();
    const issued = Array.from({ length: 200 }, () => nonces.issue());
    for (const nonce of issued) expect(nonce).toMatch(/^[0-9a-f]{60}$/);
    expect(new Set(issued).size).toBe(200);
  });

  test('each count is good once', () => {
    const { nonces } = setup();
    const nonce = nonces.issue();
    expect(nonces.use(nonce, 1)).toBe(true);
    expect(nonces.use(nonce, 1)).toBe(false);
    expect(nonces.use(nonce, 2)).toBe(true);
    expect(nonces.use(nonce, 2)).toBe(false);
    expect(nonces.use(nonce, 1)).toBe(false);
  });

  test('parallel requests may come in any order', () => {
    const { nonces } = setup();
    const nonce = nonces.issue();
    for (const count of [3, 1, 2, 7, 5, 4, 6]) expect(nonces.use(nonce, count)).toBe(true);
    for (const count of [1, 2, 3, 4, 5, 6, 7]) expect(nonces.use(nonce, count)).toBe(false);
  });

  test('the window is 128 counts wide, at both edges', () => {
    const { nonces } = setup();
    const nonce = nonces.issue();
    expect(nonces.use(nonce, 1000)).toBe(true);
    expect(nonces.use(nonce, 1000 - 128)).toBe(false);
    expect(nonces.use(nonce, 1000 - 127)).toBe(true);
    expect(nonces.use(nonce, 1000 - 127)).toBe(false);
    expect(nonces.use(nonce, 1001)).toBe(true);
    expect(nonces.use(nonce, 1000 - 127)).toBe(false);
    expect(nonces.use(nonce, 1000 - 126)).toBe(true);
  });

  test('a leap of any size forgets no count within the window', () => {
    for (const leap of [1, 2, 126, 127]) {
      const { nonces } = setup();
      const nonce = nonces.issue();
      nonces.use(nonce, 10);
      expect(nonces.use(nonce, 10 + leap)).toBe(true);
      expect(nonces.use(nonce, 10)).toBe(false);
      expect(nonces.use(nonce, 10 + leap)).toBe(false);
    }
    const { nonces } = setup();
    const nonce = nonces.issue();
    nonces.use(nonce, 10);
    expect(nonces.use(nonce, 0xffffffff)).toBe(true);
    expect(nonces.use(nonce, 10)).toBe(false);
    expect(nonces.use(nonce, 0xffffffff - 127)).toBe(true);
  });

  test('expire five minutes after their issue, used or not', () => {
    const { clock, nonces } = setup();
    const used = nonces.issue();
    const unused = nonces.issue();
    expect(nonces.use(used, 1)).toBe(true);
    clock.advance(LIFETIME - 1);
    expect(nonces.use(used, 2)).toBe(true);
    clock.advance(1);
    expect(nonces.use(used, 3)).toBe(false);
    expect(nonces.use(unused, 1)).toBe(false);
  });

  test('setting the wall clock does not matter', () => {
    const { clock, nonces } = setup();
    const nonce = nonces.issue();
    clock.setWallForward(40 * 365 * 86_400_000);
    expect(nonces.use(nonce, 1)).toBe(true);
    clock.setWallForward(-80 * 365 * 86_400_000);
    expect(nonces.use(nonce, 2)).toBe(true);
  });

  test('made up, altered or foreign ones are refused', () => {
    const { clock, nonces } = setup();
    const nonce = nonces.issue();
    for (let digit = 0; digit < nonce.length; digit++) {
      const other = nonce[digit] === '0' ? '1' : '0';
      expect(nonces.use(nonce.slice(0, digit) + other + nonce.slice(digit + 1), 1)).toBe(false);
    }
    for (const text of ['', 'x', nonce.slice(1), `${nonce}0`, nonce.toUpperCase(), 'f'.repeat(60), '\u0000'.repeat(60)]) {
      expect(nonces.use(text, 1)).toBe(false);
    }
    expect(nonces.use(new Nonces(clock).issue(), 1)).toBe(false);
    expect(nonces.use(nonce, 1)).toBe(true);
  });

  test('what was forgotten for lack of room cannot be replayed, what is remembered goes on', () => {
    const { clock, nonces } = setup();
    const unused = nonces.issue();
    clock.advance(1);
    const first = nonces.issue();
    clock.advance(1);
    const second = nonces.issue();
    expect(nonces.use(first, 1)).toBe(true);
    expect(nonces.use(second, 1)).toBe(true);
    clock.advance(1);
    for (let i = 2; i < 4096; i++) expect(nonces.use(nonces.issue(), 1)).toBe(true);
    expect(nonces.use(first, 2)).toBe(true);
    clock.advance(1);
    expect(nonces.use(nonces.issue(), 1)).toBe(true);
    expect(nonces.use(first, 1)).toBe(false);
    expect(nonces.use(first, 3)).toBe(false);
    expect(nonces.use(unused, 1)).toBe(false);
    expect(nonces.use(second, 1)).toBe(false);
    expect(nonces.use(second, 2)).toBe(true);
    expect(nonces.use(nonces.issue(), 1)).toBe(true);
  });

  test('expired ones make room before live ones have to go', () => {
    const { clock, nonces } = setup();
    for (let i = 0; i < 4095; i++) nonces.use(nonces.issue(), 1);
    clock.advance(LIFETIME - 1);
    const live = nonces.issue();
    expect(nonces.use(live, 1)).toBe(true);
    clock.advance(1);
    for (let i = 0; i < 4095; i++) expect(nonces.use(nonces.issue(), 1)).toBe(true);
    expect(nonces.use(live, 2)).toBe(true);
  });
});
