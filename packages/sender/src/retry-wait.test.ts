import * as fc from "fast-check";
import { expect, test } from "vitest";
import { firstWaitMs, longestWaitMs, retryAfterMs, retryWaitMs } from "./retry-wait.ts";

const seed = 20_260_131;
const now = Date.parse("2026-01-31T10:00:00Z");

test("steps double up to the longest", () => {
  const steps = [1, 2, 3, 4, 5, 6, 7].map((tries) => retryWaitMs(tries, null, () => 1));
  expect(steps).toEqual([200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
});

test("waits lie between nothing and their step, and never below what the server asked for", () => {
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2_000 }),
      fc.option(fc.nat(100_000)),
      chance,
      (tries, asked, random) => {
        const wait = retryWaitMs(tries, asked, () => random);
        expect(wait).toBeGreaterThanOrEqual(asked ?? 0);
        expect(wait).toBeLessThanOrEqual(
          Math.max(asked ?? 0, Math.min(longestWaitMs, firstWaitMs * 2 ** (tries - 1))),
        );
      },
    ),
    { seed },
  );
});

test.each([
  ["7", 7_000],
  [" 0 ", 0],
  ["Sat, 31 Jan 2026 10:00:30 GMT", 30_000],
  ["Sat, 31 Jan 2026 09:00:00 GMT", 0],
  ["-1", null],
  ["1.5", null],
  ["soon", null],
  ["2026-01-31T10:00:30Z", null],
  ["99999999999", null],
  ["Abc, 99 Xyz 2026 10:00:00 GMT", null],
  ["", null],
  [null, null],
])("Retry-After %j asks for %j ms", (value, expected) => {
  expect(retryAfterMs(value, now)).toBe(expected);
});

test("no text makes Retry-After throw or go back in time", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(retryAfterMs(text, now) ?? 0).toBeGreaterThanOrEqual(0);
    }),
    { seed },
  );
});
