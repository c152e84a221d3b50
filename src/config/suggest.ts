/** " Did you mean X?" where a known word is at most two letters away, or one part: "width" is close to "camera.width". */
export function suggest(word: string, known: readonly string[]): string {
  const asked = word.toLowerCase();
  const near = known.map((each) => ({ each, distance: editDistance(asked, each.toLowerCase()) })).filter(({ distance }) => distance <= 2);
  const best = near.sort((a, b) => a.distance - b.distance)[0]?.each ?? known.find((each) => differByOnePart(asked, each.toLowerCase()));
  return best === undefined ? '' : ` Did you mean ${best}?`;
}

/** Letters to insert, delete or replace to get from `a` to `b` (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}

/** Whether one is the other with one of its parts left out, as "--port" and "--http-port". */
function differByOnePart(a: string, b: string): boolean {
  const [short, long] = [a.split(/[._-]+/), b.split(/[._-]+/)].sort((x, y) => x.length - y.length) as [string[], string[]];
  return short.length + 1 === long.length && long.some((_, left) => long.filter((_, at) => at !== left).join() === short.join());
}
