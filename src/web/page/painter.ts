import { LatestOnly } from './latest-only.ts';
import type { Part } from './multipart.ts';

/**
 * Paints pictures on a canvas of the picture's own size; CSS fits it into the page, so it is as sharp as the screen allows.
 * Shows the newest picture only.
 */
export class Painter {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #onPainted: (width: number, height: number) => void;
  readonly #pictures = new LatestOnly<Part>((part) => this.#paint(part));

  constructor(canvas: HTMLCanvasElement, onPainted: (width: number, height: number) => void) {
    const context = canvas.getContext('2d', { alpha: false });
    if (context === null) throw new Error('this browser has no canvas');
    this.#canvas = canvas;
    this.#context = context;
    this.#onPainted = onPainted;
  }

  /** Paints a picture, unless a newer one comes before the device is free. */
  show(part: Part): void {
    this.#pictures.offer(part);
  }

  async #paint(part: Part): Promise<void> {
    // A damaged picture is passed over: the next one comes soon.
    const bitmap = await createImageBitmap(new Blob([part.body], { type: 'image/jpeg' })).catch(() => undefined);
    if (bitmap === undefined) return;
    const { width, height } = bitmap;
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
    }
    this.#context.drawImage(bitmap, 0, 0);
    bitmap.close();
    this.#onPainted(width, height);
  }
}
