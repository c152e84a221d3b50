import type { Canvas, Rgb } from './canvas.ts';
import { GLYPH_HEIGHT, GLYPH_WIDTH } from './font.ts';

/** Distance from one character to the next, font pixels. */
export const ADVANCE = GLYPH_WIDTH + 1;

/** The size and colours of a text. */
export interface LabelStyle {
  /** Pixels per font pixel. */
  readonly scale: number;
  /** Colour of the letters. */
  readonly ink: Rgb;
  /** Colour behind them. */
  readonly paper: Rgb;
}

/** A line of text on its own paper. Only characters that changed since the last time are drawn. */
export class Label {
  #shown: string[] = [];

  /**
   * @param x left edge of the first character; the paper reaches one font pixel further on every side
   * @param y top edge of the characters
   * @param columns most characters; the rest is cut off
   */
  constructor(
    private readonly canvas: Canvas,
    private readonly x: number,
    private readonly y: number,
    private readonly columns: number,
    private readonly style: LabelStyle,
  ) {}

  /** Shows a text in place of the one before. @param anew whether all of it is drawn, since something else was drawn over it */
  show(text: string, anew = false): void {
    if (anew) this.#shown = this.#shown.map(() => '');
    const characters = [...text].slice(0, this.columns);
    const { scale, ink, paper } = this.style;
    for (let column = 0; column < Math.max(characters.length, this.#shown.length); column++) {
      const character = characters[column] ?? ' ';
      if (character === this.#shown[column]) continue;
      this.#shown[column] = character;
      const x = this.x + column * ADVANCE * scale;
      this.canvas.fill(x - scale, this.y - scale, (ADVANCE + 1) * scale, (GLYPH_HEIGHT + 2) * scale, paper);
      this.canvas.glyph(x, this.y, scale, character, ink);
    }
  }
}
