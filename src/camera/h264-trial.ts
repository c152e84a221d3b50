import type { AppError } from '../core/errors.ts';

/** Captures that end before their first picture, for a reason that nobody knows, until H.264 is given up. */
const FRUITLESS = 2;

/** Finds out from its captures whether a camera gives H.264 in some way, since to try is to capture. */
export class H264Trial {
  #worked = false;
  #fruitless = 0;

  /** Notes that a picture has come: nothing that ends a later capture is held against it. */
  works(): void {
    this.#worked = true;
  }

  /**
   * Notes that a capture has ended before its first picture. Returns whether that shows that none will ever come.
   * @param error why it ended
   * @param refused whether the program has said that it cannot give H.264
   */
  hasFailed(error: AppError, refused: boolean): boolean {
    if (this.#worked) return false;
    // Any other reason (a camera that is in use or gone) would keep JPEGs from coming too.
    return refused || (error.code === 'CAPTURE_ENDED' && ++this.#fruitless >= FRUITLESS);
  }
}
