import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { strftime } from '../../../../src/camera/test-pattern/strftime.ts';

/** Local time, so that the results hold in every zone. */
const MORNING = new Date(2024, 11, 5, 0, 3, 9);
const EVENING = new Date(2025, 2, 31, 22, 45, 7);

class Elsewhere extends Date {
  constructor(private readonly minutes: number) {
    super(2024, 0, 1);
  }

  override getTimezoneOffset(): number {
    return this.minutes;
  }
}

describe('strftime', () => {
  test.each([
    ['%F %T', '2024-12-05 00:03:09', '2025-03-31 22:45:07'],
    ['%Y %y', '2024 24', '2025 25'],
    ['%m %d %e|', '12 05  5|', '03 31 31|'],
    ['%H %M %S %R', '00 03 09 00:03', '22 45 07 22:45'],
    ['%I %p', '12 AM', '10 PM'],
    ['%a %A', 'Thu Thursday', 'Mon Monday'],
    ['%b %B', 'Dec December', 'Mar March'],
    ['%j', '340', '090'],
    ['100%% %', '100% %', '100% %'],
    ['%%F', '%F', '%F'],
  ])('%s', (format, morning, evening) => {
    expect(strftime(format, MORNING)).toBe(morning);
    expect(strftime(format, EVENING)).toBe(evening);
  });

  test('%s is the Unix time in seconds', () => {
    expect(strftime('%s', new Date(1_700_000_000_999))).toBe('1700000000');
  });

  test('noon is 12 PM', () => {
    expect(strftime('%I %p', new Date(2024, 0, 1, 12))).toBe('12 PM');
  });

  test.each([
    [0, '+0000'],
    [-120, '+0200'],
    [210, '-0330'],
  ])('%%z with an offset of %d minutes', (minutes, expected) => {
    expect(strftime('%z', new Elsewhere(minutes))).toBe(expected);
  });

  test('%Z is the name of the zone', () => {
    const local = MORNING.toLocaleTimeString('en-US', { timeZoneName: 'short' }).split(' ').at(-1);
    expect(strftime('[%Z]', MORNING)).toBe(`[${local}]`);
  });

  test('leaves alone what it does not know', () => {
    expect(strftime('%q %! %ä %\n Garten 50 %', MORNING)).toBe('%q %! %ä %\n Garten 50 %');
  });

  test('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => typeof strftime(`%${text}`, MORNING) === 'string'));
  });
});
