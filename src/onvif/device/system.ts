import { isZoneName, parsePosixZone } from '../../core/time-zone.ts';
import { invalidArgument } from '../../protocols/soap/fault.ts';
import { boolean, child, required, text } from '../args.ts';
import type { Operation, SoapObject } from '../service.ts';
import { dateTime, toMilliseconds } from './date-time.ts';
import type { DeviceServiceOptions } from './options.ts';
import { attempt, attemptOn, invalidValue } from './refusals.ts';

/** Operations on hardware, clock, restart and factory default (Core Specification, chapter "System"). */
export function systemOperations(options: DeviceServiceOptions): Operation[] {
  const { machine } = options;
  return [
    {
      name: 'GetDeviceInformation',
      access: 'READ_SYSTEM',
      handle: () => {
        const { manufacturer, model, serial, hardwareId } = machine.hardware();
        return {
          Manufacturer: manufacturer,
          Model: model,
          FirmwareVersion: options.firmwareVersion,
          SerialNumber: serial,
          HardwareId: hardwareId,
        };
      },
    },
    { name: 'GetSystemDateAndTime', access: 'PRE_AUTH', handle: async () => ({ SystemDateAndTime: await systemDateTime(options) }) },
    {
      name: 'SetSystemDateAndTime',
      access: 'WRITE_SYSTEM',
      handle: async (request) => {
        const setting = clockSetting(request);
        await attemptOn(machine, () => machine.setClock(setting));
        return {};
      },
    },
    {
      name: 'SetSystemFactoryDefault',
      access: 'UNRECOVERABLE',
      handle: async (request) => {
        const kind = required(request, 'FactoryDefault');
        if (kind !== 'Hard' && kind !== 'Soft') throw invalidValue('FactoryDefault must be Hard or Soft.');
        await attempt(() => options.factoryDefault(kind === 'Hard'));
        return {};
      },
    },
    {
      name: 'SystemReboot',
      access: 'UNRECOVERABLE',
      handle: async () => {
        await attempt(machine.managed ? () => machine.reboot() : options.restart);
        return {
          Message: machine.managed
            ? 'The machine reboots now.'
            : 'The camera program restarts now; the machine itself is rebooted only with the setting system.manage: true.',
        };
      },
    },
  ];
}

/** tt:SystemDateTime; without LocalDateTime where the time zone is unknown. */
async function systemDateTime({ machine, clock }: DeviceServiceOptions): Promise<SoapObject> {
  const { ntp, timeZone, daylightSavings } = await machine.time();
  const now = clock.now();
  const zone = parsePosixZone(timeZone);
  const ahead = zone && (daylightSavings ? (zone.daylight ?? zone) : zone).offset * 1000;
  return {
    DateTimeType: ntp ? 'NTP' : 'Manual',
    DaylightSavings: daylightSavings,
    ...(timeZone !== '' && { TimeZone: { TZ: timeZone } }),
    UTCDateTime: dateTime(now),
    ...(ahead !== undefined && { LocalDateTime: dateTime(now + ahead) }),
  };
}

/**
 * Reads SetSystemDateAndTime. DaylightSavings is checked and ignored: recorders say there whether it is summer at present, and a time
 * zone without its rules would be wrong half a year later.
 */
function clockSetting(request: SoapObject): Parameters<DeviceServiceOptions['machine']['setClock']>[0] {
  const type = required(request, 'DateTimeType');
  if (type !== 'Manual' && type !== 'NTP') throw invalidValue('DateTimeType must be Manual or NTP.');
  boolean(request, 'DaylightSavings');
  const timeZone = text(child(request, 'TimeZone'), 'TZ')?.trim();
  if (timeZone !== undefined && !parsePosixZone(timeZone) && !isZoneName(timeZone))
    throw invalidArgument('InvalidTimeZone', `"${timeZone}" is not a time zone such as CET-1CEST,M3.5.0,M10.5.0/3.`);
  return { ntp: type === 'NTP', utc: type === 'NTP' ? undefined : toMilliseconds(child(request, 'UTCDateTime')), timeZone };
}
