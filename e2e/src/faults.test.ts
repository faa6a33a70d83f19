/** The short form of `npm run faults`: real processes, killed and cut off, at sizes that fit a test run. */
import { expect, inject, test } from "vitest";
import { scenarios } from "../faults/scenarios/index.ts";
import type { Topology } from "../faults/system.ts";

const seed = 20_260_131;
const chosen: readonly (readonly [Topology, string])[] = [
  ["database", "kills"],
  ["database", "postgres-immediate"],
  ["database", "accept"],
  ["cluster", "kills"],
  ["cluster", "redis-flush"],
];

const installed = inject("postgresUrl") !== null && inject("redisUrl") !== null;

test.skipIf(!installed).each(chosen)("%s: %s", { timeout: 120_000 }, async (topology, name) => {
  const scenario = scenarios.find((one) => one.name === name);
  const { failures, ...found } = await scenario!.run({ topology, size: "short", seed, say: () => {} });
  process.stdout.write(`${topology} ${name}: ${JSON.stringify(found)}\n`);
  expect(failures).toEqual([]);
  expect(found.events).toBeGreaterThan(0);
  expect(found.faults).toBeGreaterThan(0);
});
