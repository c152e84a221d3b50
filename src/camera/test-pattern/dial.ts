import type { Canvas, Rgb } from './canvas.ts';

const FACE: Rgb = [36, 40, 48];
const RIM: Rgb = [150, 156, 164];
const HAND: Rgb = [255, 90, 60];
const MARKS = 12;
const SECONDS = 60;
const FULL_TURN = 2 * Math.PI;
/** Shares of the radius. */
const FACE_SHARE = 0.94;
const MARK_FROM = 0.82;
const HAND_LENGTH = 0.74;
const HAND_THICKNESS = 0.09;

/** A clock face with a second hand that moves without steps. */
export class Dial {
  readonly #thickness: number;
  #shown: { x: number; y: number };

  constructor(
    private readonly canvas: Canvas,
    private readonly centreX: number,
    private readonly centreY: number,
    private readonly radius: number,
  ) {
    this.#shown = { x: centreX, y: centreY };
    this.#thickness = Math.max(1, Math.round(HAND_THICKNESS * radius));
    canvas.disc(centreX, centreY, radius, RIM);
    canvas.disc(centreX, centreY, Math.round(FACE_SHARE * radius), FACE);
    for (let mark = 0; mark < MARKS; mark++) {
      const inner = this.#point(mark / MARKS, MARK_FROM);
      const outer = this.#point(mark / MARKS, FACE_SHARE);
      canvas.line(inner.x, inner.y, outer.x, outer.y, Math.max(1, Math.floor(this.#thickness / 2)), RIM);
    }
  }

  /** Moves the hand. @param seconds of the minute, with fractions */
  show(seconds: number): void {
    this.#draw(FACE);
    this.#shown = this.#point(seconds / SECONDS, HAND_LENGTH);
    this.#draw(HAND);
  }

  #draw(colour: Rgb): void {
    this.canvas.line(this.centreX, this.centreY, this.#shown.x, this.#shown.y, this.#thickness, colour);
  }

  /**
   * Returns a point of the dial.
   * @param turn share of a turn from the top, clockwise
   * @param distance from the centre, as a share of the radius
   */
  #point(turn: number, distance: number) {
    const angle = FULL_TURN * turn;
    return {
      x: this.centreX + distance * this.radius * Math.sin(angle),
      y: this.centreY - distance * this.radius * Math.cos(angle),
    };
  }
}
