import fc from "fast-check";
import { expect, test } from "vitest";
import { growthFor } from "./heap.ts";

test("the less is alive, the more the heap may grow before it is collected", () => {
  expect([5, 20, 32, 45, 64, 1_000].map(growthFor)).toEqual([300, 220, 100, 40, 30, 30]);
  const aliveMb = fc.double({ min: 0, max: 10_000, noNaN: true });
  fc.assert(
    fc.property(aliveMb, aliveMb, (a, b) => {
      const [less, more] = a < b ? [a, b] : [b, a];
      expect(growthFor(less)).toBeGreaterThanOrEqual(growthFor(more));
      expect(growthFor(more)).toBeGreaterThanOrEqual(30);
      expect(Number.isInteger(growthFor(a))).toBe(true);
    }),
  );
});
