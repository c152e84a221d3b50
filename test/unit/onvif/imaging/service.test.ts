import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { AppError } from '../../../../src/core/errors.ts';
import { makeImagingService } from '../../../../src/onvif/imaging/service.ts';
import type { SoapObject } from '../../../../src/onvif/service.ts';
import { CONTEXT } from '../../../support/onvif-context.ts';
import { EVERYTHING, FakeImaging, IMAGING_OPERATIONS } from '../../../support/onvif-imaging.ts';
import { at, faultOf, sentBack } from '../../../support/onvif-media.ts';
import { schemaPath } from '../../../support/onvif-schemas.ts';
import { describeNeeding } from '../../../support/programs.ts';
import { cannotValidate, schemaProblems, toEnvelope } from '../../../support/soap-object-to-xml.ts';

const NAMESPACE = 'http://www.onvif.org/ver20/imaging/wsdl';
const SOURCE = { VideoSourceToken: 'video_source' };

let imaging: FakeImaging;
beforeEach(() => {
  imaging = new FakeImaging();
});

const call = async (name: string, request: SoapObject = SOURCE): Promise<SoapObject> =>
  makeImagingService(imaging)
    .operations.find((operation) => operation.name === name)!
    .handle(request, CONTEXT);
const settings = async () => (await call('GetImagingSettings')).ImagingSettings as SoapObject;
const set = (ImagingSettings: SoapObject, more: SoapObject = {}) => call('SetImagingSettings', { ...SOURCE, ImagingSettings, ...more });
const move = (Focus: SoapObject) => call('Move', { ...SOURCE, Focus });
const lastChange = () => imaging.changes.at(-1);

test('the table has these operations, each with its access class', () => {
  const { operations, ...service } = makeImagingService(imaging);
  expect(operations.map(({ name, access }) => [name, access]).sort()).toEqual(
    Object.entries(IMAGING_OPERATIONS)
      .map(([name, [access]]) => [name, access])
      .sort(),
  );
  expect(service).toMatchObject({ name: 'imaging', namespace: NAMESPACE, path: '/onvif/imaging_service' });
});

describe('what is told', () => {
  test('is all that the source has, in the middle of its range as long as nothing is set', async () => {
    expect(await settings()).toEqual({
      BacklightCompensation: { Mode: 'OFF', Level: 0 },
      Brightness: 50,
      ColorSaturation: 50,
      Contrast: 50,
      Exposure: { Mode: 'AUTO' },
      Focus: { AutoFocusMode: 'AUTO' },
      Sharpness: 50,
      WideDynamicRange: { Mode: 'OFF' },
      WhiteBalance: { Mode: 'AUTO' },
    });
    expect(at(await call('GetOptions'), 'ImagingOptions')).toMatchObject({
      Brightness: { Min: 0, Max: 100 },
      Contrast: { Min: 0, Max: 100 },
      Exposure: { Mode: ['AUTO', 'MANUAL'], ExposureTime: { Min: 100, Max: 1_000_000 }, Gain: { Min: 0, Max: 24.08 } },
      WhiteBalance: { YrGain: { Min: 0.1, Max: 32 } },
    });
  });

  test('is nothing that the source does not have', async () => {
    imaging.offered = { brightness: { min: -1, max: 1 } };
    expect(await settings()).toEqual({ Brightness: 50 });
    expect(await call('GetOptions')).toEqual({ ImagingOptions: { Brightness: { Min: 0, Max: 100 } } });
    expect(await call('GetMoveOptions')).toEqual({ MoveOptions: {} });
    expect(await call('GetStatus')).toEqual({ Status: {} });
  });

  test('is what the owner set, in whatever way', async () => {
    imaging.now = { ...imaging.now, ev: -1, gain: 4, awbGains: [1.5, 2], hdr: 'auto', lensPosition: 2, brightness: 0.5, contrast: 0.5 };
    expect(await settings()).toMatchObject({
      BacklightCompensation: { Mode: 'ON', Level: -1 },
      Brightness: 75,
      Contrast: 25,
      Exposure: { Mode: 'MANUAL', Gain: 12.04 },
      Focus: { AutoFocusMode: 'MANUAL' },
      WideDynamicRange: { Mode: 'ON' },
      WhiteBalance: { Mode: 'MANUAL', CrGain: 1.5, CbGain: 2 },
    });
    expect(await call('GetStatus')).toEqual({ Status: { FocusStatus20: { Position: 2, MoveStatus: 'IDLE' } } });
  });
});

