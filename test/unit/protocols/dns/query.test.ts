import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { looksLikeQuery, MAX_QUERY, wantsUnicast } from '../../../../src/protocols/dns/query.ts';
import { dnsQuery, repeatedQuestion } from '../../../support/dns.ts';

const NAME = '_onvif._tcp.local';
const known = { name: NAME, type: 12, ttl: 4500, data: Buffer.alloc(20) };

describe('looksLikeQuery', () => {
  test.each<[string, Buffer]>([
    ['one question', dnsQuery([{ name: NAME }])],
    ['many, as home automation asks', repeatedQuestion(NAME, 150)],
    ['with known answers', dnsQuery([{ name: NAME }], { answers: Array.from({ length: 20 }, () => known) })],
    ['a probe', dnsQuery([{ name: 'x.local', type: 'ANY' }], { authorities: 1 })],
    ['one of several parts (TC)', dnsQuery([{ name: NAME }], { flags: 0x0200 })],
    ['a simple resolver, which wants recursion (RD)', dnsQuery([{ name: NAME }], { id: 7, flags: 0x0100 })],
  ])('%s', (_, message) => {
    expect(looksLikeQuery(message)).toBe(true);
  });

  test.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['a header alone', Buffer.alloc(12)],
    ['text', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['an answer', dnsQuery([{ name: NAME }], { flags: 0x8400 })],
    ['an update', dnsQuery([{ name: NAME }], { flags: 5 << 11 })],
    ['an error', dnsQuery([{ name: NAME }], { flags: 3 })],
    ['no question', dnsQuery([], { answers: [known] })],
    ['more questions than there is room for', repeatedQuestion(NAME, 10_000)],
    ['more than a frame', Buffer.concat([dnsQuery([{ name: NAME }]), Buffer.alloc(MAX_QUERY)])],
    ['more records than are read', dnsQuery([{ name: NAME }], { authorities: 300 })],
  ])('not %s', (_, message) => {
    expect(looksLikeQuery(message)).toBe(false);
  });
});

describe('wantsUnicast', () => {
  test.each([
    [true, [{ unicast: true }]],
    [true, [{ unicast: true }, { unicast: true }]],
    [false, [{ unicast: false }]],
    [false, [{ unicast: true }, { unicast: false }]],
    [false, [{ unicast: false }, { unicast: true }]],
  ])('%j for %j', (expected, questions) => {
    expect(wantsUnicast(dnsQuery(questions.map((each) => ({ name: NAME, ...each }))))).toBe(expected);
  });

  test('sees questions whose names are pointers', () => {
    expect(wantsUnicast(repeatedQuestion(NAME, 10, true))).toBe(true);
    expect(wantsUnicast(repeatedQuestion(NAME, 10, false))).toBe(false);
  });

  test('is as the questions say, whatever their names', () => {
    const name = fc.array(fc.stringMatching(/^[a-z_-]{1,63}$/), { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'));
    const question = fc.record({ name, unicast: fc.boolean() });
    fc.assert(
      fc.property(fc.array(question, { minLength: 1, maxLength: 5 }), (questions) => {
        expect(wantsUnicast(dnsQuery(questions))).toBe(questions.every(({ unicast }) => unicast));
      }),
    );
  });

  test('a message that ends too early wants nothing', () => {
    const whole = dnsQuery([{ name: NAME, unicast: true }]);
    for (let length = 0; length < whole.length; length++) expect(wantsUnicast(whole.subarray(0, length))).toBe(false);
  });
});

test('neither throws, whatever the bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, withHeader) => {
      const header = dnsQuery([{ name: 'a' }, { name: 'b' }]).subarray(0, 12);
      const message = Buffer.concat(withHeader ? [header, bytes] : [bytes]);
      expect(typeof looksLikeQuery(message)).toBe('boolean');
      expect(typeof wantsUnicast(message)).toBe('boolean');
    }),
  );
});
