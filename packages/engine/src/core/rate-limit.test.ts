import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cursorAfter, furthestCursorMs, permittedAtMs, type Rate, rateOf } from "./rate-limit.ts";

const start = Date.parse("2026-03-04T10:00:00.000Z");
const seed = 20_260_304;

/** Requests of a partner that tries at these moments: the moments at which it was let through. */
function letThrough(rate: Rate, tries: readonly number[], after: typeof cursorAfter = cursorAfter): number[] {
  let cursorMs = 0;
  return tries.filter((nowMs) => {
    if (nowMs < permittedAtMs(rate, cursorMs)) return false;
    cursorMs = after(rate, cursorMs, nowMs);
    return true;
  });
}

/** The most by which any window holds more than `burst + w / interval`; at most 0 where the limit holds. */
function worstExcess({ burst, intervalMs }: Rate, times: readonly number[]): number {
  let worst = Number.NEGATIVE_INFINITY;
  for (let first = 0; first < times.length; first++) {
    for (let last = first; last < times.length; last++) {
      worst = Math.max(worst, last - first + 1 - (burst + (times[last]! - times[first]!) / intervalMs));
    }
  }
  return worst;
}

// Epoch milliseconds as doubles are exact to some 0.0002 ms: the limit holds to a millionth of a request.
const rounding = 1e-3;
const rates = fc.record({
  perSecond: fc.double({ min: 0.1, max: 2_000, noNaN: true }),
  burst: fc.integer({ min: 1, max: 40 }),
});
const gaps = fc.array(fc.oneof(fc.constant(0), fc.nat(3), fc.nat(50), fc.nat(20_000)), { maxLength: 120 });
const timesOf = (steps: readonly number[]) => {
  let at = start;
  return steps.map((step) => (at += step));
};

describe("any window of w ms", () => {
  const holds = (after: typeof cursorAfter) =>
    fc.property(rates, gaps, ({ perSecond, burst }, steps) => {
      const rate = rateOf(perSecond, burst)!;
      const times = letThrough(rate, timesOf(steps), after);
      expect(worstExcess(rate, times)).toBeLessThanOrEqual(rounding);
    });

  test("holds at most burst + w / interval requests, whatever the calls", () => {
    const { failed, counterexample } = fc.check(holds(cursorAfter), { seed, numRuns: 500 });
    expect(failed, JSON.stringify(counterexample)).toBe(false);
  });

  test("would hold more if the cursor did not catch up with the time, or moved too little: the property can fail", () => {
    const lazy: typeof cursorAfter = (rate, cursorMs) => cursorMs + rate.intervalMs;
    const short: typeof cursorAfter = (rate, cursorMs, nowMs) =>
      Math.max(cursorMs, nowMs) + rate.intervalMs * 0.9;
    expect(fc.check(holds(lazy), { seed, numRuns: 500 }).failed).toBe(true);
    expect(fc.check(holds(short), { seed, numRuns: 500 }).failed).toBe(true);
  });
});

test("a partner with a backlog uses at least 99 % of its rate, though it wakes up late", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 500 }),
      fc.integer({ min: 0, max: 20 }),
      fc.infiniteStream(fc.nat(20)),
      (perSecond, most, late) => {
        // The burst is what makes up for waking late: enough of it for the latest waking.
        const rate = rateOf(perSecond, 2 + Math.ceil((most * perSecond) / 1_000))!;
        let [cursorMs, now, sent] = [0, start, 0];
        for (const lateMs of late) {
          now = Math.max(now, Math.ceil(permittedAtMs(rate, cursorMs)) + Math.min(lateMs, most));
          if (now > start + 60_000) break;
          while (now >= permittedAtMs(rate, cursorMs)) {
            cursorMs = cursorAfter(rate, cursorMs, now);
            sent += 1;
          }
        }
        expect(sent).toBeGreaterThanOrEqual(0.99 * 60 * perSecond);
        expect(sent).toBeLessThanOrEqual(60 * perSecond + rate.burst);
      },
    ),
    { seed, numRuns: 40 },
  );
});

test("the burst is the rate, rounded up and at least one, unless it is given; no rate is no limit", () => {
  expect(rateOf(null, 5)).toBeNull();
  expect(rateOf(20, null)).toEqual({ intervalMs: 50, burst: 20 });
  expect(rateOf(0.5, null)).toEqual({ intervalMs: 2_000, burst: 1 });
  expect(rateOf(10.2, null)?.burst).toBe(11);
  expect(rateOf(10, 3)?.burst).toBe(3);
});

test("after a quiet time exactly the burst goes at once, then one per interval", () => {
  const rate = rateOf(20, 5)!;
  const times = letThrough(
    rate,
    Array.from({ length: 1_001 }, (_, ms) => start + ms).flatMap((ms) => [ms, ms, ms, ms, ms, ms]),
  );
  expect(times.slice(0, 6)).toEqual([start, start, start, start, start, start + 50]);
  expect(times).toHaveLength(5 + 20);
});

test("no requests move the cursor beyond the furthest, and from there the next one waits an interval", () => {
  fc.assert(
    fc.property(rates, gaps, ({ perSecond, burst }, steps) => {
      const rate = rateOf(perSecond, burst)!;
      let cursorMs = 0;
      for (const nowMs of timesOf(steps)) {
        if (nowMs >= permittedAtMs(rate, cursorMs)) cursorMs = cursorAfter(rate, cursorMs, nowMs);
        expect(cursorMs).toBeLessThanOrEqual(furthestCursorMs(rate, nowMs) + rounding);
        expect(permittedAtMs(rate, furthestCursorMs(rate, nowMs)) - nowMs).toBeCloseTo(rate.intervalMs, 2);
      }
    }),
    { seed },
  );
});
