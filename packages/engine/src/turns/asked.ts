import type { Clock } from "../ports/clock.ts";

/** Partners that the sweep rang, and whose ring led to nothing if it rings them again a sweep later. */
export interface Asked {
  /** Notes the partner. True if it was noted before, half a second to three seconds ago. */
  again(partnerNo: number): boolean;
}

/** A sweep comes each second: what it rings again sooner is of the same sweep. */
const soonestMs = 500;
const generationMs = 1_500;

/** @example if (asked.again(7)) runner.serve([7]); */
export function createAsked(clock: Clock): Asked {
  let lately = new Map<number, number>();
  let before = new Map<number, number>();
  let renewedAtMs = clock.monotonicMs();
  return {
    again(partnerNo) {
      const nowMs = clock.monotonicMs();
      if (nowMs - renewedAtMs >= generationMs) {
        before = nowMs - renewedAtMs < 2 * generationMs ? lately : new Map();
        lately = new Map();
        renewedAtMs = nowMs;
      }
      const askedAtMs = lately.get(partnerNo) ?? before.get(partnerNo);
      if (askedAtMs === undefined) lately.set(partnerNo, nowMs);
      return askedAtMs !== undefined && nowMs - askedAtMs >= soonestMs;
    },
  };
}
