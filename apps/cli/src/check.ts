/** How something is. */
export type Verdict = "ok" | "warning" | "failure";

/** One line of `doctor`. */
export interface Check {
  readonly name: string;
  readonly verdict: Verdict;
  readonly found: string;
  /** What to do, for a warning or failure. */
  readonly remedy?: string;
}
