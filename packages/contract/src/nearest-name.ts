/** Longer names are not compared unless the caller says so: the table below is quadratic in the length of the name. */
const longestCompared = 40;

/** The number of insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let i = 1; i <= a.length; i += 1) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, at(i - 2, j - 2) + 1);
      }
      rows[i]?.push(best);
    }
  }
  return at(a.length, b.length);
}

/**
 * The name in `known` that `name` was most likely meant to be, ignoring case, or null when none is near
 * (at most a third of its letters wrong) or it has more than `longest` letters (default 40).
 *
 * @example nearestName("evnt_id", ["event_id", "type"]) // "event_id"
 */
export function nearestName(name: string, known: Iterable<string>, longest = longestCompared): string | null {
  if (name.length > longest) return null;
  let nearest: string | null = null;
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const edits = distance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < fewest && edits <= Math.ceil(candidate.length / 3)) {
      nearest = candidate;
      fewest = edits;
    }
  }
  return nearest;
}
