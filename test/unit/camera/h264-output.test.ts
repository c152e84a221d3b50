import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AnnexBOutput, FlvOutput } from '../../../src/camera/h264-output.ts';
import type { CodedPicture } from '../../../src/frames/access-unit.ts';
import { FlvError } from '../../../src/protocols/flv/demuxer.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { h264Recording, LOW_LATENCY } from '../../support/h264-recordings.ts';
import { cut } from '../../support/jpegs.ts';

const FPS = 15;
const FRAME_MS = 1000 / FPS;
const flv = h264Recording(`${LOW_LATENCY}.flv`);
const stream = h264Recording(`${LOW_LATENCY}.h264`);
const chunkSizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 70_000 })), { minLength: 1, maxLength: 20 });

const asText = ({ nals }: CodedPicture) => nals.map((nal) => nal.toString('latin1'));

/** The pictures of the byte stream, each as its bytes, as the splitter of tests finds them. */
const parts = (() => {
  const starts: number[] = [];
  for (let at = stream.indexOf(Buffer.from([0, 0, 0, 1])); at !== -1; at = stream.indexOf(Buffer.from([0, 0, 0, 1]), at + 4)) {
    const type = stream[at + 4]! & 31;
    // A picture of this recording begins with its parameter sets, or with the first slice of a P picture.
    if (type === 7 || (type === 1 && (stream[at + 5]! & 0x80) !== 0)) starts.push(at);
  }
  return starts.map((start, at) => stream.subarray(start, starts[at + 1] ?? stream.length));
})();

describe('FlvOutput', () => {
  const read = (sizes: readonly number[]) => {
    const pictures: { picture: CodedPicture; ownTime: number | undefined }[] = [];
    const output = new FlvOutput((picture, ownTime) => pictures.push({ picture, ownTime }));
    for (const chunk of cut(flv, sizes)) output.push(Buffer.from(chunk));
    return pictures;
  };

  test('gives 44 pictures with their own times, key frames with their parameter sets', () => {
    const pictures = read([flv.length]);
    expect(pictures).toHaveLength(44);
    expect(pictures.slice(0, 4).map(({ ownTime }) => ownTime)).toEqual([0, 67, 133, 200]);
    const keys = pictures.flatMap(({ picture }, at) => (picture.keyframe ? [at] : []));
    expect(keys).toEqual([0, 15, 30]);
    expect(pictures[0]!.picture.nals[0]).toEqual(pictures[0]!.picture.parameterSets.sps);
  });

  test('gives the same in chunks of any size', () => {
    const whole = read([flv.length]).map(({ picture }) => asText(picture));
    fc.assert(
      fc.property(chunkSizes, (sizes) => {
        expect(read(sizes).map(({ picture }) => asText(picture))).toEqual(whole);
      }),
      { numRuns: 20 },
    );
  });

  test('throws on anything else', () => {
    expect(() => new FlvOutput(() => {}).push(Buffer.from('ERROR: *** no cameras available ***'))).toThrow(FlvError);
  });
});

describe('AnnexBOutput', () => {
  class Read {
    readonly clock = new FakeClock();
    readonly pictures: CodedPicture[] = [];
    readonly output = new AnnexBOutput((picture) => this.pictures.push(picture), FPS, this.clock);

    push(chunk: Buffer): void {
      const memory = Buffer.from(chunk);
      this.output.push(memory);
      memory.fill(0);
    }
  }

  const whole = (() => {
    const read = new Read();
    read.push(stream);
    read.clock.advance(FRAME_MS);
    return read.pictures.map(asText);
  })();

  test('has the recording’s 44 pictures', () => {
    expect(parts).toHaveLength(44);
    expect(whole).toHaveLength(44);
  });

  test('gives each picture within half the time to the next one, however it is cut, and none torn', () => {
    fc.assert(
      fc.property(chunkSizes, (sizes) => {
        const read = new Read();
        for (const [at, part] of parts.entries()) {
          for (const chunk of cut(part, sizes)) read.push(chunk);
          read.clock.advance(FRAME_MS / 2);
          expect(read.pictures).toHaveLength(at + 1);
          read.clock.advance(FRAME_MS / 2);
        }
        expect(read.pictures.map(asText)).toEqual(whole);
        expect(read.clock.pending).toBe(0);
      }),
      { numRuns: 15 },
    );
  });

  test('waits for what is in the pipe after it was held up itself', () => {
    const read = new Read();
    const [first, second] = [parts[0]!, parts[1]!];
    const half = first.length >> 1;
    read.push(first.subarray(0, half));
    // Timers are late, and what came meanwhile is read only after them.
    read.clock.skip(200);
    read.clock.advance(0);
    expect(read.pictures).toHaveLength(0);
    read.push(first.subarray(half));
    read.clock.advance(FRAME_MS / 2);
    read.push(second);
    read.clock.advance(FRAME_MS / 2);
    expect(read.pictures.map(asText)).toEqual(whole.slice(0, 2));
  });

  test('gives nothing that cannot be decoded after a picture that a pause has torn, and waits longer from then on', () => {
    const read = new Read();
    /** Each picture in two halves. */
    const play = (from: number, to: number, pauseMs: number) => {
      for (const part of parts.slice(from, to)) {
        const half = part.length >> 1;
        read.push(part.subarray(0, half));
        read.clock.advance(pauseMs);
        read.push(part.subarray(half));
        read.clock.advance(FRAME_MS - pauseMs);
      }
    };
    play(0, 5, 1);
    expect(read.pictures).toHaveLength(5);
    play(5, 6, 22);
    const torn = read.pictures.length;
    // The rest of its group refers to it.
    play(6, 15, 1);
    expect(read.pictures).toHaveLength(torn);
    play(15, 30, 22);
    expect(read.pictures.slice(torn).map(asText)).toEqual(whole.slice(15, 30));
  });

  test('does without silences where they keep turning out to be none', () => {
    const read = new Read();
    for (let round = 0; round < 4; round++) {
      for (const part of parts.slice(0, 15)) {
        const half = part.length >> 1;
        read.push(part.subarray(0, half));
        read.clock.advance(500);
        read.push(part.subarray(half));
        read.clock.advance(FRAME_MS);
      }
    }
    const before = read.pictures.length;
    for (const part of parts.slice(15, 30)) {
      const half = part.length >> 1;
      read.push(part.subarray(0, half));
      read.clock.advance(500);
      read.push(part.subarray(half));
    }
    // All but the last, whose end is not known yet.
    expect(read.pictures.slice(before).slice(-14).map(asText)).toEqual(whole.slice(15, 29));
  });

  test('begins with a key frame', () => {
    const read = new Read();
    for (const part of parts.slice(1, 16)) {
      read.push(part);
      read.clock.advance(FRAME_MS);
    }
    expect(read.pictures.map(({ keyframe }) => keyframe)).toEqual([true]);
  });

  test('leaves no timer behind', () => {
    const read = new Read();
    read.push(parts[0]!);
    read.output.close();
    expect(read.clock.pending).toBe(0);
  });
});
