import { expect, test } from "vitest";
import { settled } from "../testing/manual-clock.ts";
import { createBatcher } from "./batcher.ts";

/** A batcher whose batches are answered by hand. */
function createHeld(limits: { maxItems: number; parallel: number }) {
  const running: { items: readonly number[]; finish: (error?: Error) => void }[] = [];
  const call = createBatcher<number, string>(
    (items) =>
      new Promise((resolve, reject) => {
        running.push({
          items,
          finish: (error) => (error ? reject(error) : resolve(items.map((item) => `answer ${item}`))),
        });
      }),
    limits,
  );
  return { call, running };
}

test("calls of one moment share a batch, and each gets its own answer", async () => {
  const { call, running } = createHeld({ maxItems: 10, parallel: 1 });
  const answers = [1, 2, 3].map((item) => call(item));
  await settled();
  expect(running.map(({ items }) => items)).toEqual([[1, 2, 3]]);
  running[0]!.finish();
  expect(await Promise.all(answers)).toEqual(["answer 1", "answer 2", "answer 3"]);
});

test("what comes while batches are under way waits for the next, in order, and in parts of maxItems", async () => {
  const { call, running } = createHeld({ maxItems: 3, parallel: 2 });
  const answers = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((item) => call(item));
  await settled();
  expect(running.map(({ items }) => items)).toEqual([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  running[1]!.finish();
  await settled();
  expect(running[2]!.items).toEqual([7, 8, 9]);
  for (const one of running) one.finish();
  await settled();
  running[3]!.finish();
  expect(await Promise.all(answers)).toHaveLength(10);
});

test("a batch that fails fails its own calls, and the next goes on", async () => {
  const { call, running } = createHeld({ maxItems: 2, parallel: 1 });
  const [first, second, third] = [call(1), call(2), call(3)];
  await settled();
  running[0]!.finish(new Error("away"));
  await expect(first).rejects.toThrow("away");
  await expect(second).rejects.toThrow("away");
  await settled();
  running[1]!.finish();
  expect(await third).toBe("answer 3");
});
