import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { listRpicamCameras, parseCameraList } from '../../../../src/camera/rpicam/list.ts';
import { rpicamNotices, withoutFocus } from '../../../../src/camera/rpicam/notices.ts';
import { RpicamSource } from '../../../../src/camera/rpicam/source.ts';
import type { CameraSettings } from '../../../../src/camera/settings.ts';
import { systemClock } from '../../../../src/core/clock.ts';
import type { AppError } from '../../../../src/core/errors.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import { settingsWith } from '../../../support/frames.ts';
import { UNHEARD } from '../../../support/recorder.ts';
import { makeTempDir } from '../../../support/temp-dir.ts';

const HEAD = '0 : imx219 [3280x2464 10-bit RGGB] (/base/imx219@10)\n';
const MODES = "    Modes: 'SRGGB10_CSI2P' : 640x480 [206.02 fps - (0, 0)/3280x2464 crop]\n";
const CONTROLS = '\n    Available controls for 640x480 SRGGB10_CSI2P mode:\n    ------\n';
const FIXED = `${HEAD}${MODES}${CONTROLS}    AnalogueGain : [1.000000..10.666667]\n    ExposureTime : [75..11766829]\n`;
const FOCUSING = `${HEAD.replaceAll('imx219', 'imx708')}${MODES}${CONTROLS}    AfMode : [0..2]\n    LensPosition : [0.000000..32.000000]\n`;

const cameraOf = (list: string) => parseCameraList(list)[0]!;
const notices = (change: Partial<CameraSettings>, list = HEAD + MODES) =>
  rpicamNotices(settingsWith(change), cameraOf(list)).map(({ code, message }) => `${code}: ${message}`);

describe('the list of cameras', () => {
  test('tells whether a lens can be moved, where it tells the controls', () => {
    const both = parseCameraList(`${FIXED}\n${FOCUSING.replace('0 :', '1 :')}`);
    expect(both.map(({ model, focuses }) => [model, focuses])).toEqual([
      ['imx219', false],
      ['imx708', true],
    ]);
    expect(cameraOf(HEAD + MODES).focuses).toBeUndefined();
    expect(both.map(({ controls }) => controls)).toEqual([
      { AnalogueGain: { min: 1, max: 10.666667 }, ExposureTime: { min: 75, max: 11_766_829 } },
      { LensPosition: { min: 0, max: 32 } },
    ]);
  });

  test('has the same modes with and without controls', () => {
    expect(cameraOf(FIXED).modes).toEqual(cameraOf(HEAD + MODES).modes);
  });
});

describe('settings without effect', () => {
  test('the focus of a camera whose lens cannot be moved', () => {
    expect(notices({ autofocus: 'continuous' }, FIXED)).toEqual([
      'SETTING_WITHOUT_EFFECT: camera.autofocus has no effect: the lens of this camera (imx219) cannot be moved.',
    ]);
    expect(notices({ autofocus: 'manual', lensPosition: 2 }, FIXED)[0]).toContain(
      'camera.autofocus and camera.lensPosition have no effect',
    );
    expect(notices({ autofocus: 'continuous' }, FOCUSING)).toEqual([]);
    // An older release says nothing about it: neither do we.
    expect(notices({ autofocus: 'continuous' })).toEqual([]);
    expect(notices({}, FIXED)).toEqual([]);
  });

  test('a lens position while the camera focuses by itself', () => {
    for (const autofocus of ['auto', 'continuous'] as const) {
      expect(notices({ autofocus, lensPosition: 0 }, FOCUSING)).toEqual([
        `SETTING_WITHOUT_EFFECT: camera.lensPosition has no effect: with camera.autofocus ${autofocus} the camera moves the lens itself.`,
      ]);
    }
    expect(notices({ autofocus: 'manual', lensPosition: 0 }, FOCUSING)).toEqual([]);
    expect(notices({ lensPosition: 'default' }, FOCUSING)).toEqual([]);
  });

  test('white balance gains of which one is 0', () => {
    expect(notices({ awbGains: [0, 1.5] })).toEqual([expect.stringMatching(/^SETTING_WITHOUT_EFFECT: camera.awbGains has no effect/)]);
    expect(notices({ awbGains: [1.5, 1.2] })).toEqual([]);
  });

  test('a text with letters that annotate_cv has not', () => {
    expect(notices({ annotate: 'Haustür %T' })).toEqual([expect.stringContaining('drawn as "Haustuer %T"')]);
  });
});

describe('a lens drive that the system has no autofocus for', () => {
  /** What is said while a program runs that complains as libcamera does; the control is there all the same. */
  async function noticesWhileRunning(change: Partial<CameraSettings>): Promise<string[]> {
    const dir = makeTempDir();
    const program = join(dir, 'rpicam-vid');
    const line = '[0:01:02.000000003] [42]  WARN IPARPI ipa_base.cpp:797 Could not set AF_MODE - no AF algorithm';
    writeFileSync(program, `#!/bin/sh\necho '${line}' >&2\n`, { mode: 0o755 });
    const options = {
      program,
      sensor: cameraOf(FOCUSING),
      workDir: dir,
      searchPath: '/usr/bin:/bin',
      clock: systemClock,
      log: silentLogger,
    };
    const source = new RpicamSource(options, settingsWith(change));
    const said: string[] = [];
    await new Promise<void>((resolve) => {
      const notice = ({ message }: AppError) => void said.push(message);
      source.start({ ...UNHEARD, notice, ended: () => resolve() });
    });
    return said;
  }

  test('is told where the focus was set, and only there', async () => {
    expect(await noticesWhileRunning({ autofocus: 'auto' })).toEqual([
      'camera.autofocus has no effect: this system has no autofocus for its sensor.',
    ]);
    expect(await noticesWhileRunning({})).toEqual([]);
  });
});

test('nothing is said of the focus where nobody set it', () => {
  expect(withoutFocus(settingsWith({}), 'there is none')).toBeUndefined();
});

test('a program that fails over the controls is asked for the list alone', async () => {
  const program = join(makeTempDir(), 'rpicam-vid');
  const script = `#!/bin/sh\n[ "$2" = -v ] && { echo 'ERROR: *** failed to acquire camera ***' >&2; exit 255; }\ncat <<END\n${HEAD}${MODES}\nEND\n`;
  writeFileSync(program, script, { mode: 0o755 });
  const cameras = await listRpicamCameras(program, '/usr/bin:/bin');
  expect(cameras.map(({ model, controls }) => [model, controls])).toEqual([['imx219', undefined]]);
});
