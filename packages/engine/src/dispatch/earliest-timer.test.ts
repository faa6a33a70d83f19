import { expect, test } from "vitest";
import { createManualClock } from "../testing/manual-clock.ts";
import { EarliestTimer } from "./earliest-timer.ts";

test("of many times the earliest rings, once; after it or a cancel another may be set", async () => {
  const clock = createManualClock(1_000);
  const rungAtMs: number[] = [];
  const timer = new EarliestTimer(clock, () => rungAtMs.push(clock.now()));
  for (const atMs of [1_300, 1_200, 1_250]) timer.at(atMs);
  await clock.advance(1_000);
  expect(rungAtMs).toEqual([1_200]);
  timer.at(2_100);
  timer.cancel();
  await clock.advance(500);
  timer.at(500);
  await clock.advance(1);
  expect(rungAtMs).toEqual([1_200, 2_500]);
});
