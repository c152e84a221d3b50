import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FilterError } from '../../src/protocols/notification/filter-error.ts';
import { type Content, itemFilter } from '../../src/protocols/notification/item-filter.ts';
import { CONCRETE, CONCRETE_SET, TNS1 } from '../../src/protocols/notification/names.ts';
import { durationMs, timeUntil } from '../../src/protocols/notification/termination.ts';
import { topicExpression } from '../../src/protocols/notification/topic-expression.ts';

/** Text made of the pieces that a parser looks for, and some that it does not. */
const madeOf = (...pieces: string[]) =>
  fc
    .array(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...pieces) }, fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 40 })
    .map((list) => list.join(''));
/** Runs it; what it throws for a bad filter is as good. */
const orFilterError = (run: () => void) => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(FilterError);
  }
};

describe('durations and times', () => {
  const part = fc.option(fc.nat(1_000_000), { nil: undefined });

  test('a duration is the sum of its parts', () => {
    fc.assert(
      fc.property(fc.boolean(), part, part, part, part, (minus, days, hours, minutes, seconds) => {
        const of = (value: number | undefined, unit: string) => (value === undefined ? '' : `${value}${unit}`);
        const time = of(hours, 'H') + of(minutes, 'M') + of(seconds, 'S');
        const text = `${minus ? '-' : ''}P${of(days, 'D')}${time && 'T'}${time}`;
        const ms = ((((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)) * 1000;
        // What has no part says nothing.
        const expected = text.endsWith('P') ? undefined : minus ? -ms : ms;
        expect(durationMs(text)).toBe(expected);
      }),
    );
  });

  test('a time that JavaScript writes is read to the millisecond', () => {
    const date = fc.date({ min: new Date('1970-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true });
    fc.assert(fc.property(date, fc.nat(), (at, now) => expect(timeUntil(at.toISOString(), now)).toBe(at.getTime() - now)));
  });

  test('any other text is a number of milliseconds, or nothing', () => {
    fc.assert(
      fc.property(
        madeOf('P', 'T', '-', '1', '60', '.', 'Y', 'M', 'D', 'H', 'S', ':', 'Z', '2026-01-02T03:04:05', '+01:00', ' '),
        (text) => {
          for (const found of [durationMs(text), timeUntil(text, 0)]) expect(found === undefined || Number.isFinite(found)).toBe(true);
        },
      ),
    );
  });
});

describe('topic expressions', () => {
  const resolve = (prefix: string) => (prefix === 'tns1' ? TNS1 : undefined);
  const path = fc
    .array(fc.constantFrom('Device', 'Video_Source', 'A.b', 'ä-1'), { minLength: 1, maxLength: 4 })
    .map((steps) => steps.join('/'));

  test('a topic is meant by itself and by "//." of every step above it, and by nothing else', () => {
    fc.assert(
      fc.property(path, path, (topic, other) => {
        const meant = (text: string) => topicExpression(text, undefined, resolve)(topic);
        expect(meant(`tns1:${other}`)).toBe(topic === other);
        expect(meant(`tns1:${other}//.`)).toBe(`${topic}/`.startsWith(`${other}/`));
        expect(meant(`tns1:${other}|tns1:${topic}`)).toBe(true);
      }),
    );
  });

  test('any text is an expression or a FilterError', () => {
    const text = madeOf('tns1:', 'x:', ':', '/', '//.', '|', '*', 'Video', ' ', '.', '__proto__');
    fc.assert(
      fc.property(text, fc.constantFrom(undefined, CONCRETE, CONCRETE_SET), (expression, dialect) =>
        orFilterError(() => expect(typeof topicExpression(expression, dialect, resolve)('Video')).toBe('boolean')),
      ),
    );
  });
});

describe('item filters', () => {
  type Filter = { readonly text: string; readonly passes: (content: Content) => boolean };
  const name = fc.constantFrom('State', 'Source', 'x');
  const value = fc.constantFrom('true', 'false', '', 'it is', '[(="');
  const items = fc.array(fc.tuple(name, value), { maxLength: 3 });
  const content = fc.record({ source: items, data: items });
  const single = fc.tuple(fc.constantFrom('', 'tt:Source/', 'tt:Data/'), name, value).map(
    ([where, wantedName, wantedValue]): Filter => ({
      text: `boolean(//${where}tt:SimpleItem[@Name="${wantedName}" and @Value='${wantedValue}'])`,
      passes: ({ source, data }) =>
        [...(where === 'tt:Data/' ? [] : source), ...(where === 'tt:Source/' ? [] : data)].some(
          ([itemName, itemValue]) => itemName === wantedName && itemValue === wantedValue,
        ),
    }),
  );
  const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
    filter: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      single,
      tie('filter').map(({ text, passes }): Filter => ({ text: `not(${text})`, passes: (given) => !passes(given) })),
      fc.tuple(tie('filter'), tie('filter'), fc.constantFrom('and', 'or')).map(
        ([one, other, word]): Filter => ({
          text: `(${one.text}) ${word} (${other.text})`,
          passes: (given) => (word === 'and' ? one.passes(given) && other.passes(given) : one.passes(given) || other.passes(given)),
        }),
      ),
    ),
  }));

  test('mean what they say', () => {
    fc.assert(
      fc.property(filter, content, ({ text, passes }, given) => {
        fc.pre(text.length <= 4096);
        expect(itemFilter(text, undefined)(given)).toBe(passes(given));
      }),
    );
  });

  test('any text is a filter or a FilterError', () => {
    const text = madeOf(
      ...['boolean', 'not', 'and', 'or', '(', ')', '[', ']', '//', '/', '=', '@Name', '@Value', '"x"', "'", ' ', 'tt:SimpleItem'],
    );
    fc.assert(
      fc.property(text, (filterText) => orFilterError(() => void itemFilter(filterText, undefined)({ source: [], data: [['x', 'x']] }))),
    );
  });
});
