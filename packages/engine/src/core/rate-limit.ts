/**
 * The partner's rate limit as the generic cell rate algorithm (ITU-T I.371, "virtual scheduling"): the whole state is
 * one instant, the cursor, so it travels through the ledger from turn to turn and from worker to worker.
 *
 * Whatever the sequence of calls, any window of `w` ms holds at most `burst + w / intervalMs` requests.
 */
export interface Rate {
  /** Milliseconds between two requests: 1000 / rate. */
  readonly intervalMs: number;
  /** Requests that may go at once after a quiet time; at least 1. */
  readonly burst: number;
}

/**
 * The rate of a partner document; null for no limit.
 *
 * @example rateOf(20, null) // { intervalMs: 50, burst: 20 }
 */
export function rateOf(ratePerSecond: number | null, burst: number | null): Rate | null {
  if (ratePerSecond === null) return null;
  return { intervalMs: 1_000 / ratePerSecond, burst: Math.max(1, burst ?? Math.ceil(ratePerSecond)) };
}

/** The earliest time (epoch ms) at which the next request may go; in the past: now. */
export function permittedAtMs(rate: Rate, cursorMs: number): number {
  return cursorMs - (rate.burst - 1) * rate.intervalMs;
}

/** The cursor after a request at `nowMs`, which must not be before `permittedAtMs`. */
export function cursorAfter(rate: Rate, cursorMs: number, nowMs: number): number {
  return Math.max(cursorMs, nowMs) + rate.intervalMs;
}

/**
 * The furthest that requests until now can have moved the cursor: the whole burst was used this moment. A cursor beyond it, and
 * beyond what was saved ahead, was not moved by this rate: by a clock that was ahead, by a slower rate of before, by hand.
 */
export function furthestCursorMs(rate: Rate, nowMs: number): number {
  return nowMs + rate.burst * rate.intervalMs;
}
