import { describe, expect, test } from "vitest";
import { failed, notYetTried, opened, type RedisUse, settled } from "./redis-use.ts";

/** States after so many faults in a row, and the waits between them. */
function failing(
  times: number,
  random: () => number,
): { readonly use: RedisUse; readonly waitsMs: number[] } {
  let use = notYetTried;
  const waitsMs: number[] = [];
  for (let n = 0; n < times; n++) {
    const [next, waitMs] = failed(use, `fault ${n}`, random);
    use = next;
    waitsMs.push(waitMs);
  }
  return { use, waitsMs };
}

describe("the use of Redis", () => {
  test("is none before the first try, and nothing is wrong yet", () => {
    expect(notYetTried).toEqual({ usable: false, fault: null, faults: 0 });
  });

  test("waits twice as long after each fault, up to six seconds", () => {
    expect(failing(8, () => 0.5).waitsMs).toEqual([250, 500, 1_000, 2_000, 4_000, 6_000, 6_000, 6_000]);
  });

  test("spreads the waits of many processes by a quarter either way, so that the longest is within 10 s", () => {
    expect(failing(6, () => 0).waitsMs.at(-1)).toBe(4_500);
    expect(failing(6, () => 0.999).waitsMs.at(-1)).toBe(7_497);
  });

  test("names the latest fault", () => {
    expect(failing(3, () => 0.5).use).toEqual({ usable: false, fault: "fault 2", faults: 3 });
  });

  test("begins as soon as all is open, and the fault is over only when it has worked for a while", () => {
    const { use } = failing(3, () => 0.5);
    expect(opened(use)).toEqual({ usable: true, fault: "fault 2", faults: 3 });
    expect(settled(opened(use))).toEqual({ usable: true, fault: null, faults: 0 });
  });

  test("that fails soon after each opening waits longer each time", () => {
    let use = notYetTried;
    const waitsMs: number[] = [];
    for (let n = 0; n < 6; n++) {
      const [next, waitMs] = failed(opened(use), "the same", () => 0.5);
      use = next;
      waitsMs.push(waitMs);
    }
    expect(waitsMs).toEqual([250, 500, 1_000, 2_000, 4_000, 6_000]);
  });

  test("that failed before it had settled stays failed", () => {
    const [use] = failed(opened(notYetTried), "gone", () => 0.5);
    expect(settled(use)).toBe(use);
  });
});
