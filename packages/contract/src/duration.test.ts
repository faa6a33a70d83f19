import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDurationMs, maxDurationMs, readDurationMs } from "./duration.ts";

test.each([
  ["250ms", 250],
  ["0s", 0],
  ["5s", 5_000],
  ["1.5m", 90_000],
  ["0.001s", 1],
  ["2h", 7_200_000],
  ["3d", 259_200_000],
  ["365d", maxDurationMs],
])("%s is %i ms", (text, ms) => {
  expect(readDurationMs(text)).toBe(ms);
});

test.each([
  "",
  "5",
  "s",
  "-5s",
  "+5s",
  " 5s",
  "5s ",
  "5 s",
  "5S",
  "1h30m",
  "1.2345s",
  ".5s",
  "5.s",
  "1e3s",
  "Infinitys",
  "366d",
  "99999999999h",
  "٥s",
  "5w",
])("%j is no duration", (text) => {
  expect(readDurationMs(text)).toBeNull();
});

describe("a formatted duration", () => {
  test("reads back as it was, up to the longest", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: maxDurationMs }), (ms) => {
        expect(readDurationMs(formatDurationMs(ms))).toBe(ms);
      }),
      { seed: 20_260_304, numRuns: 1_000, examples: [[0], [maxDurationMs], [maxDurationMs - 1]] },
    );
  });

  test.each([
    [0, "0ms"],
    [1_500, "1500ms"],
    [90_000, "90s"],
    [5_400_000, "90m"],
    [86_400_000, "1d"],
  ])("of %i ms is %s", (ms, text) => {
    expect(formatDurationMs(ms)).toBe(text);
  });
});
