import { toAscii } from '../ascii.ts';
import type { CameraSettings } from '../settings.ts';
import { drawBackground, SWEEP_TRACK, sweepTop } from './background.ts';
import { Canvas, type Rgb } from './canvas.ts';
import { GLYPH_HEIGHT } from './font.ts';
import { ADVANCE, Label } from './label.ts';
import { Panel } from './panel.ts';
import { strftime } from './strftime.ts';

/** RTP/JPEG counts the picture in blocks of 8 pixels: RFC 2435, 3.1.5 and 3.1.6. */
const BLOCK = 8;
/** The smallest picture in which the clock can still be read. Pixels. */
const MIN_SIZE = 64;

const WHITE: Rgb = [255, 255, 255];
const NEARLY_BLACK: Rgb = [16, 16, 16];

/** How long the bar takes from left to right: short enough for a smooth movement, long enough to be seen moving at 1 fps. */
const SWEEP_MS = 5_000;
/** Width of the bar as a part of the picture's. */
const SWEEP_PART = 1 / 40;

/** One font pixel of the annotation for so many lines of the picture, and at least 2 where it fits. */
const ANNOTATION_LINES = 150;
const ANNOTATION_MIN_SCALE = 2;

/** The picture of the test pattern: drawn once, then brought up to date for each frame. */
export class Scene {
  readonly #canvas: Canvas;
  readonly #panel: Panel;
  readonly #format: string;
  readonly #annotate: string;
  readonly #corner: CameraSettings['annotatePosition'];
  #annotation: Label | undefined;
  /** Characters of the text that it was laid out for. */
  #laidOut = 0;
  #sweepX = 0;

  constructor({ width, height, fps, rotation, hflip, vflip, annotate, annotatePosition }: CameraSettings) {
    this.#canvas = Canvas.create(roundSize(width), roundSize(height), { rotation, hflip, vflip });
    this.#annotate = toAscii(annotate);
    this.#corner = annotatePosition;
    this.#format = `${this.width}x${this.height} ${fps} fps`;
    drawBackground(this.#canvas);
    this.#panel = new Panel(this.#canvas);
  }

  /** Rows of RGB triples. The same buffer for every frame. */
  get pixels(): Buffer {
    return this.#canvas.pixels;
  }

  /** Size of the picture, rotated. Pixels. */
  get width(): number {
    return this.#canvas.pictureWidth;
  }

  get height(): number {
    return this.#canvas.pictureHeight;
  }

  /**
   * @param time milliseconds since the Unix epoch
   * @param frame counts from 1
   */
  draw(time: number, frame: number): void {
    const date = new Date(time);
    this.#drawSweep(time);
    this.#panel.show({ date, frame, format: this.#format });
    if (this.#annotate === '') return;
    const text = strftime(this.#annotate, date);
    // At the right, a text that has grown ("Tuesday", "Wednesday") begins further left, over the one before.
    if (!this.#annotation || (this.#corner.endsWith('right') && text.length > this.#laidOut)) {
      this.#annotation = this.#layOutAnnotation(text);
      this.#laidOut = text.length;
    }
    // The bar runs through two corners, or four with the picture turned.
    this.#annotation.show(text, true);
  }

  #drawSweep(time: number): void {
    const { width, height } = this.#canvas;
    const top = sweepTop(height);
    const bar = Math.max(2, Math.round(SWEEP_PART * width));
    this.#canvas.fill(this.#sweepX, top, bar, height - top, SWEEP_TRACK);
    this.#sweepX = Math.round(((time % SWEEP_MS) / SWEEP_MS) * (width - bar));
    this.#canvas.fill(this.#sweepX, top, bar, height - top, WHITE);
  }

  /** Readable however the picture is turned, as with a camera, whose text is put in behind the lens and the sensor. */
  #layOutAnnotation(text: string): Label {
    const canvas = this.#canvas.upright();
    const wanted = Math.max(ANNOTATION_MIN_SCALE, Math.floor(canvas.height / ANNOTATION_LINES));
    // One font pixel of paper at the left and the right.
    const fitting = Math.floor(canvas.width / ([...text].length * ADVANCE + 1));
    const scale = Math.max(1, Math.min(wanted, fitting));
    const columns = Math.floor((canvas.width / scale - 1) / ADVANCE);
    const width = Math.min([...text].length, columns) * ADVANCE * scale;
    const x = this.#corner.endsWith('right') ? canvas.width - width : scale;
    const y = this.#corner.startsWith('lower') ? canvas.height - (GLYPH_HEIGHT + 1) * scale : scale;
    return new Label(canvas, x, y, columns, { scale, ink: WHITE, paper: NEARLY_BLACK });
  }
}

/** The next smaller multiple of the block size, and not below the minimum. */
const roundSize = (pixels: number): number => Math.max(MIN_SIZE, Math.floor(pixels / BLOCK) * BLOCK);
