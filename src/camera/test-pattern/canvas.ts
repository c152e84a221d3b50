import { GLYPH_HEIGHT, GLYPH_WIDTH, glyphOf } from './font.ts';

/** A colour, each value 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** How the camera is mounted: flips come first, then a clockwise rotation in degrees. */
export interface Orientation {
  readonly rotation: 0 | 90 | 180 | 270;
  /** Whether left and right change sides. */
  readonly hflip: boolean;
  /** Whether top and bottom change sides. */
  readonly vflip: boolean;
}

const UPRIGHT: Orientation = { rotation: 0, hflip: false, vflip: false };
const BYTES_PER_PIXEL = 3;
/** Pixels per font pixel from which on letters look better with slopes than with stairs. */
const SMOOTH_SCALE = 3;

/**
 * Draws upright rectangles into an RGB picture that is turned and mirrored. Turning each rectangle costs nothing,
 * turning each finished picture would cost as much as encoding it.
 */
export class Canvas {
  /** Width as drawn, before the rotation, pixels. */
  readonly width: number;
  /** Height as drawn, before the rotation, pixels. */
  readonly height: number;
  readonly #rowBytes: number;

  private constructor(
    /** Rows of RGB triples, without padding. */
    readonly pixels: Buffer,
    /** Width of the picture in {@link pixels}, pixels. */
    readonly pictureWidth: number,
    /** Its height, pixels. */
    readonly pictureHeight: number,
    private readonly orientation: Orientation,
  ) {
    const quarterTurn = orientation.rotation % 180 !== 0;
    this.width = quarterTurn ? pictureHeight : pictureWidth;
    this.height = quarterTurn ? pictureWidth : pictureHeight;
    this.#rowBytes = pictureWidth * BYTES_PER_PIXEL;
  }

  /** Returns a black picture to be drawn on as if it were `width` × `height` pixels. */
  static create(width: number, height: number, orientation: Orientation): Canvas {
    const pixels = Buffer.alloc(width * height * BYTES_PER_PIXEL);
    return orientation.rotation % 180 === 0
      ? new Canvas(pixels, width, height, orientation)
      : new Canvas(pixels, height, width, orientation);
  }

  /** Returns the same picture, to be drawn on as the viewer sees it. */
  upright(): Canvas {
    return new Canvas(this.pixels, this.pictureWidth, this.pictureHeight, UPRIGHT);
  }

  /** Fills a rectangle, in pixels; what lies outside is left out. Fractions are rounded down. */
  fill(x: number, y: number, width: number, height: number, [red, green, blue]: Rgb): void {
    const left = clamp(x, this.width);
    const top = clamp(y, this.height);
    const right = clamp(x + width, this.width);
    const bottom = clamp(y + height, this.height);
    if (right <= left || bottom <= top) return;
    const area = this.#turn(left, top, right - left, bottom - top);
    const { pixels } = this;
    const start = area.y * this.#rowBytes + area.x * BYTES_PER_PIXEL;
    const end = start + area.width * BYTES_PER_PIXEL;
    for (let at = start; at < end; at += BYTES_PER_PIXEL) {
      pixels[at] = red;
      pixels[at + 1] = green;
      pixels[at + 2] = blue;
    }
    for (let row = 1; row < area.height; row++) pixels.copyWithin(start + row * this.#rowBytes, start, end);
  }

  /** Draws a filled circle around a point. */
  disc(centreX: number, centreY: number, radius: number, colour: Rgb): void {
    for (let y = -radius; y < radius; y++) {
      const half = Math.round(Math.sqrt(radius ** 2 - (y + 0.5) ** 2));
      this.fill(centreX - half, centreY + y, 2 * half, 1, colour);
    }
  }

  /** Draws a straight stroke, `thickness` pixels wide. */
  line(fromX: number, fromY: number, toX: number, toY: number, thickness: number, colour: Rgb): void {
    const steps = Math.max(1, Math.ceil(Math.max(Math.abs(toX - fromX), Math.abs(toY - fromY))));
    for (let step = 0; step <= steps; step++) {
      const x = fromX + ((toX - fromX) * step) / steps;
      const y = fromY + ((toY - fromY) * step) / steps;
      this.fill(Math.round(x - thickness / 2), Math.round(y - thickness / 2), thickness, thickness, colour);
    }
  }

  /** Draws one character with its top left corner at a point; each font pixel is a square with sides of `scale` pixels. */
  glyph(x: number, y: number, scale: number, character: string, colour: Rgb): void {
    const rows = glyphOf(character);
    for (let row = 0; row < GLYPH_HEIGHT; row++) {
      let column = 0;
      while (column < GLYPH_WIDTH) {
        const from = column;
        while (column < GLYPH_WIDTH && isSet(rows, row, column)) column += 1;
        if (column > from) this.fill(x + from * scale, y + row * scale, (column - from) * scale, scale, colour);
        else column += 1;
      }
    }
    if (scale >= SMOOTH_SCALE) this.#smooth(rows, x, y, scale, colour);
  }

  /** Turns the stairs of slanting strokes into slopes: where squares touch at a corner only, both empty sides get a small triangle. */
  #smooth(rows: Uint8Array, x: number, y: number, scale: number, colour: Rgb): void {
    const leg = Math.floor(scale / 2);
    for (let row = 1; row < GLYPH_HEIGHT; row++) {
      for (let column = 1; column < GLYPH_WIDTH; column++) {
        const topLeft = isSet(rows, row - 1, column - 1);
        const topRight = isSet(rows, row - 1, column);
        const touching = topLeft !== topRight && isSet(rows, row, column) === topLeft && isSet(rows, row, column - 1) === topRight;
        if (!touching) continue;
        const cornerX = x + column * scale;
        const cornerY = y + row * scale;
        for (let step = 0; step < leg; step++) {
          const width = leg - step;
          this.fill(topLeft ? cornerX : cornerX - width, cornerY - 1 - step, width, 1, colour);
          this.fill(topLeft ? cornerX - width : cornerX, cornerY + step, width, 1, colour);
        }
      }
    }
  }

  /** Returns where an area of the drawing comes to lie in the picture. */
  #turn(left: number, top: number, width: number, height: number) {
    const { rotation, hflip, vflip } = this.orientation;
    const x = hflip ? this.width - left - width : left;
    const y = vflip ? this.height - top - height : top;
    switch (rotation) {
      case 0:
        return { x, y, width, height };
      case 90:
        return { x: this.height - y - height, y: x, width: height, height: width };
      case 180:
        return { x: this.width - x - width, y: this.height - y - height, width, height };
      case 270:
        return { x: y, y: this.width - x - width, width: height, height: width };
    }
  }
}

const clamp = (value: number, max: number): number => Math.max(0, Math.min(max, Math.floor(value)));

const isSet = (rows: Uint8Array, row: number, column: number): boolean => ((rows[row]! >> (GLYPH_WIDTH - 1 - column)) & 1) === 1;
