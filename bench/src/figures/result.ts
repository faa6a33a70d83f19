/** One measurement: figures with their units in their names, and the target they are held to, if there is one. */
export interface Result {
  readonly bench: BenchName;
  /** What was measured, in words. */
  readonly case: string;
  readonly figures: Readonly<Record<string, number>>;
  readonly target?: Target;
}

export interface Target {
  /** The figure that is held to it. */
  readonly figure: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

export const benchNames = [
  "throughput",
  "templates",
  "latency",
  "isolation",
  "names",
  "accept",
  "large",
  "limiter",
  "size",
  "snapshot",
  "reads",
  "memory",
  "idle",
  "startup",
  "compare",
] as const;
export type BenchName = (typeof benchNames)[number];

/** True where there is no target or the result meets it. */
export function isMet({ figures, target }: Result): boolean {
  if (target === undefined) return true;
  const value = figures[target.figure] ?? Number.NaN;
  return (
    value >= (target.atLeast ?? Number.NEGATIVE_INFINITY) &&
    value <= (target.atMost ?? Number.POSITIVE_INFINITY)
  );
}

/** The middle one by the figure that the target names: a run that a neighbour disturbed does not count. */
export function medianResult(results: readonly Result[], figure: string): Result {
  return results.toSorted((a, b) => (a.figures[figure] ?? 0) - (b.figures[figure] ?? 0))[
    (results.length - 1) >> 1
  ]!;
}

/** @param share between 0 and 1 @returns the value that this share of `values` does not exceed */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits));

/** A table for people: one row per result. */
export function formatTable(results: readonly Result[]): string {
  const rows = results.map((result) => {
    const { figure, atLeast, atMost } = result.target ?? {};
    const limit = atLeast === undefined ? (atMost === undefined ? "" : `≤ ${atMost}`) : `≥ ${atLeast}`;
    const figures = Object.entries(result.figures)
      .filter(([name]) => name !== figure)
      .map(([name, value]) => `${name} ${value}`);
    return [
      isMet(result) ? (figure ? "met" : "") : "MISSED",
      result.bench,
      result.case,
      figure ? `${figure} ${result.figures[figure]} (${limit})` : "",
      figures.join(", "),
    ];
  });
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
