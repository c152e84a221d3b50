import type { AppError } from '../core/errors.ts';

/** Captures that end before their first picture, for a reason that nobody knows, until it is given up. */
const FRUITLESS = 2;

/** Finds out whether a camera gives H.264 in some way: by its captures, since to try is to capture. */
export class H264Trial {
  #worked = false;
  #fruitless = 0;

  /** A picture has come: from now on nothing that ends a capture is held against it. */
  works(): void {
    this.#worked = true;
  }

  /**
   * A capture has ended before its first picture. Returns whether that shows that none will ever come.
   * @param refused the program has said that it cannot
   */
  hasFailed(error: AppError, refused: boolean): boolean {
    if (this.#worked) return false;
    // All else (a camera that is in use or gone) would keep JPEGs from coming, too.
    return refused || (error.code === 'CAPTURE_ENDED' && ++this.#fruitless >= FRUITLESS);
  }
}
