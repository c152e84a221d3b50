import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AUTOFOCUS_MODES, type CameraSettings, WHITE_BALANCES } from '../../../../src/camera/settings.ts';
import { ControlSetter, type ControlValue, listControls, parseControls } from '../../../../src/camera/v4l2/controls.ts';
import { WebcamImaging } from '../../../../src/camera/v4l2/imaging.ts';
import { V4l2Source } from '../../../../src/camera/v4l2/source.ts';
import { AppError } from '../../../../src/core/errors.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import { settingsWith } from '../../../support/frames.ts';
import { makeTempDir } from '../../../support/temp-dir.ts';

const PROGRAM = join(import.meta.dirname, '../../../support/v4l2-ctl');
const LIST = spawnSync(PROGRAM, ['--device', '/dev/null', '--list-ctrls'], { encoding: 'utf8' }).stdout;
const CONTROLS = parseControls(LIST);
const IMAGING = new WebcamImaging(CONTROLS);

const valuesOf = (change: Partial<CameraSettings>, imaging = IMAGING) =>
  Object.fromEntries(imaging.values(settingsWith(change)).map(({ control, value }) => [control.name, value]));
const DEFAULTS = valuesOf({});

describe('controls', () => {
  test('are read from the list, without those that cannot be set', () => {
    expect(CONTROLS).toHaveLength(12);
    expect(CONTROLS.find(({ name }) => name === 'white_balance_temperature')).toEqual({
      ...{ name: 'white_balance_temperature', id: 0x0098091a, min: 2800, max: 6500, step: 10, default: 4600 },
    });
    expect(CONTROLS.find(({ name }) => name === 'white_balance_automatic')).toMatchObject({ min: 0, max: 1, default: 1 });
    const odd = `User Controls

       brightness 0x00980900 (int)    : min=0 max=9 step=1 default=4 value=4 flags=read-only, volatile
    pan_tilt 0x009a0909 (button) : value=0 flags=write-only, execute-on-write
 1: Manual Mode`;
    expect(parseControls(odd)).toEqual([]);
    expect(parseControls('')).toEqual([]);
  });

  test('of a webcam that has none are none', async () => {
    expect(await listControls('/bin/true', '/dev/null', '')).toEqual([]);
    expect(new WebcamImaging([])).toMatchObject({ offers: undefined, supported: [] });
  });

  test('of a webcam that does not tell are not known', async () => {
    await expect(listControls(PROGRAM, '/no/such/device', '')).rejects.toMatchObject({
      code: 'CAPTURE_ENDED',
      message: 'v4l2-ctl does not tell the controls of /no/such/device: Cannot open device /no/such/device, exiting.',
    });
    // It is ended in the middle of its list, as after a time that is too long.
    const halfway = join(makeTempDir(), 'v4l2-ctl');
    writeFileSync(halfway, `#!/bin/sh\n"${PROGRAM}" "$@"\nkill -KILL $$\n`, { mode: 0o755 });
    await expect(listControls(halfway, '/dev/null', '')).rejects.toThrow('was ended by SIGKILL');
  });
});

