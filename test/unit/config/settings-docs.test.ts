import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { DEFAULT_CAMERA_SETTINGS } from '../../../src/camera/defaults.ts';
import { ImagesSource } from '../../../src/camera/images/source.ts';
import { RpicamSource } from '../../../src/camera/rpicam/source.ts';
import type { CameraSettings, SettingName } from '../../../src/camera/settings.ts';
import type { SourceKind } from '../../../src/camera/source-spec.ts';
import { TestPatternSource } from '../../../src/camera/test-pattern/source.ts';
import { ControlSetter, parseControls } from '../../../src/camera/v4l2/controls.ts';
import { WebcamImaging } from '../../../src/camera/v4l2/imaging.ts';
import { type V4l2Options, V4l2Source } from '../../../src/camera/v4l2/source.ts';
import { settings } from '../../../src/cli/settings.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { silentLogger } from '../../../src/core/log.ts';

const text = readFileSync(join(import.meta.dirname, '../../../docs/settings.md'), 'utf8');

/** The cells of the table whose first column is headed `head`, row by row, without the head. */
function table(head: string): string[][] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${head} |`));
  const end = lines.findIndex((line, at) => at > start && !line.startsWith('|'));
  return lines.slice(start + 2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const shown = (preset: unknown) =>
  preset === '' || (Array.isArray(preset) && preset.length === 0)
    ? 'empty'
    : `\`${typeof preset === 'boolean' ? (preset ? 'on' : 'off') : preset}\``;

describe('the table of all settings', () => {
  test('has key, flag, variable, default and range of each, in the order of the help', () => {
    expect(table('Key').map((row) => row.slice(0, 5))).toEqual(
      settings.map(({ key, flag, variable, preset, allowed }) => [
        `\`${key}\``,
        `\`--${flag}\``,
        `\`${variable}\``,
        shown(preset),
        allowed,
      ]),
    );
    expect(settings.length).toBeGreaterThan(30);
  });

  test('says of each what it does', () => {
    for (const row of table('Key')) expect(row[5]).toMatch(/^[A-Z`].+\.$/);
  });
});

/** Values other than the default: what a source must be able to do to be able to do a setting. */
const CHANGES: Readonly<Record<SettingName, readonly unknown[]>> = {
  width: [640],
  height: [480],
  fps: [5, 30],
  quality: [50],
  rotation: [90, 180, 270],
  hflip: [true],
  vflip: [true],
  exposure: ['night', 'auto-night', 'sport'],
  awb: ['indoor'],
  awbGains: [[1, 2]],
  metering: ['spot'],
  ev: [1],
  shutter: [1000],
  gain: [2],
  brightness: [0.5],
  contrast: [2],
  saturation: [0],
  sharpness: [2],
  denoise: ['off'],
  hdr: ['auto'],
  autofocus: ['manual'],
  lensPosition: [0, 'default'],
  roi: [[0, 0, 0.5, 0.5]],
  tuningFile: ['/x.json'],
  annotate: ['%T'],
  annotatePosition: ['lower-right'],
  extraArgs: [['--x']],
};

const common = { clock: systemClock, log: silentLogger };
const LIST = execFileSync(join(import.meta.dirname, '../../support/v4l2-ctl'), ['--device', '/dev/null', '--list-ctrls'], {
  encoding: 'utf8',
});
/** Which that one lacks. */
const SHARPNESS = '  sharpness 0x0098091b (int)    : min=0 max=6 step=1 default=3 value=3\n';
const controlled = {
  imaging: new WebcamImaging(parseControls(LIST + SHARPNESS)),
  setter: new ControlSetter({ program: '/v4l2-ctl', device: '/dev/video0', searchPath: '' }),
};
const v4l2 = (changed: CameraSettings, format: string, more: Pick<V4l2Options, 'controlled'> = {}) =>
  new V4l2Source(
    {
      ...more,
      ...common,
      ffmpeg: '/ffmpeg',
      device: '/dev/video0',
      searchPath: '',
      drawsText: true,
      formats: [{ name: format, compressed: format === 'mjpeg', sizes: [] }],
    },
    changed,
  );

/** Every way in which a source of a kind can meet the settings. */
const SOURCES: Readonly<Record<SourceKind, (changed: CameraSettings) => { unsupported: readonly SettingName[] }[]>> = {
  rpicam: (changed) => [
    new RpicamSource(
      {
        program: '/rpicam-vid',
        sensor: { index: 0, model: 'x', width: 1, height: 1, id: 'x', modes: [] },
        workDir: '/',
        searchPath: '',
        ...common,
      },
      changed,
    ),
  ],
  v4l2: (changed) => [v4l2(changed, 'mjpeg'), v4l2(changed, 'yuyv422'), v4l2(changed, 'mjpeg', { controlled })],
  images: (changed) => [new ImagesSource('/', changed, systemClock)],
  test: (changed) => [new TestPatternSource(changed, systemClock)],
};

describe('the table of what a source can do', () => {
  const rows = table('Setting');
  const names = Object.keys(DEFAULT_CAMERA_SETTINGS) as SettingName[];

  test('has a row for every setting of the picture and a column for every source', () => {
    expect(rows.map((row) => row[0])).toEqual(names.map((name) => `\`camera.${name}\``));
    expect(text).toContain(`| Setting | ${Object.keys(SOURCES).join(' | ')} |`);
  });

  test.each(Object.entries(SOURCES).map(([kind, make], column) => ({ kind, make, column: column + 1 })))(
    'is right about $kind',
    ({ make, column }) => {
      const said = names.map((name, at) => [
        name,
        (rows[at]![column] ?? '').replace(/^(yes|no) .*/, '$1').replace(/^(?!yes$|no$).*/, 'partly'),
      ]);
      const done = names.map((name) => {
        const can = CHANGES[name].flatMap((value) =>
          make({ ...DEFAULT_CAMERA_SETTINGS, [name]: value }).map((source) => !source.unsupported.includes(name)),
        );
        return [name, can.every(Boolean) ? 'yes' : can.some(Boolean) ? 'partly' : 'no'];
      });
      expect(said).toEqual(done);
    },
  );
});

test('what is no setting is told too', () => {
  for (const word of ['--config', '--help', '--version', 'ONVIF_CAMERA_PASSWORD', 'state.json', '0600', 'disable_camera_led=1']) {
    expect(text).toContain(word);
  }
});
