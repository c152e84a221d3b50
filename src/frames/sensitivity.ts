/** What counts as motion, whatever looks for it. */
export interface Sensitivity {
  /** From 1 (only what stands out) to 100 (the faintest change). */
  readonly sensitivity: number;
  /** Area of the smallest thing that counts, as a share of the picture, 0 to 1. */
  readonly smallestArea: number;
}

/**
 * Returns the levels of grey that a pixel has to change by: each step of the sensitivity lowers it by the same factor.
 * @param sensitivity 1 to 100
 * @param ends the level at 1, and that at 100
 */
export const levelFor = (sensitivity: number, ends: { readonly insensitive: number; readonly sensitive: number }): number =>
  ends.insensitive * (ends.sensitive / ends.insensitive) ** ((sensitivity - 1) / 99);
