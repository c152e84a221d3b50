import { beforeEach, expect, test } from '@jest/globals';
import { Frame } from '../../../src/frames/frame.ts';
import { SmallerPictures } from '../../../src/streams/smaller-pictures.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { makePicture } from '../../support/frames.ts';
import { makeJpeg } from '../../support/jpegs.ts';
import { PlayedFeed } from '../../support/picture-feed.ts';

const LARGE = { width: 128, height: 96 };
let feed: PlayedFeed;
let smaller: SmallerPictures;
/** Those that are being made: the test finishes them. */
let making: { resolve(jpeg: Buffer): void; reject(error: Error): void }[];
beforeEach(() => {
  feed = new PlayedFeed(new FakeClock());
  making = [];
  smaller = new SmallerPictures(feed, 64, () => new Promise((resolve, reject) => making.push({ resolve, reject })));
});

const settle = () => new Promise((resolve) => setImmediate(resolve));
async function finish(): Promise<void> {
  making.shift()!.resolve(makeJpeg({ width: 64, height: 48 }));
  await settle();
}

test('each picture is made once for all, with the times of its own', async () => {
  const got: Frame[][] = [[], []];
  for (const own of got) smaller.subscribe((frame) => own.push(frame));
  const frame = feed.show(makePicture(LARGE));
  expect(making).toHaveLength(1);
  const single = smaller.of(frame);
  expect(making).toHaveLength(1);
  await finish();
  const { sequence, capturedAt, monotonic } = frame;
  expect(got[0]).toEqual([expect.objectContaining({ sequence, capturedAt, monotonic, width: 64, height: 48 })]);
  expect(got[1]![0]).toBe(got[0]![0]);
  expect(await single).toBe(got[0]![0]);
  expect(smaller.latest).toBe(got[0]![0]);
  expect(got[0]![0]!.jpeg).toEqual(makeJpeg({ width: 64, height: 48 }));
});

test('while one is being made the newest waits, and those between are left out', async () => {
  const got: number[] = [];
  smaller.subscribe(({ sequence }) => got.push(sequence));
  for (let count = 0; count < 4; count++) feed.show(makePicture(LARGE));
  expect(making).toHaveLength(1);
  await finish();
  expect(making).toHaveLength(1);
  await finish();
  expect([got, making]).toEqual([[1, 4], []]);
});

test('what is no wider stays as it is', async () => {
  const frame = new Frame(makePicture({ width: 64, height: 48 }), 1, 0, 0);
  expect(await smaller.of(frame)).toBe(frame);
  expect(making).toEqual([]);
});

test('a picture that cannot be made is left out; who asks for that one hears why', async () => {
  const got: number[] = [];
  smaller.subscribe(({ sequence }) => got.push(sequence));
  const frame = feed.show(makePicture(LARGE));
  const single = smaller.of(frame);
  making.shift()!.reject(new Error('broken'));
  await expect(single).rejects.toThrow('broken');
  await settle();
  feed.show(makePicture(LARGE));
  making.shift()!.resolve(Buffer.from('no picture'));
  await settle();
  feed.show(makePicture(LARGE));
  await finish();
  expect(got).toEqual([3]);
});

test('nothing is made when nobody is there, and what comes late is given to nobody', async () => {
  const got: number[] = [];
  const leave = smaller.subscribe(({ sequence }) => got.push(sequence));
  feed.show(makePicture(LARGE));
  feed.show(makePicture(LARGE));
  leave();
  await finish();
  feed.show(makePicture(LARGE));
  expect([got, making, smaller.latest]).toEqual([[], [], undefined]);
});

test('the last one is not kept for nobody', async () => {
  const leave = smaller.subscribe(() => {});
  const frame = feed.show(makePicture(LARGE));
  await finish();
  await smaller.of(frame);
  expect(making).toHaveLength(0);
  leave();
  void smaller.of(frame);
  expect(making).toHaveLength(1);
});
