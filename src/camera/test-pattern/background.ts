import type { Canvas, Rgb } from './canvas.ts';

/** White, yellow, cyan, green, magenta, red and blue at 75 %, as on a television test card, then black. */
const BARS: readonly Rgb[] = [
  [191, 191, 191],
  [191, 191, 0],
  [0, 191, 191],
  [0, 191, 0],
  [191, 0, 191],
  [191, 0, 0],
  [0, 0, 191],
  [0, 0, 0],
];
/** The colour behind the sweeping bar. */
export const SWEEP_TRACK: Rgb = [30, 36, 56];
/** Steps of the grey scale, black and white included. */
const GREY_STEPS = 16;
/** Line widths of the resolution patches, pixels. */
const LINE_WIDTHS = [1, 2, 3, 4];
/** Black between two patches, pixels. */
const PATCH_GAP = 4;
/** Cycles per pixel at the right end of the frequency sweep: alternate pixels. */
const NYQUIST = 0.5;

/** Where the rows below the colour bars begin, as shares of the height: grey ramp, grey steps, fine lines, sweeping bar. */
const ROWS = { ramp: 0.72, steps: 0.79, detail: 0.86, sweep: 0.94 } as const;

/** Returns where the row of the sweeping bar begins, which goes to the bottom, pixels. */
export const sweepTop = (height: number): number => Math.round(ROWS.sweep * height);

/** Draws everything that stands still. */
export function drawBackground(canvas: Canvas): void {
  const { width, height } = canvas;
  const ramp = Math.round(ROWS.ramp * height);
  const steps = Math.round(ROWS.steps * height);
  const detail = Math.round(ROWS.detail * height);
  const sweep = sweepTop(height);
  drawColumns(canvas, BARS, 0, ramp);
  drawColumns(canvas, shades(width), ramp, steps - ramp);
  drawColumns(canvas, shades(GREY_STEPS).reverse(), steps, detail - steps);
  const half = Math.round(width / 2);
  drawFrequencySweep(canvas, 0, detail, half, sweep - detail);
  drawLinePatches(canvas, half, detail, width - half, sweep - detail);
  canvas.fill(0, sweep, width, height - sweep, SWEEP_TRACK);
}

/** Returns a shade of grey. @param share 0 is black, 1 white */
const grey = (share: number): Rgb => {
  const value = Math.round(255 * share);
  return [value, value, value];
};

/** Returns so many shades from black to white. */
const shades = (count: number): Rgb[] => Array.from({ length: count }, (_, index) => grey(index / (count - 1)));

/** Draws columns of equal width, side by side over the whole width. */
function drawColumns(canvas: Canvas, colours: readonly Rgb[], top: number, height: number): void {
  colours.forEach((colour, index) => {
    const left = Math.round((index * canvas.width) / colours.length);
    const right = Math.round(((index + 1) * canvas.width) / colours.length);
    canvas.fill(left, top, right - left, height, colour);
  });
}

/** Draws vertical lines that get finer from left to right, up to the finest that the picture can have. */
function drawFrequencySweep(canvas: Canvas, left: number, top: number, width: number, height: number): void {
  for (let x = 0; x < width; x++) {
    const cycles = (NYQUIST * x * x) / (2 * width);
    canvas.fill(left + x, top, 1, height, grey(0.5 + 0.5 * Math.cos(2 * Math.PI * cycles)));
  }
}

/** Draws patches of vertical, then of horizontal lines. */
function drawLinePatches(canvas: Canvas, left: number, top: number, width: number, height: number): void {
  const patch = width / (2 * LINE_WIDTHS.length);
  LINE_WIDTHS.forEach((line, index) => {
    const right = left + Math.floor((index + 1) * patch);
    for (let x = right - Math.floor(patch) + PATCH_GAP; x < right; x += 2 * line) {
      canvas.fill(x, top, Math.min(line, right - x), height, grey(1));
    }
    const across = left + Math.floor((LINE_WIDTHS.length + index) * patch) + PATCH_GAP;
    for (let y = 0; y < height; y += 2 * line) {
      canvas.fill(across, top + y, Math.floor(patch) - PATCH_GAP, Math.min(line, height - y), grey(1));
    }
  });
}
