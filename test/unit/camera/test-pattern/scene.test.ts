import { describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { DEFAULT_CAMERA_SETTINGS } from '../../../../src/camera/defaults.ts';
import type { CameraSettings } from '../../../../src/camera/settings.ts';
import { glyphOf } from '../../../../src/camera/test-pattern/font.ts';
import { Scene } from '../../../../src/camera/test-pattern/scene.ts';

const TIME = new Date(2024, 4, 20, 9, 5, 7, 250).getTime();

interface Rgb {
  readonly pixels: Buffer;
  readonly width: number;
  readonly height: number;
}

function draw(settings: Partial<CameraSettings>, time = TIME, frame = 1): Scene {
  const scene = new Scene({ ...DEFAULT_CAMERA_SETTINGS, ...settings });
  scene.draw(time, frame);
  return scene;
}

const copy = ({ pixels, width, height }: Rgb): Rgb => ({ pixels: Buffer.from(pixels), width, height });

function isBright({ pixels, width }: Rgb, x: number, y: number): boolean {
  const at = (y * width + x) * 3;
  return pixels[at]! + pixels[at + 1]! + pixels[at + 2]! > 384;
}

/** Does `text` stand there, read at the middle of each font pixel? */
function standsAt(picture: Rgb, text: string, scale: number, left: number, top: number): boolean {
  return [...text].every((character, index) =>
    glyphOf(character).every((bits, row) =>
      [0, 1, 2, 3, 4].every((column) => {
        const x = left + Math.floor((index * 6 + column + 0.5) * scale);
        const y = top + Math.floor((row + 0.5) * scale);
        return isBright(picture, x, y) === ((bits >> (4 - column)) & 1) > 0;
      }),
    ),
  );
}

/** Where `text` stands, if anywhere. */
function find(picture: Rgb, text: string, scale: number): { x: number; y: number } | undefined {
  for (let y = 0; y + 8 * scale <= picture.height; y++) {
    for (let x = 0; x + (text.length * 6 - 1) * scale <= picture.width; x++) {
      if (standsAt(picture, text, scale, x, y)) return { x, y };
    }
  }
  return undefined;
}

/** The smallest box around all pixels that differ. */
function difference(one: Rgb, other: Rgb) {
  const xs: number[] = [];
  const ys: number[] = [];
  for (let at = 0; at < one.pixels.length; at++) {
    if (one.pixels[at] === other.pixels[at]) continue;
    const pixel = Math.floor(at / 3);
    xs.push(pixel % one.width);
    ys.push(Math.floor(pixel / one.width));
  }
  const least = (values: number[]) => values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const most = (values: number[]) => values.reduce((a, b) => Math.max(a, b), -1);
  return { count: xs.length, left: least(xs), top: least(ys), right: most(xs), bottom: most(ys) };
}

describe('Scene', () => {
  test.each([
    [1280, 720, 1280, 720],
    [642, 362, 640, 360],
    [10, 1, 64, 64],
    [71, 79, 64, 72],
  ])('%d × %d is drawn as %d × %d', (width, height, realWidth, realHeight) => {
    const scene = draw({ width, height });
    expect([scene.width, scene.height]).toEqual([realWidth, realHeight]);
    expect(scene.pixels).toHaveLength(realWidth * realHeight * 3);
  });

  test('a quarter turn swaps width and height', () => {
    const scene = draw({ width: 320, height: 240, rotation: 90 });
    expect([scene.width, scene.height]).toEqual([240, 320]);
    expect([draw({ rotation: 270 }).width, draw({ rotation: 180 }).width]).toEqual([720, 1280]);
  });

  test.each([
    [320, 240, 2],
    [1280, 720, 6],
  ])('at %d × %d one can read the clock, frame number, date, size and rate', (width, height, scale) => {
    const scene = draw({ width, height, fps: 12 }, TIME, 4711);
    expect(find(scene, '09:05:07.2', 2 * scale)).toBeDefined();
    for (const text of ['FRAME', '4711', '2024-05-20 Mon', `${width}x${height} 12 fps`]) expect(find(scene, text, scale)).toBeDefined();
    expect(find(scene, '09:05:07.3', 2 * scale)).toBeUndefined();
  });

  test('the smallest picture still shows the clock and the frame number', () => {
    const scene = draw({ width: 64, height: 64 }, TIME, 42);
    expect(find(scene, '09:05:07.2', 1)).toBeDefined();
    expect(find(scene, '42', 1)).toBeDefined();
  });

  test('tenths are cut, not rounded', () => {
    const scene = draw({ width: 320, height: 240 }, TIME + 49);
    expect(find(scene, '09:05:07.2', 4)).toBeDefined();
  });

  test('a picture drawn over others is the same as one drawn afresh', () => {
    const settings = { width: 320, height: 240, annotate: '%A %s' };
    const scene = draw(settings);
    for (let step = 1; step <= 40; step++) scene.draw(TIME + step * 3_777, step);
    const day = 86_400_000;
    scene.draw(TIME + 2 * day, 99);
    const fresh = new Scene({ ...DEFAULT_CAMERA_SETTINGS, ...settings });
    fresh.draw(TIME + 2 * day, 99);
    expect(scene.pixels.equals(fresh.pixels)).toBe(true);
  });

  test('moves at any rate: clock, second hand and bar within a second, the frame number even if time stands', () => {
    const scene = draw({ width: 320, height: 240 });
    const before = copy(scene);
    scene.draw(TIME + 1000, 1);
    const moved = difference(before, scene);
    // The bar runs along the lower edge, the clock is in the upper half.
    expect(moved.bottom).toBe(239);
    expect(moved.top).toBeLessThan(120);
    const standing = copy(scene);
    scene.draw(TIME + 1000, 2);
    expect(difference(standing, scene).count).toBeGreaterThan(0);
  });

  test.each<[CameraSettings['rotation'], boolean, boolean]>([
    [90, false, false],
    [180, false, false],
    [270, false, false],
    [0, true, false],
    [0, false, true],
    [90, true, false],
    [270, true, true],
  ])('rotation %d, hflip %s, vflip %s: flipped, then turned clockwise', async (rotation, hflip, vflip) => {
    const size = { width: 320, height: 320 };
    const plain = draw(size);
    const raw = { raw: { ...size, channels: 3 as const } };
    const flipped = await sharp(plain.pixels, raw).flop(hflip).flip(vflip).raw().toBuffer();
    const turned = await sharp(flipped, raw).rotate(rotation).raw().toBuffer();
    expect(draw({ ...size, rotation, hflip, vflip }).pixels.equals(turned)).toBe(true);
  });
});

describe('annotate', () => {
  test.each([
    ['upper-left', 3, 3],
    ['upper-right', 640 - 3 * 6 * 3, 3],
    ['lower-left', 3, 480 - 9 * 3],
    ['lower-right', 640 - 3 * 6 * 3, 480 - 9 * 3],
  ] as const)('stands in the corner %s, whatever way the picture is turned', (annotatePosition, x, y) => {
    const scene = draw({ width: 640, height: 480, hflip: true, annotate: 'Hof', annotatePosition });
    expect(standsAt(scene, 'Hof', 3, x, y)).toBe(true);
  });

  test('a text at the right that grows at midnight is seen whole', () => {
    const settings = { width: 640, height: 480, annotate: '%A', annotatePosition: 'upper-right' } as const;
    const scene = draw(settings, new Date(2024, 4, 21, 12).getTime());
    expect(standsAt(scene, 'Tuesday', 3, 640 - 7 * 6 * 3, 3)).toBe(true);
    scene.draw(new Date(2024, 4, 22, 12).getTime(), 2);
    expect(standsAt(scene, 'Wednesday', 3, 640 - 9 * 6 * 3, 3)).toBe(true);
  });

  test('stands at the top left on a dark box and changes nothing else', () => {
    const size = { width: 640, height: 480 };
    const scene = draw({ ...size, annotate: '%F %T Garten' });
    expect(standsAt(scene, '2024-05-20 09:05:07 Garten', 3, 3, 3)).toBe(true);
    expect(difference(draw(size), scene)).toMatchObject({ left: 0, top: 0, bottom: 29, right: 26 * 18 + 2 });
  });

  test('follows the time', () => {
    const scene = draw({ width: 640, height: 480, annotate: '%T' });
    scene.draw(TIME + 1000, 2);
    expect(standsAt(scene, '09:05:08', 3, 3, 3)).toBe(true);
  });

  test('can be read however the picture is turned', () => {
    const scene = draw({ width: 640, height: 480, rotation: 90, hflip: true, annotate: 'Hof' });
    expect(standsAt(scene, 'Hof', 4, 4, 4)).toBe(true);
  });

  test('long text is written smaller, and cut only when it is too long for the smallest letters', () => {
    expect(standsAt(draw({ width: 640, height: 480, annotate: 'x'.repeat(50) }), 'x'.repeat(50), 2, 2, 2)).toBe(true);
    const cut = draw({ width: 64, height: 64, annotate: 'abcdefghijklmnop' });
    expect(standsAt(cut, 'abcdefghij', 1, 1, 1)).toBe(true);
  });

  test('letters with accents are drawn without, what has no letter here as a question mark', () => {
    expect(standsAt(draw({ width: 640, height: 480, annotate: 'Tür é 😀' }), 'Tuer e ?', 3, 3, 3)).toBe(true);
  });

  test('shorter text leaves nothing of the longer one behind', () => {
    const wednesday = new Date(2024, 4, 22).getTime();
    const scene = draw({ width: 640, height: 480, annotate: '%A' }, wednesday);
    scene.draw(new Date(2024, 4, 20).getTime(), 2);
    expect(standsAt(scene, 'Monday   ', 3, 3, 3)).toBe(true);
  });
});
