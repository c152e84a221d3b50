/** Longest word that is compared letter by letter: no name is longer. */
const MAX_LENGTH = 64;
/** Length up to which only one letter may be wrong; in longer words, two may. */
const SHORT = 4;

/**
 * Returns the known word that a mistyped one is closest to, with one or two letters wrong, left out, added or swapped; undefined:
 * none is so close.
 *
 * @param by returns the part of a known word that is compared
 */
export function nearest(word: string, known: readonly string[], by = (each: string) => each): string | undefined {
  if (word.length < 2 || word.length > MAX_LENGTH) return undefined;
  const most = word.length <= SHORT ? 1 : 2;
  let best: { readonly each: string; readonly distance: number } | undefined;
  for (const each of known) {
    const distance = editDistance(word.toLowerCase(), by(each).toLowerCase());
    if (distance <= most && distance < (best?.distance ?? Number.POSITIVE_INFINITY)) best = { each, distance };
  }
  return best?.each;
}

/** Returns " Did you mean X and Y?", or "" where no word is given. */
export function didYouMean(...words: readonly (string | undefined)[]): string {
  const given = words.filter((word) => word !== undefined);
  return given.length === 0 ? '' : ` Did you mean ${given.join(' and ')}?`;
}

/** Returns the number of letters to insert, delete, replace or swap with the next to get from `a` to `b` (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? before[j - 2]! + 1 : replaced;
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, replaced, swapped));
    }
    [before, row] = [row, next];
  }
  return row[b.length]!;
}
