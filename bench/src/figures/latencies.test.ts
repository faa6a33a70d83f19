import { expect, test } from "vitest";
import { latenciesOf, latencyFigures, pooled, quietP99Ms } from "./latencies.ts";
import { preciseNowMs, until } from "../load/open-loop.ts";
import { watchStolenTime } from "./stolen-time.ts";

test("quiet are the events around whose sending the host took next to nothing, however long they took", () => {
  const around = (atMs: number) => (atMs < 100 ? 0 : atMs < 200 ? 10 : 20);
  const { all, quiet } = latenciesOf(
    [
      [50, 3],
      [99, 400],
      [150, 4],
      [200, 5],
    ],
    { around },
  );
  expect(all).toEqual([3, 400, 4, 5]);
  expect(quiet).toEqual([3, 400, 4]);
});

test("too few quiet events have no p99, which misses any target", () => {
  const phase = {
    all: Array.from({ length: 500 }, () => 9),
    quiet: Array.from({ length: 150 }, (_, n) => n),
  };
  expect(quietP99Ms(phase)).toBeNaN();
  expect(quietP99Ms(pooled([phase, phase]))).toBe(148);
  expect(latencyFigures(pooled([phase, phase]))).toMatchObject({ events: 1_000, p99Ms: 9, quietPercent: 30 });
});

test("stolen time is told around a moment: what was taken then, not before and not after", async () => {
  let stolenMs = 1_000;
  const watch = watchStolenTime(() => stolenMs);
  const pause = (forMs: number) => {
    const fromMs = preciseNowMs();
    return until("the pause", () => preciseNowMs() - fromMs > forMs);
  };
  const earlyMs = preciseNowMs();
  await pause(300);
  const takenAtMs = preciseNowMs();
  stolenMs += 40;
  await pause(300);
  const lateMs = preciseNowMs();
  await pause(60);
  watch.stop();
  expect(watch.around(earlyMs, 100)).toBe(0);
  expect(watch.around(takenAtMs, 100)).toBe(40);
  expect(watch.around(lateMs, 100)).toBe(0);
  expect(watch.around(takenAtMs, 10_000)).toBe(40);
});
