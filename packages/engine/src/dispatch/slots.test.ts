import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Slots } from "./slots.ts";

/** Somebody who wants slots: takes while it wants and can, as a turn does. */
function createTaker(slots: Slots) {
  const taker = {
    wants: 0,
    has: 0,
    took: [] as number[],
    retry: () => {
      while (taker.wants > 0 && slots.take(taker.retry)) {
        taker.wants -= 1;
        taker.has += 1;
      }
      if (taker.wants === 0) slots.leave(taker.retry);
    },
    give: () => {
      if (taker.has === 0) return;
      taker.has -= 1;
      slots.give();
    },
  };
  return taker;
}

describe("slots", () => {
  test("go round: nobody gets a second while another waits", () => {
    const slots = new Slots(1);
    const order: string[] = [];
    const wanting = (name: string) => {
      const retry = () => {
        if (slots.take(retry)) order.push(name);
        slots.take(retry);
      };
      return retry;
    };
    slots.take(() => {});
    for (const retry of ["a", "b", "c"].map(wanting)) retry();
    for (let round = 0; round < 6; round++) slots.give();
    expect(order).toEqual(["a", "b", "c", "a", "b", "c"]);
  });

  test("pass over one that does not use its chance", () => {
    const slots = new Slots(1);
    let took = false;
    slots.take(() => {});
    slots.take(() => {});
    const retry = () => void (took = slots.take(retry));
    slots.take(retry);
    slots.give();
    expect(took).toBe(true);
    expect(slots.taken).toBe(1);
  });

  test("whatever is taken, given, wanted and left: never over the cap, never free while somebody wants one, all served in the end", () => {
    const step = fc.record({
      who: fc.nat(5),
      what: fc.constantFrom("want", "want", "give", "give", "leave"),
      n: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 100 }), (max, steps) => {
        const slots = new Slots(max);
        const takers = Array.from({ length: 6 }, () => createTaker(slots));
        const check = () => {
          const has = takers.reduce((sum, taker) => sum + taker.has, 0);
          expect(slots.taken).toBe(has);
          expect(has).toBeLessThanOrEqual(max);
          if (takers.some((taker) => taker.wants > 0)) expect(has).toBe(max);
        };
        for (const { who, what, n } of steps) {
          const taker = takers[who]!;
          if (what === "want") {
            taker.wants += n;
            taker.retry();
          } else if (what === "give") taker.give();
          else {
            taker.wants = 0;
            slots.leave(taker.retry);
          }
          check();
        }
        for (let rounds = 0; takers.some((taker) => taker.wants > 0); rounds++) {
          for (const taker of takers) taker.give();
          check();
          expect(rounds).toBeLessThan(1_000);
        }
      }),
      { seed: 20_260_304, numRuns: 500 },
    );
  });
});
