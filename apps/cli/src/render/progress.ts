import { say, type Output } from "../context.ts";
import { cut, grouped } from "./text.ts";
import { duration } from "./time.ts";

export interface ProgressFacts {
  readonly done: number;
  /** Null where it cannot be known, as on a pipe. */
  readonly total: number | null;
  readonly elapsedMs: number;
  /** What to add, e.g. `3 conflict`. */
  readonly notes: readonly string[];
}

/**
 * One line about work under way: how much, how fast, how long still.
 *
 * @example progressLine({ done: 500, total: 2_000, elapsedMs: 1_000, notes: [] }) // "500/2,000  25%  500/s  3s left"
 */
export function progressLine(facts: ProgressFacts): string {
  const rate = facts.elapsedMs > 0 ? (facts.done * 1_000) / facts.elapsedMs : 0;
  const parts = [grouped(facts.done) + (facts.total === null ? "" : `/${grouped(facts.total)}`)];
  if (facts.total !== null && facts.total > 0) parts.push(`${Math.floor((facts.done * 100) / facts.total)}%`);
  if (rate > 0) parts.push(`${rate < 10 ? rate.toFixed(1) : grouped(Math.round(rate))}/s`);
  if (facts.total !== null && rate > 0 && facts.done < facts.total) {
    parts.push(`${duration(((facts.total - facts.done) * 1_000) / rate)} left`);
  }
  return [...parts, ...facts.notes].join("  ");
}

/** How often a plain log gets a line, where the terminal's line cannot be redrawn. */
const plainEveryMs = 2_000;
const drawEveryMs = 100;

/** Shows progress on `output`: redrawn in place on a terminal, a line now and then elsewhere. */
export interface Progress {
  update(done: number, total: number | null, notes?: readonly string[]): void;
  /** Wipes the drawn line, so that other text can follow. */
  end(): void;
}

/** `label` goes before each line. `quiet` shows nothing. */
export function startProgress(output: Output, now: () => number, label: string, quiet = false): Progress {
  const startedMs = now();
  let shownMs = startedMs;
  let drawn = false;
  return {
    update(done, total, notes = []) {
      const nowMs = now();
      if (quiet || nowMs - shownMs < (output.isTTY ? drawEveryMs : plainEveryMs)) return;
      shownMs = nowMs;
      const line = `${label}  ${progressLine({ done, total, elapsedMs: nowMs - startedMs, notes })}`;
      if (!output.isTTY) return say(output, line);
      output.write(`\r\u001b[2K${cut(line, output.columns - 1)}`);
      drawn = true;
    },
    end() {
      if (drawn) output.write("\r\u001b[2K");
      drawn = false;
    },
  };
}
