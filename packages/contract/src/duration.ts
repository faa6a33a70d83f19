const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** As a pattern of JSON Schema: a number and a unit. */
export const durationPattern = "^\\d{1,11}(\\.\\d{1,3})?(ms|s|m|h|d)$";

const form = /^(\d{1,11}(?:\.\d{1,3})?)(ms|s|m|h|d)$/;

/** The longest duration a document may name: 365 days. */
export const maxDurationMs = 365 * unitMs.d;

/**
 * Milliseconds of a duration text: a number and a unit, `250ms`, `5s`, `1.5m`, `2h`, `3d`. Rounded to whole
 * milliseconds. A duration is never negative, and at most 365 days. Null for any other text.
 *
 * @example readDurationMs("5s") // 5000
 */
export function readDurationMs(text: string): number | null {
  const match = form.exec(text);
  if (match === null) return null;
  const ms = Math.round(Number(match[1]) * unitMs[match[2] as keyof typeof unitMs]);
  return ms <= maxDurationMs ? ms : null;
}

/**
 * The text of whole milliseconds, in the largest unit that divides them; `readDurationMs` reads it back exactly.
 *
 * @example formatDurationMs(5400000) // "90m"
 */
export function formatDurationMs(ms: number): string {
  for (const unit of ["d", "h", "m", "s"] as const) {
    if (ms > 0 && ms % unitMs[unit] === 0) return `${ms / unitMs[unit]}${unit}`;
  }
  return `${ms}ms`;
}
