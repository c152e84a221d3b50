import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MetadataReader } from '../../../../src/camera/rpicam/metadata.ts';
import { annotateStage, motionStages, stagesAsJson, writePostProcessFile } from '../../../../src/camera/rpicam/post-process.ts';
import { isSince } from '../../../../src/camera/rpicam/version.ts';
import { WHOLE } from '../../../../src/frames/area.ts';
import { makeTempDir } from '../../../support/temp-dir.ts';

const HALVES = [
  { x: 0, y: 0, width: 0.5, height: 1 },
  { x: 0.5, y: 0, width: 0.5, height: 1 },
];
const watch = { regions: [WHOLE], sensitivity: 50, smallestArea: 0.003 };

describe('the post-processing file', () => {
  test('has a stage for each region, under one name, as rpicam-apps reads it', () => {
    const text = stagesAsJson([annotateStage('%T'), ...motionStages({ ...watch, regions: HALVES }, 15)]);
    expect(text.match(/"motion_detect":/g)).toHaveLength(2);
    expect(text.match(/"region_name":"[12]"/g)).toEqual(['"region_name":"1"', '"region_name":"2"']);
    expect(() => JSON.parse(text)).not.toThrow();
    expect(JSON.parse(text).annotate_cv.text).toBe('%T');
  });

  test('compares about five times a second, whatever the rate', () => {
    const period = (fps: number) => motionStages(watch, fps)[0]![1].frame_period;
    expect([30, 15, 8, 2].map(period)).toEqual([6, 3, 2, 1]);
  });

  test('a region that is alone has no name, for releases that know none', () => {
    expect(motionStages(watch, 15)[0]![1]).not.toHaveProperty('region_name');
  });

  test('every threshold is a share, and the more sensitive, the lower', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99 }), fc.double({ min: 0.0005, max: 0.5, noNaN: true }), (sensitivity, smallestArea) => {
        const levels = [sensitivity, sensitivity + 1].map(
          (each) => motionStages({ regions: HALVES, sensitivity: each, smallestArea }, 15)[0]![1],
        );
        for (const { region_threshold } of levels) {
          expect(region_threshold).toBeGreaterThan(0);
          expect(region_threshold).toBeLessThanOrEqual(1);
        }
        expect(levels[1]!.difference_c as number).toBeLessThanOrEqual(levels[0]!.difference_c as number);
      }),
    );
  });

  test('is written once, and anew when it changes', () => {
    const dir = makeTempDir();
    const path = writePostProcessFile(dir, motionStages(watch, 15));
    expect(path).toBe(join(dir, 'post-process.json'));
    const { ino } = statSync(path);
    writePostProcessFile(dir, motionStages(watch, 15));
    expect(statSync(path).ino).toBe(ino);
    writePostProcessFile(dir, [annotateStage('hello')]);
    expect(readFileSync(path, 'utf8')).toContain('hello');
  });
});

describe('metadata', () => {
  // As rpicam-vid 1.13 wrote it.
  const RECORDED =
    'DigitalGain=1.000000\nAnalogueGain=1.500000\nExposureTime=16666\nLux=400.000000\nFrameDuration=66666\nColourTemperature=4500\nFrameWallClock=1795998965979380324\nSensorTimestamp=5790911437902\n\n';

  test('is read however it is cut', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), (size) => {
        const found: unknown[] = [];
        const reader = new MetadataReader((light) => found.push(light));
        const text = RECORDED.repeat(3);
        for (let at = 0; at < text.length; at += size) reader.push(text.slice(at, at + size));
        expect(found).toEqual(Array(3).fill({ kind: 'light', lux: 400, exposure: 16666 * 1.5 }));
      }),
    );
  });

  test('of a Pi has the focus as well', () => {
    const found: unknown[] = [];
    new MetadataReader((light) => found.push(light)).push(RECORDED.replace('Lux=', 'FocusFoM=2746\nLux='));
    expect(found).toEqual([{ kind: 'light', lux: 400, exposure: 16666 * 1.5, focus: 2746 }]);
  });

  test('of a camera that tells no lux says nothing of it', () => {
    const found: unknown[] = [];
    new MetadataReader((light) => found.push(light)).push('ExposureTime=100\n\n\n\nScalerCrop=[0,0]\n\n');
    expect(found).toEqual([{ kind: 'light', lux: undefined, exposure: 100 }]);
  });

  test('never throws and keeps no more than a line', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 3000 })), (texts) => {
        const reader = new MetadataReader(() => {});
        for (const text of texts) reader.push(text);
      }),
    );
    const found: unknown[] = [];
    const reader = new MetadataReader((light) => found.push(light));
    for (const text of ['Lux=400', ' '.repeat(100_000), '\n\n']) reader.push(text);
    expect(found).toEqual([]);
  });
});

test.each([
  ['1.13.0', '1.6', true],
  ['1.6.0', '1.6', true],
  ['2.0', '1.6', true],
  ['1.5.3', '1.6', false],
  ['1.0.1', '1.6', false],
  [undefined, '1.6', false],
])('release %s is since %s: %s', (version, first, expected) => {
  expect(isSince(version, first)).toBe(expected);
});
