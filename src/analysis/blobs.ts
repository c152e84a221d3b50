import type { Size } from '../frames/size.ts';

/** A group of pixels that hang together, with the box around it; all numbers are pixels. */
export interface Blob {
  /** How many pixels it has. */
  area: number;
  /** How many of its pixels changed since the picture before. */
  moving: number;
  /** Columns and rows of its outermost pixels. */
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** How many of the 3 × 3 pixels around one must be marked for it to stay marked: what is thin or alone is noise, or rain. */
const MAJORITY = 5;

/** Returns the marks without what is thinner than two pixels, and with holes as small closed. */
export function majority(marks: Uint8Array, { width, height }: Size): Uint8Array {
  const kept = new Uint8Array(marks.length);
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1, at = y * width + 1; x < width - 1; x++, at++) {
      const above = marks[at - width - 1]! + marks[at - width]! + marks[at - width + 1]!;
      const beside = marks[at - 1]! + marks[at]! + marks[at + 1]!;
      const below = marks[at + width - 1]! + marks[at + width]! + marks[at + width + 1]!;
      if (above + beside + below >= MAJORITY) kept[at] = 1;
    }
  }
  return kept;
}

/**
 * Returns the groups of marked pixels; two belong together where their sides or corners touch.
 * @param marks 1 where a pixel is marked; 0 everywhere when this returns
 * @param moving 1 where a pixel changed since the picture before
 */
export function takeBlobs(marks: Uint8Array, moving: Uint8Array, { width, height }: Size): Blob[] {
  const blobs: Blob[] = [];
  const open: number[] = [];
  for (let start = 0; start < marks.length; start++) {
    if (marks[start] === 0) continue;
    const blob: Blob = { area: 0, moving: 0, left: width, right: 0, top: height, bottom: 0 };
    marks[start] = 0;
    open.push(start);
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const x = at % width;
      const y = (at - x) / width;
      blob.area++;
      blob.moving += moving[at]!;
      blob.left = Math.min(blob.left, x);
      blob.right = Math.max(blob.right, x);
      blob.top = Math.min(blob.top, y);
      blob.bottom = Math.max(blob.bottom, y);
      for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++) {
        for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
          const next = ny * width + nx;
          if (marks[next] === 0) continue;
          marks[next] = 0;
          open.push(next);
        }
      }
    }
    blobs.push(blob);
  }
  return blobs;
}

/** Returns whether two lie no further from each other than this many pixels. */
export const areNear = (a: Blob, b: Blob, distance: number): boolean =>
  a.left - distance <= b.right && b.left - distance <= a.right && a.top - distance <= b.bottom && b.top - distance <= a.bottom;
