import fc from "fast-check";
import { expect, test } from "vitest";
import { bestOf, type ClockSample, sampleOf, withSample } from "./clock-offset.ts";

/** An exchange: the way there, the work, the way back, and the pause before it, in milliseconds. */
const exchange = fc.record({
  outMs: fc.double({ min: 0, max: 200, noNaN: true }),
  workMs: fc.double({ min: 0, max: 50, noNaN: true }),
  backMs: fc.double({ min: 0, max: 200, noNaN: true }),
  pauseMs: fc.double({ min: 0, max: 5_000, noNaN: true }),
});
type Exchange = typeof exchange extends fc.Arbitrary<infer T> ? T : never;

/** The samples of exchanges one after the other with a clock that is `offsetMs` ahead of monotonic time. */
function learn(
  exchanges: readonly Exchange[],
  offsetMs: number,
  from: readonly ClockSample[] = [],
  atMs = 0,
): { readonly samples: readonly ClockSample[]; readonly nowMs: number } {
  let [samples, nowMs] = [from, atMs];
  for (const { outMs, workMs, backMs, pauseMs } of exchanges) {
    const sentMs = nowMs + pauseMs;
    const arrivedMs = sentMs + outMs + offsetMs;
    nowMs = sentMs + outMs + workMs + backMs;
    samples = withSample(
      samples,
      sampleOf({ sentMs, receivedMs: nowMs, arrivedMs, answeredMs: arrivedMs + workMs }),
    );
  }
  return { samples, nowMs };
}

const offset = fc.integer({ min: -2_000_000_000_000, max: 2_000_000_000_000 });
/** What doubles of this size lose: 0.0003 in each of some hundred sums. */
const roundingMs = 0.05;

test("half of the round trip is taken, and the work of the other side is not part of it", () => {
  expect(sampleOf({ sentMs: 100, arrivedMs: 5_010, answeredMs: 5_040, receivedMs: 150 })).toEqual({
    atMs: 150,
    offsetMs: 4_900,
    errorMs: 10,
  });
});

test("whichever way took how long, the estimate is wrong by half of the quickest of the last eight round trips at most", () => {
  fc.assert(
    fc.property(fc.array(exchange, { minLength: 1, maxLength: 30 }), offset, (exchanges, offsetMs) => {
      const { samples, nowMs } = learn(exchanges, offsetMs);
      const tripMs = Math.min(...exchanges.slice(-8).map(({ outMs, backMs }) => outMs + backMs));
      const wrongMs = Math.abs(bestOf(samples, nowMs)!.offsetMs - offsetMs);
      // An older sample costs what clocks may have drifted since.
      const ageMs = nowMs - samples[0]!.atMs;
      expect(wrongMs).toBeLessThanOrEqual(tripMs / 2 + ageMs * 0.0005 + roundingMs);
      expect(samples.length).toBeLessThanOrEqual(8);
    }),
  );
});

test("a clock that is set by more than the round trips is followed with the first answer after it", () => {
  fc.assert(
    fc.property(
      fc.array(exchange, { minLength: 1, maxLength: 12 }),
      offset,
      exchange,
      fc.integer({ min: 1_000, max: 90_000_000 }),
      fc.boolean(),
      (before, offsetMs, after, stepMs, back) => {
        const setToMs = offsetMs + (back ? -stepMs : stepMs);
        const known = learn(before, offsetMs);
        const { samples, nowMs } = learn([after], setToMs, known.samples, known.nowMs);
        const wrongMs = Math.abs(bestOf(samples, nowMs)!.offsetMs - setToMs);
        expect(wrongMs).toBeLessThanOrEqual((after.outMs + after.backMs) / 2 + roundingMs);
      },
    ),
  );
});

test("a slow answer moves nothing while a quick one is kept", () => {
  const quick = { outMs: 1, workMs: 0, backMs: 1, pauseMs: 1_000 };
  const slow = { outMs: 500, workMs: 0, backMs: 0, pauseMs: 1_000 };
  const { samples, nowMs } = learn([quick, slow, slow, slow], 10_000);
  expect(bestOf(samples, nowMs)!.offsetMs).toBeCloseTo(10_000, 3);
  expect(bestOf([], 0)).toBeNull();
});
