import type { Canvas, Rgb } from './canvas.ts';
import { Dial } from './dial.ts';
import { ADVANCE, Label } from './label.ts';
import { strftime } from './strftime.ts';

const PAPER: Rgb = [14, 16, 20];
const EDGE: Rgb = [150, 156, 164];
const BRIGHT: Rgb = [255, 255, 255];
const SOFT: Rgb = [176, 208, 255];

/** The layout in font pixels of the small text, which become squares of `scale` pixels. */
const PAD = 4;
const GAP = 5;
const CLOCK_SCALE = 2;
/** "HH:MM:SS.d". */
const CLOCK_COLUMNS = 10;
/** Without the space behind the last character. */
const CLOCK_WIDTH = CLOCK_SCALE * (CLOCK_COLUMNS * ADVANCE - 1);
const CLOCK_HEIGHT = CLOCK_SCALE * 7;
/** "1920x1080 30 fps" */
const LINE_COLUMNS = 16;
const LINE_WIDTH = LINE_COLUMNS * ADVANCE - 1;
const LINE_STEP = 11;
const DIAL_SIZE = 30;
const WIDTH = PAD + DIAL_SIZE + GAP + LINE_WIDTH + PAD;
const HEIGHT = PAD + CLOCK_HEIGHT + GAP + DIAL_SIZE + PAD;
/** Most of the picture's width and height that the panel takes, and where its middle lies, as shares of them. */
const SHARE_X = 0.94;
const SHARE_Y = 0.5;
const MIDDLE_Y = 0.4;

/** What the panel shows of one picture. */
export interface PanelText {
  /** When it was taken. */
  readonly date: Date;
  /** Its number. */
  readonly frame: number;
  /** "1280x720 15 fps" */
  readonly format: string;
}

/** The dark panel in the middle of the picture: clock, second hand, date, frame number, format. */
export class Panel {
  readonly #clock: Label;
  readonly #lines: readonly Label[];
  readonly #dial: Dial | undefined;

  constructor(canvas: Canvas) {
    const scale = Math.floor(Math.min((SHARE_X * canvas.width) / WIDTH, (SHARE_Y * canvas.height) / HEIGHT));
    if (scale === 0) {
      ({ clock: this.#clock, lines: this.#lines } = layOutSmall(canvas));
      return;
    }
    const left = Math.round((canvas.width - WIDTH * scale) / 2);
    const top = Math.round(MIDDLE_Y * canvas.height - (HEIGHT * scale) / 2);
    drawBox(canvas, left, top, WIDTH * scale, HEIGHT * scale, scale);
    const clockX = left + Math.round(((WIDTH - CLOCK_WIDTH) * scale) / 2);
    this.#clock = new Label(canvas, clockX, top + PAD * scale, CLOCK_COLUMNS, { scale: CLOCK_SCALE * scale, ink: BRIGHT, paper: PAPER });
    const lower = top + (PAD + CLOCK_HEIGHT + GAP) * scale;
    const radius = (DIAL_SIZE * scale) / 2;
    this.#dial = new Dial(canvas, left + PAD * scale + radius, lower + radius, radius);
    const lineX = left + (PAD + DIAL_SIZE + GAP) * scale;
    this.#lines = [0, 1, 2].map(
      (line) => new Label(canvas, lineX, lower + line * LINE_STEP * scale, LINE_COLUMNS, { scale, ink: SOFT, paper: PAPER }),
    );
  }

  /** Brings the panel up to date. */
  show({ date, frame, format }: PanelText): void {
    const tenth = Math.floor(date.getMilliseconds() / 100);
    this.#clock.show(`${strftime('%T', date)}.${tenth}`);
    const texts = [this.#frameText(frame), strftime('%F %a', date), format];
    this.#lines.forEach((line, index) => {
      line.show(texts[index]!);
    });
    this.#dial?.show(date.getSeconds() + date.getMilliseconds() / 1000);
  }

  #frameText(frame: number): string {
    return this.#dial ? `FRAME ${String(frame).padStart(LINE_COLUMNS - 'FRAME '.length)}` : String(frame).padStart(CLOCK_COLUMNS);
  }
}

/** Returns the labels for pictures in which the panel does not fit: clock and frame number in the smallest letters. */
function layOutSmall(canvas: Canvas) {
  const x = Math.round((canvas.width - CLOCK_WIDTH / CLOCK_SCALE) / 2);
  const middle = Math.round(MIDDLE_Y * canvas.height);
  const style = { scale: 1, ink: BRIGHT, paper: PAPER };
  return {
    clock: new Label(canvas, x, middle - 10, CLOCK_COLUMNS, style),
    lines: [new Label(canvas, x, middle, CLOCK_COLUMNS, style)],
  };
}

function drawBox(canvas: Canvas, x: number, y: number, width: number, height: number, border: number): void {
  canvas.fill(x - border, y - border, width + 2 * border, height + 2 * border, EDGE);
  canvas.fill(x, y, width, height, PAPER);
}
