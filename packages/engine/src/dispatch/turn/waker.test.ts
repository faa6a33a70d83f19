import { expect, test } from "vitest";
import { benchStartMs } from "../../testing/dispatch-bench.ts";
import { createManualClock } from "../../testing/manual-clock.ts";
import { createSeededRandom } from "../../testing/seeded-random.ts";
import { Waker } from "./waker.ts";

function createBench() {
  const clock = createManualClock(benchStartMs);
  const waker = new Waker(clock);
  const ended: [timeIsOver: boolean, afterMs: number][] = [];
  const wait = (ms: number) => {
    const fromMs = clock.monotonicMs();
    void waker.wait(ms).then((timeIsOver) => ended.push([timeIsOver, clock.monotonicMs() - fromMs]));
  };
  return { clock, waker, ended, wait };
}

test("a wait ends with its time, or with a call before it", async () => {
  const { clock, waker, ended, wait } = createBench();
  wait(50);
  await clock.advance(200);
  wait(50);
  await clock.advance(20);
  waker.wake();
  await clock.advance(200);
  expect(ended).toEqual([
    [true, 50],
    [false, 20],
  ]);
});

test("the timer of a wait that was called off serves the next one, which is neither shorter nor longer for it", async () => {
  const { clock, waker, ended, wait } = createBench();
  wait(50);
  await clock.advance(10);
  waker.wake();
  wait(100);
  expect(clock.sleepers()).toBe(1);
  await clock.advance(99);
  expect(ended).toEqual([[false, 10]]);
  await clock.advance(1);
  expect(ended).toEqual([
    [false, 10],
    [true, 100],
  ]);
});

test("a call that nobody waits for is no call for the next wait", async () => {
  const { clock, waker, ended, wait } = createBench();
  waker.wake();
  wait(30);
  await clock.advance(30);
  expect(ended).toEqual([[true, 30]]);
});

test("a wait without end sets no timer, and leaves none behind", async () => {
  const { clock, waker, ended, wait } = createBench();
  wait(Number.POSITIVE_INFINITY);
  expect(clock.sleepers()).toBe(0);
  await clock.advance(1_000_000);
  expect(ended).toEqual([]);
  waker.wake();
  wait(40);
  waker.wake();
  waker.close();
  expect(clock.sleepers()).toBe(0);
});

test("any row of waits and calls: each ends when it should, by one timer at most", async () => {
  const random = createSeededRandom(7);
  const { clock, waker, ended, wait } = createBench();
  for (let n = 0; n < 500; n++) {
    const waitMs = Math.ceil(random() * 100);
    const callAfterMs = Math.ceil(random() * 100);
    wait(waitMs);
    await clock.advance(callAfterMs);
    waker.wake();
    await clock.advance(0);
    expect(ended.at(-1)).toEqual(callAfterMs < waitMs ? [false, callAfterMs] : [true, waitMs]);
    expect(ended).toHaveLength(n + 1);
    expect(clock.sleepers()).toBeLessThanOrEqual(1);
  }
});
