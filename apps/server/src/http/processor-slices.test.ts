import { expect, test } from "vitest";
import { createProcessorSlices } from "./processor-slices.ts";

test("a slice is over after 10 ms, and the next begins when it may run", async () => {
  let nowMs = 0;
  const slices = createProcessorSlices(() => nowMs).begin();
  nowMs = 9;
  expect(slices.over()).toBe(false);
  nowMs = 10;
  expect(slices.over()).toBe(true);
  await slices.next();
  expect(slices.over()).toBe(false);
});

test("the slices of many requests run in order, one in each iteration of the event loop", async () => {
  const processor = createProcessorSlices();
  let iteration = 0;
  const count = () => {
    iteration += 1;
    if (iteration < 100) setImmediate(count);
  };
  setImmediate(count);
  const ran = await Promise.all(
    Array.from({ length: 20 }, async (_, request) => {
      await processor.begin().next();
      return { request, iteration };
    }),
  );
  expect(ran.map(({ request }) => request)).toEqual(Array.from({ length: 20 }, (_, index) => index));
  expect(new Set(ran.map(({ iteration }) => iteration)).size).toBe(20);
});
