import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HEADROOM } from '../../src/frames/frame.ts';
import { JpegSplitter } from '../../src/frames/jpeg-splitter.ts';
import { cut, makeJpeg } from '../support/jpegs.ts';

const jpegs = fc
  .record({
    width: fc.integer({ min: 1, max: 65_535 }),
    height: fc.integer({ min: 1, max: 65_535 }),
    data: fc.uint8Array({ maxLength: 400 }),
    app1: fc.option(fc.uint8Array({ maxLength: 200 }), { nil: undefined }),
    scans: fc.constantFrom(1, 1, 1, 3),
    restartEvery: fc.constantFrom(0, 0, 5),
    fill: fc.constantFrom(0, 0, 2),
  })
  .map(({ app1, ...shape }) => ({ ...shape, jpeg: makeJpeg(app1 ? { ...shape, app1 } : shape) }));
/** Larger than a segment can be, so that a broken length cannot swallow it. */
const last = makeJpeg({ data: new Uint8Array(70_000).fill(3) });
const ending = Buffer.concat([last, last, last]);
const chunkSizes = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 20 });

function split(chunks: readonly Buffer[]) {
  const found: { width: number; height: number; jpeg: string }[] = [];
  const splitter = new JpegSplitter(({ buffer, size, width, height }) =>
    found.push({ width, height, jpeg: buffer.toString('latin1', HEADROOM, HEADROOM + size) }),
  );
  for (const chunk of chunks) {
    // As from a reader that uses its memory again: a chunk is only good until push returns.
    const memory = Buffer.from(chunk);
    splitter.push(memory);
    memory.fill(0xff);
  }
  return { found, counters: splitter.counters };
}

describe('JpegSplitter, any chunking', () => {
  test('gives the same pictures', () => {
    fc.assert(
      fc.property(fc.array(jpegs, { minLength: 1, maxLength: 6 }), chunkSizes, (pictures, sizes) => {
        const { found, counters } = split(cut(Buffer.concat(pictures.map(({ jpeg }) => jpeg)), sizes));
        expect(found).toEqual(pictures.map(({ jpeg, width, height }) => ({ jpeg: jpeg.toString('latin1'), width, height })));
        expect(counters.droppedBytes).toBe(0);
      }),
    );
  });

  test('accounts for every byte and chunks never matter, with garbage in between', () => {
    const piece = fc.oneof(
      jpegs.map(({ jpeg }) => jpeg),
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      fc.tuple(jpegs, fc.nat({ max: 300 })).map(([{ jpeg }, length]) => jpeg.subarray(0, length)),
      fc.constantFrom(Buffer.of(0xff, 0xd8), Buffer.of(0xff), Buffer.of(0xff, 0xd8, 0xff, 0xe0), Buffer.of(0xff, 0xd9)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), chunkSizes, (pieces, sizes) => {
        const before = Buffer.concat(pieces);
        const all = Buffer.concat([before, ending]);
        const whole = split([all]);
        const chunked = split([...cut(before, sizes), ...cut(ending, [10_000, sizes[0]!])]);
        expect(chunked.found).toEqual(whole.found);
        expect(chunked.counters).toEqual(whole.counters);
        // Whatever came before, the last one is found.
        expect(whole.found.at(-1)!.jpeg === last.toString('latin1')).toBe(true);
        expect(whole.found.reduce((sum, { jpeg }) => sum + jpeg.length, 0) + whole.counters.droppedBytes).toBe(all.length);
      }),
      { numRuns: 200 },
    );
  });
});