describe('a change', () => {
  test.each<[string, SoapObject, object]>([
    ['brightness', { Brightness: '0' }, { brightness: -1 }],
    [
      'contrast and the others as factors',
      { Contrast: '25', ColorSaturation: '0', Sharpness: '100' },
      { contrast: 0.5, saturation: 0, sharpness: 15.99 },
    ],
    [
      'fixed exposure in microseconds, gain in dB',
      { Exposure: { Mode: 'MANUAL', ExposureTime: '8333.4', Gain: '6' } },
      { shutter: 8333, gain: 1.9953 },
    ],
    ['one of both fixed', { Exposure: { Mode: 'MANUAL', ExposureTime: '5000' } }, { shutter: 5000 }],
    ['automatic exposure, whatever stands beside it', { Exposure: { Mode: 'AUTO', ExposureTime: '5000' } }, { shutter: 0, gain: 0 }],
    ['exposure compensation', { BacklightCompensation: { Mode: 'ON', Level: '1.5' } }, { ev: 1.5 }],
    ['and without a level', { BacklightCompensation: { Mode: 'ON' } }, { ev: 1 }],
    ['white balance', { WhiteBalance: { Mode: 'MANUAL', CrGain: '1.5', CbGain: '1.2' } }, { awbGains: [1.5, 1.2] }],
    ['white balance by itself', { WhiteBalance: { Mode: 'AUTO' } }, { awbGains: [] }],
    ['wide dynamic range', { WideDynamicRange: { Mode: 'ON' } }, { hdr: 'sensor' }],
    ['focus by hand', { Focus: { AutoFocusMode: 'MANUAL' } }, { autofocus: 'manual' }],
    ['and extensions are passed over', { Brightness: '75', Extension: { NoiseReduction: { Level: '1' } } }, { brightness: 0.5 }],
  ])('%s', async (_, request, change) => {
    expect(await set(request)).toEqual({});
    expect(lastChange()).toEqual([change, true]);
  });

  test('holds until the next start where it is not to persist', async () => {
    await set({ Brightness: '60' }, { ForcePersistence: 'false' });
    expect(lastChange()).toEqual([{ brightness: 0.2 }, false]);
    await set({ Brightness: '60' }, { ForcePersistence: '1' });
    expect(lastChange()![1]).toBe(true);
    expect(await faultOf(set({ Brightness: '60' }, { ForcePersistence: 'maybe' }))).toBe('Sender/InvalidArgs');
  });

  test('that sends back what was told changes nothing, even where that is not offered or was rounded', async () => {
    imaging.now = {
      ...imaging.now,
      contrast: 1.2345,
      ev: 10,
      shutter: 5_000_000,
      gain: 3.3333,
      awbGains: [0.01, 2],
      hdr: 'auto',
      lensPosition: 25,
    };
    const before = imaging.now;
    await set(sentBack(await settings()) as SoapObject);
    expect(imaging.now).toEqual(before);
  });

  test('of the focus to and fro', async () => {
    await set({ Focus: { AutoFocusMode: 'MANUAL' } });
    await move({ Absolute: { Position: '2', Speed: '1' } });
    expect(imaging.now).toMatchObject({ autofocus: 'manual', lensPosition: 2 });
    await move({ Relative: { Distance: '-0.5' } });
    expect(imaging.now.lensPosition).toBe(1.5);
    expect(at(await call('GetStatus'), 'Status', 'FocusStatus20', 'Position')).toBe(1.5);
    expect(await call('Stop')).toEqual({});
    await set({ Focus: { AutoFocusMode: 'AUTO' } });
    expect(imaging.now).toMatchObject({ autofocus: 'continuous', lensPosition: '' });
    expect(await call('GetStatus')).toEqual({ Status: {} });
  });
});

