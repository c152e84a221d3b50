import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fixedZone, isDaylightSaving, likeness, parsePosixZone } from '../../../../src/core/time-zone.ts';
import { Tree } from '../../../../src/platform/machine/tree.ts';
import { findZone, isZone, localZone, tzifFooter } from '../../../../src/platform/machine/zone-files.ts';
import { makeTree, PI_FILES, tzif } from '../../../support/system-tools/tree.ts';

const zone = (text: string) => {
  const parsed = parsePosixZone(text);
  if (!parsed) throw new Error(`no zone: ${text}`);
  return parsed;
};

describe('a POSIX time zone', () => {
  test('has its offsets the other way round', () => {
    expect(zone('CET-1CEST,M3.5.0,M10.5.0/3')).toEqual({
      name: 'CET',
      offset: 3600,
      daylight: {
        name: 'CEST',
        offset: 7200,
        rules: {
          start: { day: { kind: 'month', month: 3, week: 5, weekday: 0 }, time: 7200 },
          end: { day: { kind: 'month', month: 10, week: 5, weekday: 0 }, time: 10800 },
        },
      },
    });
    expect(zone('<+0530>-5:30')).toEqual({ name: '+0530', offset: 19800, daylight: undefined });
    expect(zone('UTC0').offset).toBe(0);
    expect(zone('XXX+03:00:00').offset).toBe(-10800);
    expect(zone('EST5EDT').daylight).toEqual({ name: 'EDT', offset: -14400, rules: undefined });
  });

  test.each([
    '',
    'UTC',
    'CET-1CEST,M3.5.0',
    'CET-1CEST,M13.1.0,M10.5.0',
    'CET-25',
    'A1',
    'CET-1CEST,J0,J365',
    'CET-1CEST,366,1',
    '<+01-1',
    'CET-1;reboot',
    '-1',
    'CET-1CEST,M3.5.0,M10.5.0\n',
    `${'X'.repeat(200)}0`,
  ])('is not %j', (text) => {
    expect(parsePosixZone(text)).toBeUndefined();
  });

  test('is the same however it is written', () => {
    const berlin = zone('CET-1CEST,M3.5.0,M10.5.0/3');
    expect(likeness(zone('CET-1CEST-2,M3.5.0/02:00:00,M10.5.0/03:00:00'), berlin)).toBe('same');
    expect(likeness(zone('MEZ-1MESZ,M3.5.0,M10.5.0/3'), berlin)).toBe('same clock');
    expect(likeness(zone('CET-1CEST'), berlin)).toBe('same');
    expect(likeness(zone('MEZ-1MESZ'), berlin)).toBe('other');
    expect(likeness(zone('CET-1'), berlin)).toBe('other');
    expect(likeness(zone('CET-1CEST,M3.5.0,M10.4.0/3'), berlin)).toBe('other');
  });

  test.each([
    ['CET-1CEST,M3.5.0,M10.5.0/3', 'Europe/Berlin'],
    ['EST5EDT,M3.2.0,M11.1.0', 'America/New_York'],
    ['AEST-10AEDT,M10.1.0,M4.1.0/3', 'Australia/Sydney'],
    ['<-02>2<-01>,M3.5.0/-1,M10.5.0/0', 'America/Nuuk'],
    ['IST-2IDT,M3.4.4/26,M10.5.0', 'Asia/Jerusalem'],
    ['IST-1GMT0,M10.5.0,M3.5.0/1', 'Europe/Dublin'],
    ['NZST-12NZDT,M9.5.0,M4.1.0/3', 'Pacific/Auckland'],
  ])('%s is daylight saving when %s is ahead', (text, name) => {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset', hour: 'numeric' });
    const offset = (utc: number) => format.formatToParts(utc).find(({ type }) => type === 'timeZoneName')!.value;
    const [winter, summer] = [offset(Date.UTC(2026, 0, 1)), offset(Date.UTC(2026, 6, 1))].sort((a, b) => minutes(a) - minutes(b));
    expect(winter).not.toBe(summer);
    // In the middle of every hour: the changes are at full ones.
    for (let utc = Date.UTC(2026, 0, 1, 0, 30); utc < Date.UTC(2027, 0, 1); utc += 3_600_000) {
      const ahead = isDaylightSaving(zone(text), utc);
      if (ahead !== (offset(utc) === summer)) throw new Error(`${new Date(utc).toISOString()}: ${offset(utc)}, but ${ahead}`);
    }
  });

  test('counts Julian days without 29 February, the others with it', () => {
    const at = (text: string, ...date: [number, number, number]) => isDaylightSaving(zone(text), Date.UTC(...date, 12));
    // J60 is 1 March always; 59 is 1 March, in a leap year 29 February.
    expect(at('AAA0BBB,J60/0,J365', 2024, 1, 29)).toBe(false);
    expect(at('AAA0BBB,J60/0,J365', 2024, 2, 1)).toBe(true);
    expect(at('AAA0BBB,59/0,J365', 2024, 1, 29)).toBe(true);
    expect(at('AAA0BBB,59/0,J365', 2023, 1, 28)).toBe(false);
    expect(at('AAA0BBB,59/0,J365', 2023, 2, 1)).toBe(true);
  });

  test('without rules knows no daylight saving', () => {
    expect(isDaylightSaving(zone('CET-1CEST'), Date.UTC(2026, 6, 1))).toBe(false);
  });

  test('is made of every offset', () => {
    expect([0, 3600, -3600, 19800, -12600].map(fixedZone)).toEqual(['UTC0', '<+01>-1', '<-01>1', '<+0530>-5:30', '<-0330>3:30']);
    fc.assert(
      fc.property(fc.integer({ min: -14 * 4, max: 14 * 4 }), (quarters) => {
        expect(zone(fixedZone(quarters * 900)).offset).toBe(quarters * 900);
      }),
    );
  });

  test('may be any text without harm', () => {
    const text = fc.string({ unit: fc.constantFrom(...'CETM<>+-0123456789.,/:J'), maxLength: 40 });
    fc.assert(
      fc.property(text, (value) => {
        const parsed = parsePosixZone(value);
        if (parsed) expect(typeof isDaylightSaving(parsed, Date.UTC(2026, 6, 1))).toBe('boolean');
      }),
      { numRuns: 2000 },
    );
  });
});

