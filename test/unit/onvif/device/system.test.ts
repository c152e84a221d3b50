import { describe, expect, test } from '@jest/globals';
import { AppError } from '../../../../src/core/errors.ts';
import { parsePosixZone } from '../../../../src/core/time-zone.ts';
import type { SoapObject } from '../../../../src/onvif/service.ts';
import { makeDevice, notManaged } from '../../../support/onvif-device.ts';

const HOUR_S = 3600;

test('GetDeviceInformation tells what the machine is, and our version', async () => {
  const { call } = makeDevice();
  const information = await call('GetDeviceInformation');
  expect(Object.entries(information)).toEqual([
    ['Manufacturer', 'Raspberry Pi'],
    ['Model', 'Raspberry Pi 4 Model B Rev 1.4'],
    ['FirmwareVersion', '1.2.3'],
    ['SerialNumber', '10000000abcdef01'],
    ['HardwareId', 'c03114'],
  ]);
});

describe('GetSystemDateAndTime', () => {
  // The clock of the test stands at 2026-01-02T03:04:05Z.
  const UTCDateTime = { Time: { Hour: 3, Minute: 4, Second: 5 }, Date: { Year: 2026, Month: 1, Day: 2 } };

  test('tells the time in UTC and in the zone, and who keeps the clock', async () => {
    const { call } = makeDevice();
    expect(await call('GetSystemDateAndTime')).toEqual({
      SystemDateAndTime: {
        DateTimeType: 'NTP',
        DaylightSavings: false,
        TimeZone: { TZ: 'CET-1CEST,M3.5.0,M10.5.0/3' },
        UTCDateTime,
        LocalDateTime: { Time: { Hour: 4, Minute: 4, Second: 5 }, Date: { Year: 2026, Month: 1, Day: 2 } },
      },
    });
  });

  test('tells summer time, and the day before', async () => {
    const { call, machine } = makeDevice();
    machine.clockInfo = { ntp: false, timeZone: 'PST8PDT', daylightSavings: true };
    expect(await call('GetSystemDateAndTime')).toMatchObject({
      SystemDateAndTime: {
        DateTimeType: 'Manual',
        DaylightSavings: true,
        LocalDateTime: { Time: { Hour: 20, Minute: 4, Second: 5 }, Date: { Year: 2026, Month: 1, Day: 1 } },
      },
    });
  });

  test('leaves out a zone that the system does not tell', async () => {
    const { call, machine } = makeDevice();
    machine.clockInfo = { ntp: false, timeZone: '', daylightSavings: false };
    expect(await call('GetSystemDateAndTime')).toEqual({
      SystemDateAndTime: { DateTimeType: 'Manual', DaylightSavings: false, UTCDateTime },
    });
  });
});

describe('SetSystemDateAndTime', () => {
  const at = (hour: unknown, minute: unknown, second: unknown, year: unknown, month: unknown, day: unknown): SoapObject => ({
    Time: { Hour: hour, Minute: minute, Second: second },
    Date: { Year: year, Month: month, Day: day },
  });
  const manual = (change: SoapObject = {}): SoapObject => ({
    DateTimeType: 'Manual',
    DaylightSavings: 'false',
    UTCDateTime: at('12', '30', '59', '2028', '2', '29'),
    ...change,
  });

  test('sets the clock, with a zone in either notation', async () => {
    const { call, machine } = makeDevice();
    expect(await call('SetSystemDateAndTime', manual())).toEqual({});
    await call('SetSystemDateAndTime', manual({ TimeZone: { TZ: 'Europe/Berlin' } }));
    await call('SetSystemDateAndTime', { DateTimeType: 'NTP', DaylightSavings: true, TimeZone: { TZ: 'CET-1CEST' } });
    const utc = Date.UTC(2028, 1, 29, 12, 30, 59);
    expect(machine.changes).toEqual([
      ['setClock', { ntp: false, utc, timeZone: undefined }],
      ['setClock', { ntp: false, utc, timeZone: 'Europe/Berlin' }],
      ['setClock', { ntp: true, utc: undefined, timeZone: 'CET-1CEST' }],
    ]);
  });

  test.each<[string, SoapObject, string]>([
    ['a day that there is not', manual({ UTCDateTime: at(1, 1, 1, 2026, 2, 29) }), 'Sender/InvalidArgVal/InvalidDateTime'],
    ['a 13th month', manual({ UTCDateTime: at(1, 1, 1, 2026, 13, 1) }), 'Sender/InvalidArgVal/InvalidDateTime'],
    ['a 25th hour', manual({ UTCDateTime: at(24, 1, 1, 2026, 1, 1) }), 'Sender/InvalidArgVal/InvalidDateTime'],
    ['a negative minute', manual({ UTCDateTime: at(1, -1, 1, 2026, 1, 1) }), 'Sender/InvalidArgVal/InvalidDateTime'],
    ['the year 99', manual({ UTCDateTime: at(1, 1, 1, 99, 1, 1) }), 'Sender/InvalidArgVal/InvalidDateTime'],
    ['the year 1999', manual({ UTCDateTime: at(1, 1, 1, 1999, 1, 1) }), 'Sender/InvalidArgVal/InvalidDateTime'],
    ['the year 100000', manual({ UTCDateTime: at(1, 1, 1, 100_000, 1, 1) }), 'Sender/InvalidArgVal/InvalidDateTime'],
    ['a date without a day', manual({ UTCDateTime: at(1, 1, 1, 2026, 1, undefined) }), 'Sender/InvalidArgVal/InvalidDateTime'],
    ['no date', { DateTimeType: 'Manual', DaylightSavings: true }, 'Sender/InvalidArgVal/InvalidDateTime'],
    ['text for an hour', manual({ UTCDateTime: at('noon', 1, 1, 2026, 1, 1) }), 'Sender/InvalidArgs'],
    ['an unknown zone', manual({ TimeZone: { TZ: 'INVALIDTIMEZONE' } }), 'Sender/InvalidArgVal/InvalidTimeZone'],
    ['a path for a zone', manual({ TimeZone: { TZ: '../../etc/passwd' } }), 'Sender/InvalidArgVal/InvalidTimeZone'],
    ['an empty zone', manual({ TimeZone: { TZ: '' } }), 'Sender/InvalidArgVal/InvalidTimeZone'],
    ['an unknown type', manual({ DateTimeType: 'GPS' }), 'Sender/InvalidArgVal'],
    ['no type', {}, 'Sender/InvalidArgs'],
  ])('refuses %s', async (_, request, expected) => {
    const { fault, machine } = makeDevice();
    expect(await fault('SetSystemDateAndTime', request)).toBe(expected);
    expect(machine.changes).toEqual([]);
  });

  test('says how to allow it where the machine is not ours', async () => {
    const { refusal, machine } = makeDevice();
    machine.managed = false;
    machine.failure = notManaged();
    const { fault, reason } = await refusal('SetSystemDateAndTime', manual());
    expect(fault).toBe('Receiver/ActionNotSupported');
    expect(reason).toContain('Set system.manage: true');
  });

  test('says what the tool of the system said', async () => {
    const { refusal, machine } = makeDevice();
    machine.failure = new AppError('SYSTEM_FAILED', 'Failed to set time: NTP unit is active', { hint: 'Look there.' });
    expect(await refusal('SetSystemDateAndTime', manual())).toEqual({
      fault: 'Receiver/Action',
      reason: 'Failed to set time: NTP unit is active Look there.',
    });
  });

  test('passes on what is a fault of ours', async () => {
    const { call, machine } = makeDevice();
    machine.failure = new TypeError('x is undefined');
    await expect(call('SetSystemDateAndTime', manual())).rejects.toBe(machine.failure);
  });
});

