import { describe, expect, test } from '@jest/globals';
import { HEADROOM, type Picture } from '../../../src/frames/frame.ts';
import { readJpegHeader, STANDARD_DHT } from '../../../src/frames/jpeg.ts';
import { JpegSplitter } from '../../../src/frames/jpeg-splitter.ts';
import { barsRecording, cut, makeJpeg } from '../../support/jpegs.ts';

/** As text: comparing buffers byte by byte takes the test runner seconds. */
const text = (bytes: Buffer) => bytes.toString('latin1');
const bytesOf = ({ buffer, size }: Picture) => text(buffer.subarray(HEADROOM, HEADROOM + size));

function split(chunks: readonly Buffer[], maxBytes?: number) {
  const pictures: Picture[] = [];
  const splitter = new JpegSplitter((picture) => pictures.push(picture), maxBytes);
  for (const chunk of chunks) splitter.push(chunk);
  return { pictures, counters: splitter.counters };
}

describe('JpegSplitter', () => {
  test('cuts the recording of rpicam-vid into its 30 pictures, whatever the chunks', () => {
    const recording = barsRecording();
    for (const sizes of [[65_536], [1], [4096], [3, 70_000, 1, 2]]) {
      const { pictures, counters } = split(cut(recording, sizes));
      expect(pictures).toHaveLength(30);
      expect(pictures.every(({ width, height }) => width === 640 && height === 480)).toBe(true);
      expect(pictures.map(bytesOf).join('') === text(recording)).toBe(true);
      expect(counters).toEqual({ pictures: 30, droppedPictures: 0, droppedBytes: 0 });
    }
  });

  test('takes EOI and SOI inside a segment for what they are: data', () => {
    const thumbnail = makeJpeg();
    const jpeg = makeJpeg({ app1: thumbnail });
    for (const sizes of [[1], [7], [1 << 20]])
      expect(split(cut(Buffer.concat([jpeg, jpeg]), sizes)).pictures.map(bytesOf)).toEqual([text(jpeg), text(jpeg)]);
  });

  test.each([
    ['progressive, with tables between the scans', makeJpeg({ scans: 4 })],
    ['restart markers', makeJpeg({ data: new Uint8Array(40).fill(7), restartEvery: 3 })],
    ['fill bytes before markers', makeJpeg({ fill: 3 })],
    ['stuffed 0xFF bytes all over', makeJpeg({ data: new Uint8Array(50).fill(0xff) })],
    ['an empty scan', makeJpeg({ data: new Uint8Array(0) })],
  ])('takes %s', (_name, jpeg) => {
    for (const sizes of [[1], [2], [5, 3], [1 << 20]]) {
      const { pictures, counters } = split(cut(Buffer.concat([jpeg, jpeg, jpeg]), sizes));
      expect(pictures.map(bytesOf)).toEqual([text(jpeg), text(jpeg), text(jpeg)]);
      expect(counters.droppedBytes).toBe(0);
    }
  });

  test('gives a picture without Huffman tables the standard ones', () => {
    const bare = makeJpeg({ huffmanTables: false });
    for (const sizes of [[1], [11], [1 << 20]]) {
      const [picture] = split(cut(bare, sizes)).pictures;
      const jpeg = Buffer.from(bytesOf(picture!), 'latin1');
      expect(jpeg).toHaveLength(bare.length + STANDARD_DHT.length);
      expect(readJpegHeader(jpeg)).toMatchObject({ width: 64, height: 48, hasHuffmanTables: true });
      const at = jpeg.indexOf(STANDARD_DHT);
      expect(jpeg.subarray(at + STANDARD_DHT.length, at + STANDARD_DHT.length + 2)).toEqual(Buffer.from([0xff, 0xda]));
      expect(text(jpeg).replace(text(STANDARD_DHT), '')).toBe(text(bare));
    }
  });

  test('drops garbage around pictures and counts it', () => {
    const jpeg = makeJpeg();
    const garbage = Buffer.from([0, 0xff, 0x17, 0xff, 0xff, 0xd9, 1, 0xff]);
    for (const sizes of [[1], [5], [1 << 20]]) {
      const { pictures, counters } = split(cut(Buffer.concat([garbage, jpeg, garbage, jpeg, Buffer.of(0)]), sizes));
      expect(pictures.map(bytesOf)).toEqual([text(jpeg), text(jpeg)]);
      expect(counters).toEqual({ pictures: 2, droppedPictures: 0, droppedBytes: 2 * garbage.length + 1 });
    }
  });

  test('drops a picture that was cut off and keeps the next one whole', () => {
    const jpeg = makeJpeg({ data: new Uint8Array(300).fill(9) });
    const half = jpeg.subarray(0, jpeg.length - 100);
    for (const sizes of [[1], [64], [1 << 20]]) {
      const { pictures, counters } = split(cut(Buffer.concat([half, jpeg, half, jpeg]), sizes));
      expect(pictures.map(bytesOf)).toEqual([text(jpeg), text(jpeg)]);
      expect(counters).toEqual({ pictures: 2, droppedPictures: 2, droppedBytes: 2 * half.length });
    }
  });

  test('finds its way again after a header that was cut off', () => {
    // Larger than a segment can be: a broken length swallows 64 KiB at most.
    const jpeg = makeJpeg({ data: new Uint8Array(70_000).fill(9) });
    for (let length = 2; length < 60; length++) {
      const { pictures } = split([Buffer.concat([jpeg.subarray(0, length), jpeg, jpeg, jpeg])]);
      // The broken length may swallow the picture behind it, never more.
      expect(pictures.length).toBeGreaterThanOrEqual(2);
      expect(pictures.slice(-2).map(bytesOf)).toEqual([text(jpeg), text(jpeg)]);
    }
  });

  test('refuses a picture without a size, or above the limit, and goes on', () => {
    const good = makeJpeg();
    const large = makeJpeg({ data: new Uint8Array(5000).fill(1) });
    const sizeless = makeJpeg({ width: 0 });
    for (const sizes of [[1], [100], [1 << 20]]) {
      const { pictures, counters } = split(cut(Buffer.concat([large, good, sizeless, good]), sizes), 2000);
      expect(pictures.map(bytesOf)).toEqual([text(good), text(good)]);
      expect(counters.droppedPictures).toBe(2);
      expect(counters.droppedBytes).toBe(large.length + sizeless.length);
    }
  });

  test('holds no more than the limit of a picture that never ends', () => {
    const { counters } = split(cut(Buffer.concat([makeJpeg().subarray(0, -2), Buffer.alloc(100_000, 5)]), [1000]), 4000);
    expect(counters.droppedPictures).toBe(1);
    expect(counters.droppedBytes).toBeGreaterThan(90_000);
  });
});
