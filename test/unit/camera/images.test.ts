import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { DEFAULT_CAMERA_SETTINGS } from '../../../src/camera/defaults.ts';
import { checkImagesDir, ImagesSource } from '../../../src/camera/images/source.ts';
import { HEADROOM, TAILROOM } from '../../../src/frames/frame.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { jpegOf, Recorder } from '../../support/recorder.ts';

const PERIOD = 100;
const SETTINGS = { ...DEFAULT_CAMERA_SETTINGS, fps: 10 };

/** Pictures are told apart by their widths: 8, 16, 24, … */
const jpegs: Buffer[] = [];
const picture = (number: number): Buffer => jpegs[number]!;

let dir: string;
const put = (name: string, bytes: Buffer) => writeFileSync(join(dir, name), bytes);
const remove = (name: string) => rmSync(join(dir, name));
/** Changes the folder, and resolves when the system has told those who watch it: the source, which began earlier, before us. */
const told = (change: () => void) =>
  new Promise<void>((resolve) => {
    const watcher = watch(dir, () => {
      watcher.close();
      resolve();
    });
    change();
  });

beforeAll(async () => {
  for (let number = 0; number < 6; number++) {
    const size = { width: 8 * (number + 1), height: 32, channels: 3 as const, background: 'teal' };
    jpegs.push(await sharp({ create: size }).jpeg().toBuffer());
  }
});

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'images-'));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

function begin() {
  const clock = new FakeClock();
  const recorder = new Recorder();
  const capture = new ImagesSource(dir, SETTINGS, clock).start(recorder);
  let wait = 0;
  /** Numbers of the next pictures. */
  const take = async (count: number): Promise<number[]> => {
    const numbers: number[] = [];
    while (numbers.length < count) {
      const next = recorder.nextPicture();
      await clock.advanceAsync(wait);
      wait = PERIOD;
      numbers.push((await next).width / 8 - 1);
    }
    return numbers;
  };
  const end = async () => {
    const ended = recorder.nextEnd();
    await clock.advanceAsync(wait);
    return ended;
  };
  return { clock, recorder, capture, take, end };
}