describe('SystemReboot', () => {
  test('reboots a machine that is ours', async () => {
    const { call, machine, noted } = makeDevice();
    expect((await call('SystemReboot')).Message).toMatch(/machine reboots/);
    expect([machine.changes, noted.restarts]).toEqual([[['reboot']], 0]);
  });

  test('restarts the program on any other, and says so', async () => {
    const { call, machine, noted } = makeDevice();
    machine.managed = false;
    expect((await call('SystemReboot')).Message).toMatch(/program restarts.*system\.manage/);
    expect([machine.changes, noted.restarts]).toEqual([[], 1]);
  });

  test('is refused where the system refuses', async () => {
    const { fault, machine } = makeDevice();
    machine.failure = new AppError('SYSTEM_FAILED', 'Access denied');
    expect(await fault('SystemReboot')).toBe('Receiver/Action');
  });
});

describe('SetSystemFactoryDefault', () => {
  test('tells hard from soft', async () => {
    const { call, noted } = makeDevice();
    await call('SetSystemFactoryDefault', { FactoryDefault: 'Hard' });
    await call('SetSystemFactoryDefault', { FactoryDefault: 'Soft' });
    expect(noted.defaults).toEqual([true, false]);
  });

  test.each([[{ FactoryDefault: 'hard' }], [{}]])('refuses %j', async (request) => {
    const { fault, noted } = makeDevice();
    expect(await fault('SetSystemFactoryDefault', request)).toMatch(/^Sender\/InvalidArg/);
    expect(noted.defaults).toEqual([]);
  });
});

describe('a POSIX time zone', () => {
  test.each<[string, number, number]>([
    ['UTC0', 0, 0],
    ['CET-1', 1, 1],
    ['CET-1CEST', 1, 2],
    ['CET-1CEST,M3.5.0,M10.5.0/3', 1, 2],
    ['EST5EDT4,M3.2.0/2,M11.1.0', -5, -4],
    ['<+0330>-3:30', 3.5, 3.5],
    ['<-03>3<-02>,M3.5.0/-2,M10.5.0/-1', -3, -2],
    ['NZST-12:00:00NZDT-13:00:00,M10.1.0,M3.3.0', 12, 13],
    ['AAA+5BBB,J60/2,300', -5, -4],
  ])('%s is understood', (text, standard, daylight) => {
    const zone = parsePosixZone(text)!;
    expect([zone.offset / HOUR_S, (zone.daylight ?? zone).offset / HOUR_S]).toEqual([standard, daylight]);
  });

  test.each(['', 'CET', 'Europe/Berlin', '-1', 'CE-1', 'CET-99', 'CET-1CEST,M3.6.0,M10.5.0', 'CET-1CEST,M3.5.0', 'CET-1;reboot', 'UTC0\n'])(
    '%j is none',
    (text) => {
      expect(parsePosixZone(text)).toBeUndefined();
    },
  );
});
