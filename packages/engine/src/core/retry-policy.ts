/** How an endpoint's deliveries are retried, compiled from its document once. All times in milliseconds. */
export interface RetryPolicy {
  /** Waits between attempts; its length is the number of retries. */
  readonly scheduleMs: readonly number[];
  /** Waits after 4xx answers that usually are somebody's mistake; counted on their own. */
  readonly clientErrorScheduleMs: readonly number[];
  /** Of the waits in `scheduleMs`. Those in `clientErrorScheduleMs` have `equal` if this is `full`. */
  readonly jitter: "full" | "equal" | "none";
  readonly expiresAfterMs: number;
  readonly retryAfterMaxMs: number;
}

/**
 * The wait after jitter. Deterministic in `random` (a number in [0, 1)), so the schedule is tested exactly and the
 * jitter by its bounds. Full jitter is the AWS Architecture Blog's "Exponential Backoff And Jitter" (2015).
 *
 * | jitter | from | to |
 * |---|---|---|
 * | none | wait | wait |
 * | equal | wait / 2 | wait |
 * | full | 0 | wait |
 *
 * @example jitteredMs(1000, "equal", 0.5) // 750
 */
export function jitteredMs(waitMs: number, jitter: RetryPolicy["jitter"], random: number): number {
  switch (jitter) {
    case "none":
      return waitMs;
    case "equal":
      return Math.round(waitMs / 2 + (waitMs / 2) * random);
    case "full":
      return Math.round(waitMs * random);
  }
}
