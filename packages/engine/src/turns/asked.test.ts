import { expect, test } from "vitest";
import { createManualClock } from "../testing/manual-clock.ts";
import { createAsked } from "./asked.ts";

test("a partner that the next sweep rings again was asked for before; within the same sweep it was not", async () => {
  const clock = createManualClock(0);
  const asked = createAsked(clock);
  expect([asked.again(1), asked.again(1)]).toEqual([false, false]);
  await clock.advance(1_000);
  expect([asked.again(1), asked.again(2)]).toEqual([true, false]);
});

test.each([4_000, 60_000])("what was asked %i ms ago is forgotten", async (agoMs) => {
  const clock = createManualClock(0);
  const asked = createAsked(clock);
  asked.again(1);
  await clock.advance(agoMs);
  expect(asked.again(1)).toBe(false);
});

test("a partner that is rung with every sweep stays known for longer than a sweep", async () => {
  const clock = createManualClock(0);
  const asked = createAsked(clock);
  const again: boolean[] = [];
  for (let sweep = 0; sweep < 6; sweep++) {
    again.push(asked.again(1));
    await clock.advance(1_000);
  }
  expect(again.filter(Boolean).length).toBeGreaterThanOrEqual(4);
});
