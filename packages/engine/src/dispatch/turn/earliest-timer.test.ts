import { expect, test } from "vitest";
import { createManualClock } from "../../testing/manual-clock.ts";
import { EarliestTimer } from "./earliest-timer.ts";

test("of many times the earliest rings, once; after it or a cancel another may be set", async () => {
  const clock = createManualClock(1_000);
  const rungAtMs: number[] = [];
  const timer = new EarliestTimer(clock, () => rungAtMs.push(clock.now()));
  for (const inMs of [300, 200, 250]) timer.in(inMs);
  await clock.advance(1_000);
  expect(rungAtMs).toEqual([1_200]);
  timer.in(100);
  timer.cancel();
  await clock.advance(500);
  timer.in(-2_000);
  await clock.advance(1);
  expect(rungAtMs).toEqual([1_200, 2_500]);
});
