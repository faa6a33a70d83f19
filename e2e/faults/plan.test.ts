import { createSeededRandom } from "@postrider/engine/testing";
import { expect, test } from "vitest";
import { killPlan, moments } from "./plan.ts";

const plan = (seed: number) =>
  killPlan(createSeededRandom(seed), {
    kills: 25,
    durationMs: 100_000,
    workers: ["worker-1", "worker-2"],
    apis: ["api-1", "api-2"],
  });

test("the same seed gives the same kills, another seed others", () => {
  expect(plan(7)).toEqual(plan(7));
  expect(plan(8)).not.toEqual(plan(7));
});

test.each([1, 2, 3])("seed %i: every server is killed, and each is up again before the next kill", (seed) => {
  const kills = plan(seed);
  expect(new Set(kills.map(({ server }) => server)).size).toBe(4);
  for (const [n, { atMs, downMs }] of kills.entries())
    expect(atMs + downMs).toBeLessThan(kills[n + 1]?.atMs ?? Number.POSITIVE_INFINITY);
});

test("moments lie each in its share of the time", () => {
  const found = moments(createSeededRandom(1), 4, 4_000);
  expect(found.map((atMs) => Math.floor(atMs / 1_000))).toEqual([0, 1, 2, 3]);
});