describe('settings of a webcam', () => {
  test.each<[Partial<CameraSettings>, Record<string, number>]>([
    [{ brightness: 1 }, { brightness: 64 }],
    [{ brightness: -0.5 }, { brightness: -32 }],
    [{ contrast: 0 }, { contrast: 0 }],
    [
      { contrast: 0.5, saturation: 15.99 },
      { contrast: 16, saturation: 128 },
    ],
    // Half of the way to the end, as ONVIF's 75 is.
    [{ saturation: Math.sqrt(15.99) }, { saturation: 96 }],
    [{ awb: 'daylight' }, { white_balance_automatic: 0, white_balance_temperature: 5500 }],
    [{ shutter: 10_000 }, { auto_exposure: 1, exposure_time_absolute: 100 }],
    [{ gain: 1 }, { gain: 0 }],
    [{ gain: 4 }, { gain: 50 }],
    [{ gain: 40 }, { gain: 100 }],
    [
      { shutter: 10_000, gain: 16 },
      { auto_exposure: 1, exposure_time_absolute: 100, gain: 100 },
    ],
    [{ autofocus: 'manual' }, { focus_automatic_continuous: 0 }],
    [{ lensPosition: 5 }, { focus_automatic_continuous: 0, focus_absolute: 125 }],
    [
      { autofocus: 'manual', lensPosition: 3.1 },
      { focus_automatic_continuous: 0, focus_absolute: 80 },
    ],
    [{ autofocus: 'continuous', lensPosition: 5 }, { focus_automatic_continuous: 1 }],
    // Nothing is sharpened where there is no control for it.
    [{ sharpness: 2 }, {}],
  ])('%j are %j', (change, values) => {
    expect(valuesOf(change)).toEqual({ ...DEFAULTS, ...values });
  });

  test('as they are by default leave every control at its default, and values of automatic modes alone', () => {
    expect(DEFAULTS).toEqual({
      ...{
        brightness: 0,
        contrast: 32,
        saturation: 64,
        white_balance_automatic: 1,
        auto_exposure: 3,
        gain: 0,
        focus_automatic_continuous: 1,
      },
    });
  });

  test('never leave the range of a control, nor its steps', () => {
    const control = fc
      .tuple(fc.integer({ min: -100, max: 100 }), fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 40 }), fc.nat(1000))
      .map(([min, length, step, at]) => ({ min, max: min + length, step, default: min + (at % (length + 1)) }));
    const settings = fc.record({
      brightness: fc.double({ min: -1, max: 1, noNaN: true }),
      contrast: fc.double({ min: 0, max: 15.99, noNaN: true }),
      shutter: fc.nat(6_000_000),
      gain: fc.double({ min: 0, max: 64, noNaN: true }),
      awb: fc.constantFrom(...WHITE_BALANCES),
      autofocus: fc.constantFrom(...AUTOFOCUS_MODES),
      lensPosition: fc.oneof(fc.constantFrom('', 'default'), fc.double({ min: 0, max: 32, noNaN: true })),
    });
    const ranges = fc.array(control, { minLength: CONTROLS.length, maxLength: CONTROLS.length });
    const fits = fc.property(ranges, settings, (each, change) => {
      const imaging = new WebcamImaging(CONTROLS.map((known, at) => ({ ...known, ...each[at] })));
      for (const { control, value } of imaging.values(settingsWith(change as Partial<CameraSettings>))) {
        expect(value).toBeGreaterThanOrEqual(control.min);
        expect(value).toBeLessThanOrEqual(control.max);
        if (value !== control.max) expect((value - control.min) % control.step).toBe(0);
      }
    });
    fc.assert(fits);
  });

  test('are offered as far as it has controls', () => {
    expect(IMAGING.offers).toEqual({
      brightness: { min: -1, max: 1 },
      contrast: { min: 0, max: 15.99 },
      saturation: { min: 0, max: 15.99 },
      exposure: { shutter: { min: 100, max: 500_000 }, gain: { min: 1, max: 16 } },
      lensPosition: { min: 0, max: 10 },
    });
    expect(IMAGING.supported).toEqual(['brightness', 'contrast', 'saturation', 'awb', 'shutter', 'gain', 'autofocus', 'lensPosition']);
  });

  test('the gain alone, without an exposure to go with it, is for the owner', () => {
    const imaging = new WebcamImaging(CONTROLS.filter(({ name }) => ['gain', 'brightness'].includes(name)));
    expect([imaging.supported, imaging.offers]).toEqual([['brightness', 'gain'], { brightness: { min: -1, max: 1 } }]);
  });

  test('without v4l2-ctl: the hint is how to get it, where it would help', () => {
    const source = (change: Partial<CameraSettings>) =>
      new V4l2Source(
        { ffmpeg: '/bin/ffmpeg', device: '/dev/video0', formats: [], drawsText: false, searchPath: '', log: silentLogger },
        settingsWith(change),
      );
    expect(source({ brightness: 0.5 })).toMatchObject({
      unsupported: ['brightness'],
      unsupportedHint: expect.stringContaining('v4l-utils'),
    });
    expect(source({ metering: 'spot' })).toMatchObject({ unsupported: ['metering'], unsupportedHint: undefined });
  });

  test('where a program did not tell, what hangs on that alone is not known', () => {
    const [text, controls] = [new AppError('CAPTURE_ENDED', 'ffmpeg hangs.'), new AppError('CAPTURE_ENDED', 'v4l2-ctl hangs.')];
    const setter = new ControlSetter({ program: '/v4l2-ctl', device: '/dev/video0', searchPath: '' });
    const controlled = { imaging: new WebcamImaging([]), untold: controls, setter };
    const untold = (change: Partial<CameraSettings>, format = 'yuyv422') =>
      new V4l2Source(
        {
          ...{ ffmpeg: '/bin/ffmpeg', device: '/dev/video0', drawsText: text, controlled, searchPath: '', log: silentLogger },
          formats: [{ name: format, compressed: format === 'mjpeg', sizes: [] }],
        },
        settingsWith(change),
      ).untold;
    expect(untold({ brightness: 0.5 })).toBe(controls);
    expect(untold({ annotate: '%T', annotatePosition: 'lower-left' })).toBe(text);
    expect(untold({ gain: 2, annotate: '%T' })).toBeDefined();
    // No webcam meters a spot, and nothing is drawn into JPEGs that go through untouched.
    for (const known of [untold({}), untold({ brightness: 0.5, metering: 'spot' }), untold({ annotate: '%T' }, 'mjpeg')])
      expect(known).toBeUndefined();
  });
});

describe('a setter', () => {
  const DEVICE = '/dev/null';
  const make = () => {
    const webcam = join(makeTempDir(), 'webcam.json');
    // The stand-in takes it from the environment, which the program that it is run by hands on.
    const program = `${webcam}.sh`;
    writeFileSync(program, `#!/bin/sh\nFAKE_WEBCAM='${webcam}' exec '${PROGRAM}' "$@"\n`, { mode: 0o755 });
    return { setter: new ControlSetter({ program, device: DEVICE, searchPath: '' }), program };
  };
  const shown = (values: readonly ControlValue[]) => values.map(({ control, value }) => `${control.name}=${value}`);

  test('writes what is not as by default, and puts back what it wrote, but nothing that others may have set', async () => {
    const { setter, program } = make();
    const pending = (change: Partial<CameraSettings>) => setter.pending(IMAGING.values(settingsWith(change)));
    const now = async () => (await listControls(program, DEVICE, '')).length;
    expect(await now()).toBe(12);
    expect(pending({})).toEqual([]);
    const fixed = pending({ shutter: 20_000, brightness: 0.5 });
    expect(shown(fixed)).toEqual(['brightness=32', 'auto_exposure=1', 'exposure_time_absolute=200']);
    expect(await setter.write(fixed)).toBeUndefined();
    const back = pending({});
    expect(shown(back)).toEqual(['brightness=0', 'auto_exposure=3']);
    expect(await setter.write(back)).toBeUndefined();
  });

  test('tells what the webcam does not take, and writes the rest', async () => {
    const { setter } = make();
    const control = (name: string) => CONTROLS.find((each) => each.name === name)!;
    const refusal = await setter.write([
      { control: control('focus_absolute'), value: 5 },
      { control: control('contrast'), value: 40 },
    ]);
    expect(refusal).toBe('focus_absolute=5: focus_absolute: Input/output error');
  });
});
