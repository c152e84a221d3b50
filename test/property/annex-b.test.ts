import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AnnexBSplitter } from '../../src/frames/annex-b-splitter.ts';
import { isSlice, NAL, nalType, splitAnnexB } from '../../src/frames/h264.ts';
import { UnitAssembler } from '../../src/frames/unit-assembler.ts';
import { FlvDemuxer } from '../../src/protocols/flv/demuxer.ts';
import { FlvPictures } from '../../src/protocols/flv/pictures.ts';
import { h264Recording, LOW_LATENCY, WITH_DELAY } from '../support/h264-recordings.ts';
import { cut } from '../support/jpegs.ts';

const MAX_BYTES = 1 << 20;
const chunkSizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 70_000 })), { minLength: 1, maxLength: 20 });

class Split {
  readonly units: string[][] = [];
  torn = 0;
  readonly splitter = new AnnexBSplitter(
    { unit: (nals) => this.units.push(nals.map((nal) => nal.toString('latin1'))), torn: () => this.torn++ },
    MAX_BYTES,
  );

  /** As from a reader that uses its memory again: a chunk is only good until push returns. */
  push(chunk: Buffer): this {
    const memory = Buffer.from(chunk);
    this.splitter.push(memory);
    memory.fill(0);
    return this;
  }
}

describe.each([LOW_LATENCY, WITH_DELAY])('%s', (name) => {
  const recording = h264Recording(`${name}.h264`);
  const whole = new Split().push(recording);
  whole.splitter.silence();
  /** Where each unit begins in the recording. */
  const ends = whole.units.map((unit) => {
    const last = Buffer.from(unit.at(-1)!, 'latin1');
    return recording.indexOf(last) + last.length;
  });

  test('has its 44 pictures, with every NAL unit in one of them', () => {
    expect(whole.units).toHaveLength(44);
    expect(whole.units.flat()).toEqual(splitAnnexB(recording).map((nal) => nal.toString('latin1')));
    const slices = whole.units.map((nals) => nals.filter((nal) => isSlice(Buffer.from(nal, 'latin1'))).length);
    expect(new Set(slices)).toEqual(new Set([name === LOW_LATENCY ? 2 : 1]));
    expect([whole.torn, whole.splitter.counters]).toEqual([0, { units: 44, torn: 0, droppedBytes: 0 }]);
  });

  test('gives the same units in chunks of any size', () => {
    fc.assert(
      fc.property(chunkSizes, (sizes) => {
        const split = new Split();
        for (const chunk of cut(recording, sizes)) split.push(chunk);
        split.splitter.silence();
        expect(split.units).toEqual(whole.units);
        expect(split.torn).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  test('gives each unit at the silence behind it, before the next one comes', () => {
    fc.assert(
      fc.property(chunkSizes, (sizes) => {
        const split = new Split();
        let from = 0;
        for (const [at, end] of ends.entries()) {
          for (const chunk of cut(recording.subarray(from, end), sizes)) split.push(chunk);
          expect(split.splitter.pending).toBe(true);
          split.splitter.silence();
          expect(split.units).toHaveLength(at + 1);
          expect(split.splitter.pending).toBe(false);
          from = end;
        }
        expect(split.units).toEqual(whole.units);
        expect([split.torn, split.splitter.counters.droppedBytes]).toEqual([0, 0]);
      }),
      { numRuns: 20 },
    );
  });

  test('a silence within a unit tears it, which is told, and nothing else is torn', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: recording.length - 1 }), (place) => {
        const split = new Split().push(recording.subarray(0, place));
        split.splitter.silence();
        split.push(recording.subarray(place));
        split.splitter.silence();
        // Other units than those about this place are as they are.
        const broken = split.units.filter((unit) => !whole.units.some((good) => good.join() === unit.join()));
        expect(broken.length).toBeLessThanOrEqual(2);
        if (broken.length === 0 || ends.includes(place)) return;
        // What was cut within a slice is told; between its slices the halves are units of their own.
        const cutBetweenSlices = whole.units.some((unit) => unit.join().startsWith(broken[0]!.join()) && broken.length === 2);
        expect(split.torn === 1 || cutBetweenSlices).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('garbage before the first start code is dropped, and counted', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), fc.nat({ max: 42 }), (garbage, at) => {
        const junk = Buffer.from(garbage).map((byte) => byte | 0x80);
        const split = new Split();
        for (const chunk of cut(Buffer.concat([Buffer.from(junk), recording.subarray(ends[at]!)]), [100])) split.push(chunk);
        split.splitter.silence();
        expect(split.units).toEqual(whole.units.slice(at + 1));
        // With the first zero of a start code of four bytes.
        expect([junk.length, junk.length && junk.length + 1]).toContain(split.splitter.counters.droppedBytes);
      }),
      { numRuns: 20 },
    );
  });
});

test('a unit that is too large is dropped, whatever its length, and memory is bounded', () => {
  const split = new Split();
  split.push(Buffer.from([0, 0, 1, 0x65, 0x88]));
  for (let count = 0; count < 40; count++) split.push(Buffer.alloc(100_000, 0x55));
  split.push(Buffer.from([0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 1, 0, 0, 1, 0x65, 0x88, 7]));
  split.splitter.silence();
  expect(split.torn).toBe(1);
  expect(split.units.map((unit) => unit.map((nal) => nal.charCodeAt(0)))).toEqual([[0x67, 0x68, 0x65]]);
});

test('Annex B and FLV of the same encoder give the same pictures to a viewer: parameter sets, and slices without SEI', () => {
  const viaFlv: number[][] = [];
  const pictures = new FlvPictures();
  const times: number[] = [];
  new FlvDemuxer((video) => {
    const picture = pictures.read(video);
    if (!picture) return;
    times.push(video.timestamp);
    viaFlv.push(picture.nals.map(nalType));
  }, MAX_BYTES).push(h264Recording(`${LOW_LATENCY}.flv`));
  const viaAnnexB: number[][] = [];
  const assembler = new UnitAssembler();
  const splitter = new AnnexBSplitter(
    {
      unit: (nals) => {
        const picture = assembler.assemble(nals);
        if (picture) viaAnnexB.push(picture.nals.map(nalType));
      },
      torn() {},
    },
    MAX_BYTES,
  );
  splitter.push(h264Recording(`${LOW_LATENCY}.h264`));
  splitter.silence();
  expect(viaAnnexB).toEqual(viaFlv);
  expect(viaFlv).toHaveLength(44);
  for (const [at, types] of viaFlv.entries())
    expect(types).toEqual(at % 15 === 0 ? [NAL.SPS, NAL.PPS, NAL.IDR, NAL.IDR] : [NAL.SLICE, NAL.SLICE]);
  for (const [at, time] of times.slice(1).entries()) expect(time).toBeGreaterThan(times[at]!);
});