describe('a fault', () => {
  const INVALID = 'Sender/InvalidArgVal/SettingsInvalid';

  test.each<[string, SoapObject]>([
    ['out of range', { Brightness: '100.1' }],
    ['below it', { Contrast: '-1' }],
    ['a longer time than there is', { Exposure: { Mode: 'MANUAL', ExposureTime: '2000000' } }],
    ['manual without values', { Exposure: { Mode: 'MANUAL' } }],
    ['a mode that there is not', { Exposure: { Mode: 'SOMETIMES' } }],
    ['no mode', { Exposure: { ExposureTime: '2000' } }],
    ['a part that cannot be set', { Exposure: { Mode: 'AUTO', Priority: 'LowNoise' } }],
    ['a filter that no source has', { IrCutFilter: 'ON' }],
    ['a name of JavaScript', { constructor: 'x' }],
    ['white balance by hand without gains', { WhiteBalance: { Mode: 'MANUAL', CrGain: '1' } }],
    ['a level of wide dynamic range', { WideDynamicRange: { Mode: 'ON', Level: '1' } }],
  ])('%s', async (_, request) => {
    // Nothing of it holds, the good part neither.
    expect(await faultOf(set({ Sharpness: '60', ...request }))).toBe(INVALID);
    expect(imaging.changes).toEqual([]);
  });

  test('what is no number', async () => {
    for (const Brightness of ['', 'NaN', 'INF', '12abc']) expect(await faultOf(set({ Brightness }))).toBe('Sender/InvalidArgs');
  });

  test.each<[string, SoapObject]>([
    ['nothing', {}],
    ['both', { Absolute: { Position: '1' }, Relative: { Distance: '1' } }],
    ['without end', { Continuous: { Speed: '1' } }],
    ['too near', { Absolute: { Position: '11' } }],
    ['without a place', { Absolute: {} }],
    ['from where nobody knows', { Relative: { Distance: '1' } }],
  ])('a move: %s', async (_, request) => {
    expect(await faultOf(move(request))).toBe(INVALID);
    imaging.now = { ...imaging.now, lensPosition: 9 };
    expect(await faultOf(move({ Relative: { Distance: '2' } }))).toBe(INVALID);
  });

  test('the source cannot, or its settings cannot be kept', async () => {
    imaging.failure = new AppError('SETTING_UNSUPPORTED', 'no');
    expect(await faultOf(set({ Brightness: '60' }))).toBe(INVALID);
    imaging.failure = new AppError('DISK_FULL', 'full');
    expect(await faultOf(set({ Brightness: '60' }))).toBe('Receiver/Action');
  });

  test('another source, and a source without any', async () => {
    const others = Object.entries(IMAGING_OPERATIONS).filter(([name]) => name !== 'GetServiceCapabilities');
    for (const [name, [, request]] of others) {
      expect(await faultOf(call(name, { ...request, VideoSourceToken: 'other' }))).toBe('Sender/InvalidArgVal/NoSource');
      expect(await faultOf(call(name, {}))).toBe('Sender/InvalidArgs');
    }
    imaging.offered = undefined;
    for (const [name, [, request]] of others)
      expect(await faultOf(call(name, request))).toBe('Receiver/ActionNotSupported/NoImagingForSource');
    imaging.offered = { ...EVERYTHING, lensPosition: undefined as never };
    for (const name of ['Move', 'Stop']) expect(await faultOf(call(name))).toBe('Receiver/ActionNotSupported/NoImagingForSource');
  });
});

describeNeeding(cannotValidate, 'by the official schemas', () => {
  test('every response is valid, with everything set, with little and with nothing', async () => {
    for (const offered of [EVERYTHING, { saturation: { min: 0, max: 2 } }, { lensPosition: { min: 0, max: 10 } }]) {
      for (const lensPosition of ['', 3] as const) {
        imaging.offered = offered;
        imaging.now = { ...imaging.now, lensPosition, shutter: 1000, gain: 2, awbGains: [1, 2] };
        const messages = new Map<string, string>();
        for (const name of Object.keys(IMAGING_OPERATIONS).filter((each) => each.startsWith('Get')))
          messages.set(name, toEnvelope(NAMESPACE, `${name}Response`, await call(name)));
        expect(schemaProblems(messages)).toEqual([]);
      }
    }
  });

  test('the operations exist in the official port type', () => {
    const official = readFileSync(schemaPath('operations.json'), 'utf8');
    for (const name of Object.keys(IMAGING_OPERATIONS)) expect(official).toContain(`"${name}"`);
  });
});