const minutes = (offset: string): number => {
  const match = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(offset)!;
  return (Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0)) * (match[1] === '-' ? -1 : 1);
};

describe('a zone file', () => {
  test('ends with the POSIX zone', () => {
    expect(tzifFooter(tzif('CET-1CEST,M3.5.0,M10.5.0/3'))).toBe('CET-1CEST,M3.5.0,M10.5.0/3');
  });

  test.each([
    ['of version 1', Buffer.from(tzif('UTC0')).fill(0, 4, 5)],
    ['of something else', Buffer.from('#!/bin/sh\nreboot\nUTC0\n'.padStart(100))],
    ['without a footer', tzif('')],
    ['with another footer', tzif('hello world')],
    ['cut off', tzif('CET-1').subarray(0, -1)],
    ['empty', Buffer.alloc(0)],
  ])('%s gives none', (_, file) => {
    expect(tzifFooter(file)).toBeUndefined();
  });
});

describe('the zones of the system', () => {
  const pi = () => new Tree(makeTree(PI_FILES));

  test('tell the present one', () => {
    expect(localZone(pi())).toBe('CET-1CEST,M3.5.0,M10.5.0/3');
    expect(localZone(new Tree(makeTree({ '/etc/localtime': tzif('CST-8') })))).toBe('CST-8');
    expect(localZone(new Tree(makeTree({ '/etc/passwd': '' })))).toBe('UTC0');
    expect(localZone(new Tree(makeTree({})))).toBeUndefined();
  });

  test.each([
    ['CET-1CEST,M3.5.0,M10.5.0/3', 'Europe/Berlin'],
    ['EST5EDT,M3.2.0/2:00,M11.1.0/2:00:00', 'America/New_York'],
    ['UTC0', 'Etc/UTC'],
    ['GMT0', 'Etc/UTC'],
    ['CST-8', 'Asia/Shanghai'],
    ['ABC-8', 'Etc/GMT-8'],
    ['CET-1', 'Etc/GMT-1'],
    ['CET-1CEST', 'Europe/Berlin'],
    ['CET-1CEST,M3.1.0,M10.5.0/3', undefined],
    ['XYZ-13', undefined],
  ])('%s is %s', async (text, name) => {
    expect(await findZone(pi(), zone(text))).toBe(name);
  });

  test('have names that lead to no other file', () => {
    const tree = pi();
    expect(isZone(tree, 'Europe/Berlin')).toBe(true);
    for (const name of [
      '',
      '.',
      '../../../etc/localtime',
      '/etc/localtime',
      '-h',
      '--help',
      'Europe',
      'Europe/../Europe/Berlin',
      'Europe/-x',
      'zone1970.tab',
    ])
      expect([name, isZone(tree, name)]).toEqual([name, false]);
  });
});
