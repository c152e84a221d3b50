import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type JpegOptions, type Sharp } from 'sharp';

/** As RTP can carry it without encoding it anew. */
export const PLAIN: JpegOptions = { quality: 85, progressive: false, optimiseCoding: false, chromaSubsampling: '4:2:0' };

/** A folder of pictures for `--source images:`; the caller removes it. */
export class PictureFolder {
  readonly dir = mkdtempSync(join(tmpdir(), 'pictures-'));

  add(jpegs: readonly Buffer[]): this {
    for (const [at, jpeg] of jpegs.entries()) writeFileSync(join(this.dir, `p${at}.jpg`), jpeg);
    return this;
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A soft pattern of waves, another one for each `seed`. */
export function waves(width: number, height: number, seed: number): Sharp {
  return drawing(width, height, (x, y) => [
    128 + 100 * Math.sin(x / 31 + seed),
    128 + 100 * Math.sin(y / 23 + 2 * seed),
    128 + 100 * Math.sin((x + y) / 41 + 3 * seed),
  ]);
}

/** Red, green and blue of the bars that {@link colourBars} draws, from left to right. */
export const BARS = [
  [235, 235, 235],
  [200, 190, 20],
  [20, 190, 200],
  [30, 180, 30],
  [190, 40, 190],
  [200, 30, 30],
  [30, 40, 200],
  [20, 20, 20],
] as const;

/** Upright bars of one colour each. */
export const colourBars = (width: number, height: number): Sharp =>
  drawing(width, height, (x) => BARS[Math.floor((x * BARS.length) / width)]!);

/** One level of grey. */
export const grey = (width: number, height: number, level: number): Sharp => drawing(width, height, () => [level, level, level]);

/** Noise on a moving ramp: costs an encoder as many bits as it is given. */
export function noise(width: number, height: number, seed: number): Sharp {
  let state = seed + 1;
  return drawing(width, height, (x, y) => {
    // The generator of Numerical Recipes; the low bits repeat too soon.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const level = ((x + y + 16 * seed) % 256) / 2 + (state >>> 25);
    return [level, level, level];
  });
}

/** A yard in which nothing moves for 30 pictures, and something walks through for 10. */
export function yardWithWalker(): Promise<Buffer[]> {
  const yard = sharp({ create: { width: 640, height: 480, channels: 3, background: '#999' } });
  const walker = { create: { width: 96, height: 160, channels: 3, background: '#222' } } as const;
  const still = Array.from({ length: 30 }, () => yard.clone().jpeg(PLAIN).toBuffer());
  const moving = Array.from({ length: 10 }, (_, k) =>
    yard
      .clone()
      .composite([{ input: walker, left: 40 * k, top: 200 }])
      .jpeg(PLAIN)
      .toBuffer(),
  );
  return Promise.all([...still, ...moving]);
}

function drawing(width: number, height: number, colour: (x: number, y: number) => readonly [number, number, number]): Sharp {
  const pixels = Buffer.allocUnsafe(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) for (const value of colour(x, y)) pixels[at++] = value;
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}
