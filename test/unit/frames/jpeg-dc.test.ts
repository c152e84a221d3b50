import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { readThumbnail, type Thumbnail } from '../../../src/frames/jpeg-dc.ts';
import { barsRecording, makeJpeg } from '../../support/jpegs.ts';
import { grey, waves } from '../../support/pictures.ts';

function read(jpeg: Buffer): Thumbnail | undefined {
  const steps = readThumbnail(jpeg);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** The mean of each 8 × 8 pixels, by the image library; whole blocks only. */
async function meansOf(jpeg: Buffer): Promise<{ width: number; height: number; means: number[] }> {
  const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
  const [width, height] = [Math.floor(info.width / 8), Math.floor(info.height / 8)];
  const means: number[] = [];
  for (let block = 0; block < width * height; block++) {
    let sum = 0;
    for (let pixel = 0; pixel < 64; pixel++) {
      const x = (block % width) * 8 + (pixel % 8);
      const y = Math.floor(block / width) * 8 + (pixel >> 3);
      const at = (y * info.width + x) * info.channels;
      // Brightness as JFIF has it.
      sum += info.channels === 1 ? data[at]! : 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!;
    }
    means.push(sum / 64);
  }
  return { width, height, means };
}

describe('the means of blocks', () => {
  test.each<[string, Sharp]>([
    ['4:2:0', waves(640, 480, 1).jpeg({ quality: 75, chromaSubsampling: '4:2:0' })],
    ['4:4:4', waves(640, 480, 2).jpeg({ quality: 90, chromaSubsampling: '4:4:4' })],
    ['tables of its own', waves(320, 240, 3).jpeg({ quality: 50, optimiseCoding: true })],
    ['grey', waves(320, 240, 4).greyscale().toColourspace('b-w').jpeg()],
    ['sides that are no multiples of 16', waves(333, 251, 5).jpeg({ quality: 75 })],
    ['one block', grey(8, 8, 200).jpeg()],
  ])('are those that the image library finds: %s', async (_, picture) => {
    const jpeg = await picture.toBuffer();
    const { width, height, means } = await meansOf(jpeg);
    const found = read(jpeg)!;
    expect({ width: found.width, height: found.height }).toEqual({ width, height });
    // Rounding, and colours that were cut off on the way to red, green and blue.
    const worst = Math.max(...means.map((mean, at) => Math.abs(mean - found.data[at]!)));
    expect(worst).toBeLessThan(4);
  });

  test('of the recording of rpicam-vid are the bars, from white to black', () => {
    const { width, height, data } = read(barsRecording())!;
    expect([width, height]).toEqual([80, 60]);
    const row = [...data.subarray(10 * width, 11 * width)];
    expect(row[2]).toBeGreaterThan(row.at(-3)!);
  });
});

test('the fineness falls with the focus', async () => {
  const found: number[] = [];
  for (const blur of [0.3, 2, 6]) {
    const sharpest = await sharp(barsRecording().subarray(0)).resize(320, 240).blur(blur).jpeg().toBuffer();
    found.push(read(sharpest)!.fineness);
  }
  expect(found).toEqual([...found].sort((a, b) => b - a));
  expect(found[2]).toBeLessThan(0.7 * found[0]!);
});

test('a progressive picture is not read', async () => {
  expect(read(await waves(64, 64, 1).jpeg({ progressive: true }).toBuffer())).toBeUndefined();
});

describe('never throws, and ends', () => {
  test('on any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void read(Buffer.from([0xff, 0xd8, ...bytes]))));
  });

  test('on pictures of nonsense', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (data) => void read(makeJpeg({ data }))));
  });

  test('on a picture that is damaged or cut anywhere', async () => {
    const jpeg = await waves(160, 120, 1).jpeg({ quality: 60 }).toBuffer();
    fc.assert(
      fc.property(fc.nat(jpeg.length - 1), fc.nat(255), fc.nat(jpeg.length), (at, value, end) => {
        const damaged = Buffer.from(jpeg);
        damaged[at] = value;
        const found = read(damaged.subarray(0, end));
        if (found) expect(found.data.length).toBe(found.width * found.height);
      }),
    );
  });
});
