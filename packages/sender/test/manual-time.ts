import type { Now, Sleep } from "../src/index.ts";

/** Time that passes only when it is told to, or slept through. */
export interface ManualTime {
  readonly now: Now;
  readonly sleep: Sleep;
  /** The waits between tries that were slept, in milliseconds. */
  readonly waits: readonly number[];
  /** How many deadlines are running: each must end with its request. */
  running(): number;
  /** Lets the oldest running deadline of so many milliseconds pass. */
  expire(ms: number): void;
}

/** Waits shorter than `deadlineMs` pass at once and move the time; longer ones are deadlines and stand until expired. */
export function manualTime(startMs: number, deadlineMs: number): ManualTime {
  let nowMs = startMs;
  const waits: number[] = [];
  const deadlines = new Set<{ ms: number; pass: () => void }>();
  return {
    waits,
    now: () => nowMs,
    sleep: (ms, signal) => {
      if (ms < deadlineMs) {
        waits.push(ms);
        nowMs += ms;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        const pass = () => {
          deadlines.delete(deadline);
          resolve();
        };
        const deadline = { ms, pass };
        deadlines.add(deadline);
        signal.addEventListener("abort", deadline.pass, { once: true });
      });
    },
    running: () => deadlines.size,
    expire(ms) {
      const deadline = [...deadlines].find((candidate) => candidate.ms === ms);
      if (deadline === undefined) throw new Error(`no deadline of ${ms} ms is running`);
      nowMs += ms;
      deadline.pass();
    },
  };
}
