import { expect, test } from "vitest";
import { createManualClock } from "../testing/manual-clock.ts";
import { lackWaits, OwnFaults } from "./own-faults.ts";

function bench(random = () => 0.999) {
  const clock = createManualClock(0);
  const told: unknown[] = [];
  let putBack = 0;
  const telemetry = {
    attempt() {},
    turn() {},
    fault: ({ error }: { error: unknown }) => told.push(error),
    putBack: () => (putBack += 1),
  };
  return { clock, told, putBack: () => putBack, faults: new OwnFaults({ clock, random, telemetry }) };
}

test("a streak is told once, and the wait grows with it up to a bound", async () => {
  const { clock, told, faults, putBack } = bench();
  const waits: number[] = [];
  for (let n = 0; n < 40; n += 1) {
    waits.push(faults.report("no descriptor left", lackWaits));
    await clock.advance(waits.at(-1)!);
  }
  expect(waits[0]).toBeGreaterThanOrEqual(2_000);
  expect(waits).toEqual(waits.toSorted((one, other) => one - other));
  expect(waits.at(-1)).toBeLessThanOrEqual(lackWaits.mostMs + lackWaits.leastMs / 2);
  expect(waits.at(-1)).toBeGreaterThan(25_000);
  expect(told).toEqual(["no descriptor left"]);
  expect(putBack()).toBe(40);
});

test("causes have streaks of their own, and a streak that was quiet begins again", async () => {
  const { clock, told, faults } = bench();
  faults.report("a", lackWaits);
  await clock.advance(30_000);
  expect(faults.report("b", lackWaits)).toBeLessThan(4_000);
  expect(faults.report("a", lackWaits)).toBeGreaterThan(10_000);
  expect(told).toEqual(["a", "b"]);
  await clock.advance(120_000);
  expect(faults.report("a", lackWaits)).toBeLessThan(4_000);
  expect(told).toEqual(["a", "b", "a"]);
});

test("no wait is short, whatever chance says", () => {
  const { faults } = bench(() => 0);
  expect(faults.report("a", lackWaits)).toBeGreaterThanOrEqual(2_000);
});
