import { toAscii } from '../ascii.ts';
import type { CameraSettings } from '../settings.ts';
import { drawBackground, SWEEP_TRACK, sweepTop } from './background.ts';
import { Canvas, type Rgb } from './canvas.ts';
import { GLYPH_HEIGHT } from './font.ts';
import { ADVANCE, Label } from './label.ts';
import { Panel } from './panel.ts';
import { strftime } from './strftime.ts';

/** Pixels that RTP/JPEG counts a picture's sides in (RFC 2435, 3.1.5 and 3.1.6). */
const BLOCK = 8;
/** Least side of a picture in which the clock can still be read, pixels. */
const MIN_SIZE = 64;

const WHITE: Rgb = [255, 255, 255];
const NEARLY_BLACK: Rgb = [16, 16, 16];

/** How long the bar takes from left to right, milliseconds: short enough for a smooth movement, long enough to be seen moving at 1 fps. */
const SWEEP_MS = 5_000;
/** Width of the bar as a share of the picture's. */
const SWEEP_SHARE = 1 / 40;

/** Lines of the picture for which a font pixel of the annotation is one pixel high; at least {@link ANNOTATION_MIN_SCALE} where it fits. */
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
  /** Length of the text that the annotation was laid out for, characters. */
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

  /** Rows of RGB triples, without padding. The same buffer for every frame. */
  get pixels(): Buffer {
    return this.#canvas.pixels;
  }

  /** Width of the picture as rotated, pixels. */
  get width(): number {
    return this.#canvas.pictureWidth;
  }

  /** Height of the picture as rotated, pixels. */
  get height(): number {
    return this.#canvas.pictureHeight;
  }

  /**
   * Brings the picture up to date.
   * @param time milliseconds since the Unix epoch
   * @param frame number of the frame, from 1
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
    const bar = Math.max(2, Math.round(SWEEP_SHARE * width));
    this.#canvas.fill(this.#sweepX, top, bar, height - top, SWEEP_TRACK);
    this.#sweepX = Math.round(((time % SWEEP_MS) / SWEEP_MS) * (width - bar));
    this.#canvas.fill(this.#sweepX, top, bar, height - top, WHITE);
  }

  /**
   * Returns the label of the annotation: readable however the picture is turned, as with a camera, whose text is put in behind the
   * lens and the sensor.
   */
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

/** Returns the next smaller multiple of the block size, and not less than the minimum, pixels. */
const roundSize = (pixels: number): number => Math.max(MIN_SIZE, Math.floor(pixels / BLOCK) * BLOCK);