describe('ImagesSource', () => {
  test('says what it is and what it cannot do', () => {
    const source = new ImagesSource('/some/where', { ...SETTINGS, width: 640, hflip: true }, new FakeClock());
    expect(source).toMatchObject({
      kind: 'images',
      description: 'pictures in /some/where',
      captureFps: 10,
      unsupported: ['width', 'hflip'],
    });
  });

  test('shows .jpg and .jpeg files of any case in natural order, over again', async () => {
    put('f10.jpg', picture(3));
    put('f2.JPG', picture(1));
    put('f1.jpeg', picture(0));
    put('f3.Jpeg', picture(2));
    put('f0.png', picture(4));
    put('notes.jpg.txt', Buffer.from('no picture'));
    const { take, capture, recorder } = begin();
    expect(await take(6)).toEqual([0, 1, 2, 3, 0, 1]);
    await capture.stop();
    expect(recorder.notices).toEqual([]);
  });

  test('delivers the bytes of the file in a buffer; what follows the picture is cut off', async () => {
    put('a.jpg', Buffer.concat([picture(5), Buffer.alloc(1000, 0x20)]));
    const { take, capture, recorder } = begin();
    await take(1);
    await capture.stop();
    const shown = recorder.pictures[0]!;
    expect(shown).toMatchObject({ width: 48, height: 32, size: picture(5).length });
    expect(shown.buffer).toHaveLength(HEADROOM + shown.size + TAILROOM);
    expect(jpegOf(shown)).toEqual(picture(5));
  });

  test('a single picture is shown at the asked rate too', async () => {
    put('only.jpg', picture(2));
    const { take, capture, recorder } = begin();
    expect(await take(3)).toEqual([2, 2, 2]);
    await capture.stop();
    // Each viewer may still hold the one before.
    expect(recorder.pictures[0]!.buffer.buffer).not.toBe(recorder.pictures[1]!.buffer.buffer);
  });

  test('new files join with the next round, vanished ones leave at once', async () => {
    for (const number of [0, 1, 2]) put(`${number}.jpg`, picture(number));
    const { take, capture, recorder } = begin();
    expect(await take(1)).toEqual([0]);
    await told(() => {
      remove('1.jpg');
      put('0a.jpg', picture(4));
    });
    expect(await take(4)).toEqual([2, 0, 4, 2]);
    await capture.stop();
    expect(recorder.notices).toEqual([]);
  });

  test('all files replaced within a round: goes on with the new ones', async () => {
    put('0.jpg', picture(0));
    put('1.jpg', picture(1));
    const { take, capture } = begin();
    expect(await take(1)).toEqual([0]);
    await told(() => {
      remove('0.jpg');
      remove('1.jpg');
      put('9.jpg', picture(3));
    });
    expect(await take(2)).toEqual([3, 3]);
    await capture.stop();
  });

  test('bad files are skipped without a gap and named once', async () => {
    put('1-broken.jpg', picture(0).subarray(0, 200));
    put('2-empty.jpg', Buffer.alloc(0));
    put('3-large.jpg', picture(0));
    truncateSync(join(dir, '3-large.jpg'), 8 * 1024 * 1024 + 1);
    mkdirSync(join(dir, '4-folder.jpg'));
    execFileSync('mkfifo', [join(dir, '5-pipe.jpg')]);
    put('6.jpg', picture(3));
    const { take, capture, recorder } = begin();
    expect(await take(3)).toEqual([3, 3, 3]);
    await capture.stop();
    expect(new Set(recorder.notices.map(({ code }) => code))).toEqual(new Set(['BAD_PICTURE']));
    expect(recorder.notices.map(({ message }) => message.replace(`${dir}/`, ''))).toEqual([
      '1-broken.jpg: not a whole JPEG',
      '2-empty.jpg: not a whole JPEG',
      '3-large.jpg: larger than 8 MiB',
      '4-folder.jpg: not a file',
      '5-pipe.jpg: not a file',
    ]);
  });

  test('a file that was bad, became good and is bad again is named again', async () => {
    put('1.jpg', Buffer.from('bad'));
    put('2.jpg', picture(2));
    const { take, capture, recorder } = begin();
    expect(await take(2)).toEqual([2, 2]);
    await told(() => put('1.jpg', picture(1)));
    expect(await take(2)).toEqual([1, 2]);
    await told(() => put('1.jpg', Buffer.from('bad')));
    expect(await take(2)).toEqual([2, 2]);
    await told(() => remove('1.jpg'));
    expect(await take(1)).toEqual([2]);
    await told(() => put('1.jpg', Buffer.from('bad')));
    expect(await take(1)).toEqual([2]);
    await capture.stop();
    expect(recorder.notices).toHaveLength(3);
  });

  test.each<[string, () => unknown, string | RegExp]>([
    ['an empty folder', () => {}, 'There is no .jpg file in'],
    ['no folder', () => rmSync(dir, { recursive: true }), 'ENOENT'],
    ['one bad file', () => put('x.jpg', Buffer.from('x')), 'cannot be shown: x.jpg: not a whole JPEG.'],
    [
      'one that is too large',
      () => [put('x.jpg', picture(1)), truncateSync(join(dir, 'x.jpg'), 100 * 1024 * 1024)],
      'cannot be shown: x.jpg: larger than 8 MiB.',
    ],
    [
      'only bad files',
      () => ['x.jpg', 'y.jpg'].map((name) => put(name, Buffer.from(name))),
      /None of the 2 .jpg files in .* can be shown; the first one is x.jpg: not a whole JPEG\./,
    ],
  ])('%s is the end, told once; a later start looks again', async (_name, prepare, message) => {
    prepare();
    const { clock, recorder, end, capture } = begin();
    expect(await end()).toMatchObject({ code: 'NO_PICTURES', message: expect.stringMatching(message) });
    await clock.advanceAsync(1000);
    await capture.stop();
    expect(recorder.ends).toHaveLength(1);
    expect(clock.pending).toBe(0);

    mkdirSync(dir, { recursive: true });
    put('good.jpg', picture(1));
    const later = begin();
    expect(await later.take(1)).toEqual([1]);
    await later.capture.stop();
  });

  test('a folder that is emptied meanwhile is the end', async () => {
    put('0.jpg', picture(0));
    const { take, end } = begin();
    await take(2);
    await told(() => remove('0.jpg'));
    expect((await end()).code).toBe('NO_PICTURES');
  });

  test.each([
    ['good', () => picture(1)],
    ['bad', () => Buffer.from('bad')],
  ])('stop() while a %s file is being read: nothing comes of it', async (_name, content) => {
    put('0.jpg', picture(0));
    put('1.jpg', content());
    const { clock, recorder, capture, take } = begin();
    await take(1);
    await new Promise((resolve) => setImmediate(resolve));
    // Turned without a pause, so that reading has begun and not ended.
    clock.advance(PERIOD);
    await capture.stop();
    await capture.stop();
    await clock.advanceAsync(1000);
    expect(recorder).toMatchObject({ pictures: { length: 1 }, notices: [], ends: [] });
    expect(clock.pending).toBe(0);
  });
});

describe('checkImagesDir', () => {
  test('is content with one good picture', async () => {
    put('bad.jpg', Buffer.from('bad'));
    put('good.jpg', picture(0));
    await expect(checkImagesDir(dir)).resolves.toBeUndefined();
  });

  test('throws NO_PICTURES where there is nothing to show', async () => {
    await expect(checkImagesDir(dir)).rejects.toMatchObject({ code: 'NO_PICTURES', exitCode: 4 });
    put('bad.jpg', Buffer.from('bad'));
    await expect(checkImagesDir(dir)).rejects.toMatchObject({ code: 'NO_PICTURES' });
    await expect(checkImagesDir(join(dir, 'nowhere'))).rejects.toMatchObject({ code: 'NO_PICTURES' });
  });
});
