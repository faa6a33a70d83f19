import fc from "fast-check";
import { expect, test } from "vitest";
import { grownShare, initialShare, sharedShare, shrunkShare } from "./concurrency.ts";

test("whatever the answers, the share stays between one and max_in_flight", () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { maxLength: 200 }),
      fc.integer({ min: 1, max: 64 }),
      (answers, maxInFlight) => {
        let share = Math.min(initialShare, maxInFlight);
        for (const accepted of answers) {
          share = accepted ? grownShare(share, maxInFlight) : shrunkShare(share);
          expect(share).toSatisfy(
            (value: number) => Number.isInteger(value) && value >= 1 && value <= maxInFlight,
          );
        }
      },
    ),
    { seed: 20_260_304 },
  );
});

test("it doubles per round trip of successes, and is one after a few failures", () => {
  let share = initialShare;
  for (let answers = share; answers > 0; answers--) share = grownShare(share, 100);
  expect(share).toBe(2 * initialShare);
  let failures = 0;
  for (share = 64; share > 1; failures++) share = shrunkShare(share);
  expect(failures).toBe(6);
});

test("a lowered max_in_flight counts from the next answer on", () => {
  expect(grownShare(40, 8)).toBe(8);
});

test("among others it grows in a calm process, waits in a busy one, and gives way in a crowded one", () => {
  expect(sharedShare(8, 64, 0.1, false)).toBe(9);
  expect(sharedShare(8, 64, 0.4, false)).toBe(8);
  expect(sharedShare(8, 64, 0.4, true)).toBe(9);
  expect(sharedShare(8, 64, 0.55, true)).toBe(8);
  expect(sharedShare(8, 64, 0.9, false)).toBe(8);
  expect(sharedShare(8, 64, 0.9, true)).toBe(6);
  expect(sharedShare(1, 64, 1, true)).toBe(1);
  expect(sharedShare(40, 8, 0.1, false)).toBe(8);
});
