/**
 * The name in `known` that `name` was most likely meant to be, ignoring case; null when none is near (at most a
 * third of its letters wrong).
 *
 * @example nearestName("POSTRIDER_PROT", ["POSTRIDER_PORT"]) // "POSTRIDER_PORT"
 */
export function nearestName(name: string, known: Iterable<string>): string | null {
  if (name.length > 60) return null;
  let nearest: string | null = null;
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const edits = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < fewest && edits <= Math.ceil(candidate.length / 3)) {
      nearest = candidate;
      fewest = edits;
    }
  }
  return nearest;
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [i, letter] of a.split("").entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const kept = (row[j] ?? 0) + (letter === b[j] ? 0 : 1);
      next.push(Math.min(kept, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
