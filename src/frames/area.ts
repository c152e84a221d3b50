/** A rectangle of a picture, as shares of its sides, 0 to 1; x and y are those of its upper left corner. */
export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The area of the whole picture. */
export const WHOLE: Area = { x: 0, y: 0, width: 1, height: 1 };

/** Returns the area that "X,Y,WIDTH,HEIGHT" stands for; undefined where that is no rectangle inside the picture. */
export function readArea(text: string): Area | undefined {
  const numbers = text.split(',');
  if (numbers.length !== 4 || !numbers.every((each) => /^\s*(\d+\.?\d*|\.\d+)\s*$/.test(each))) return undefined;
  const [x = 0, y = 0, width = 0, height = 0] = numbers.map(Number);
  // A third and two thirds, written in decimals, may make a little more than one.
  const fits = (start: number, length: number) => length > 0 && start < 1 && start + length <= 1.0001;
  return fits(x, width) && fits(y, height) ? { x, y, width: Math.min(width, 1 - x), height: Math.min(height, 1 - y) } : undefined;
}

/** Words for what {@link readArea} reads, to follow "must be". */
export const AREAS = 'rectangles X,Y,WIDTH,HEIGHT inside the picture, each number from 0 to 1';
/** Returns whether {@link readArea} reads a text. */
export const isArea = (text: string): boolean => readArea(text) !== undefined;

/** Returns what is left of an area where another one is cut out: up to four rectangles that do not overlap. */
function without(area: Area, cut: Area): Area[] {
  const left = Math.max(area.x, cut.x);
  const right = Math.min(area.x + area.width, cut.x + cut.width);
  const top = Math.max(area.y, cut.y);
  const bottom = Math.min(area.y + area.height, cut.y + cut.height);
  if (left >= right || top >= bottom) return [area];
  const rest = [
    { ...area, height: top - area.y },
    { ...area, y: bottom, height: area.y + area.height - bottom },
    { x: area.x, y: top, width: left - area.x, height: bottom - top },
    { x: right, y: top, width: area.x + area.width - right, height: bottom - top },
  ];
  return rest.filter(({ width, height }) => width > 1e-6 && height > 1e-6);
}

/** Returns the zones (none: the whole picture) without the masks, as rectangles that do not overlap. */
export function disjoint(zones: readonly Area[], masks: readonly Area[]): Area[] {
  const found: Area[] = [];
  for (const zone of zones.length === 0 ? [WHOLE] : zones) {
    found.push(...[...found, ...masks].reduce<Area[]>((left, cut) => left.flatMap((each) => without(each, cut)), [zone]));
  }
  return found;
}
