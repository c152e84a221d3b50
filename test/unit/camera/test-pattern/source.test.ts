import { describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { DEFAULT_CAMERA_SETTINGS } from '../../../../src/camera/defaults.ts';
import type { CameraSettings } from '../../../../src/camera/settings.ts';
import { TestPatternSource } from '../../../../src/camera/test-pattern/source.ts';
import { HEADROOM, TAILROOM } from '../../../../src/frames/frame.ts';
import { MARKER, readJpegHeader, STANDARD_DHT, wholeJpegLength } from '../../../../src/frames/jpeg.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { jpegOf, Recorder } from '../../../support/recorder.ts';

const SMALL: CameraSettings = { ...DEFAULT_CAMERA_SETTINGS, width: 320, height: 240, fps: 10 };
const PERIOD = 100;

/** T.81 tables K.1 and K.2 in zigzag order, the ones that RFC 2435 appendix A starts from. */
const LUMINANCE = [
  16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51, 56, 55,
  64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
];
const CHROMINANCE = [17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, ...Array.from({ length: 50 }, () => 99)];

/** RFC 2435 4.2: the tables for a Q of 1 to 99; 100 would follow the same rule. */
function scaled(table: readonly number[], quality: number): number[] {
  const percent = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality;
  return table.map((value) => Math.min(255, Math.max(1, Math.floor((value * percent + 50) / 100))));
}

/** Payloads of all segments of a kind before the scan. */
function payloads(jpeg: Buffer, marker: number): Buffer {
  const found: Buffer[] = [];
  for (let at = 2; jpeg[at + 1] !== MARKER.SOS; at += 2 + jpeg.readUInt16BE(at + 2)) {
    if (jpeg[at + 1] === marker) found.push(jpeg.subarray(at + 4, at + 2 + jpeg.readUInt16BE(at + 2)));
  }
  return Buffer.concat(found);
}

/** Starts a source and returns what is needed to turn its clock. */
function begin(settings: CameraSettings) {
  const clock = new FakeClock();
  const recorder = new Recorder();
  const source = new TestPatternSource(settings, clock);
  const capture = source.start(recorder);
  const next = async (ms = PERIOD) => {
    const picture = recorder.nextPicture();
    await clock.advanceAsync(ms);
    return picture;
  };
  return { clock, recorder, source, capture, next };
}

describe('TestPatternSource', () => {
  test('brightness, contrast and saturation are in the picture', async () => {
    const look = async (change: Partial<CameraSettings>) => {
      const { next, capture } = begin({ ...SMALL, quality: 90, ...change });
      const { channels } = await sharp(jpegOf(await next(0))).stats();
      await capture.stop();
      const [red, green, blue] = channels.map(({ mean }) => mean) as [number, number, number];
      return {
        mean: (red + green + blue) / 3,
        spread: channels[0]!.stdev,
        colour: Math.max(red, green, blue) - Math.min(red, green, blue),
      };
    };
    const plain = await look({});
    expect((await look({ brightness: 0.2 })).mean).toBeGreaterThan(plain.mean + 20);
    expect((await look({ brightness: -0.2 })).mean).toBeLessThan(plain.mean - 10);
    expect((await look({ brightness: 1 })).mean).toBeGreaterThan(250);
    expect((await look({ contrast: 0.5 })).spread).toBeLessThan(plain.spread * 0.6);
    expect((await look({ contrast: 0 })).spread).toBeLessThan(2);
    expect((await look({ saturation: 0 })).colour).toBeLessThan(1);
    expect(plain.colour).toBeGreaterThan(1);
  });

  test('says what it is and what it cannot do', () => {
    const source = new TestPatternSource({ ...SMALL, quality: 50, ev: 1, rotation: 90, roi: [0, 0, 1, 1] }, new FakeClock());
    expect(source).toMatchObject({ kind: 'test', description: 'test pattern', captureFps: 10, unsupported: ['ev', 'roi'] });
  });

  test('delivers whole pictures in a buffer, with their real size', async () => {
    const { next, capture } = begin({ ...SMALL, width: 325, height: 243, rotation: 90 });
    const picture = await next(0);
    expect(picture).toMatchObject({ width: 240, height: 320 });
    expect(picture.buffer).toHaveLength(HEADROOM + picture.size + TAILROOM);
    const jpeg = jpegOf(picture);
    expect(wholeJpegLength(jpeg)).toBe(picture.size);
    expect(readJpegHeader(jpeg)).toMatchObject({ width: 240, height: 320, components: 3, progressive: false });
    await capture.stop();
  });

  test.each([1, 10, 49, 50, 75, 90, 99, 100])(
    'quality %d: baseline 4:2:0 with the tables that RTP/JPEG takes for granted',
    async (quality) => {
      const { next, capture } = begin({ ...SMALL, quality });
      const jpeg = jpegOf(await next(0));
      await capture.stop();
      expect(payloads(jpeg, MARKER.DQT)).toEqual(Buffer.from([0, ...scaled(LUMINANCE, quality), 1, ...scaled(CHROMINANCE, quality)]));
      expect(payloads(jpeg, MARKER.DHT)).toEqual(STANDARD_DHT.subarray(4));
      // Precision, height, width, then three components: id, sampling factors, table.
      expect([...payloads(jpeg, MARKER.SOF0)]).toEqual([8, 0, 240, 1, 64, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]);
      expect(payloads(jpeg, MARKER.DRI)).toHaveLength(0);
    },
  );

  test('each picture is another one, at the asked rate', async () => {
    const { next, capture, recorder } = begin(SMALL);
    await next(0);
    for (let picture = 0; picture < 3; picture++) await next();
    await capture.stop();
    const decoded = await Promise.all(recorder.pictures.map((picture) => sharp(jpegOf(picture)).raw().toBuffer()));
    for (let index = 1; index < decoded.length; index++) expect(decoded[index]!.equals(decoded[index - 1]!)).toBe(false);
    expect(recorder.pictures).toHaveLength(4);
    expect(recorder.ends).toEqual([]);
  });

  test('stop() while a picture is being encoded: it comes to nothing, and no timer is left', async () => {
    const { clock, capture, recorder, next } = begin(SMALL);
    await next(0);
    // Turned without a pause, so that the second encode has begun and not ended.
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(PERIOD);
    await capture.stop();
    await capture.stop();
    await clock.advanceAsync(10 * PERIOD);
    expect(recorder.pictures).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  test('can be started again, and counts its frames anew', async () => {
    const clock = new FakeClock();
    const source = new TestPatternSource(SMALL, clock);
    const shots: Buffer[] = [];
    for (let start = 0; start < 2; start++) {
      const recorder = new Recorder();
      const capture = source.start(recorder);
      const picture = recorder.nextPicture();
      await clock.advanceAsync(0);
      shots.push(jpegOf(await picture));
      await capture.stop();
    }
    expect(shots[0]!.equals(shots[1]!)).toBe(true);
  });
});
