import { randomUUID } from "node:crypto";
import { describe, inject } from "vitest";
import { systemClock } from "../ports/clock.ts";
import { describeTurns } from "../testing/turns-suite.ts";
import { createBullmqTurns } from "./bullmq.ts";

const redisUrl = inject("redisUrl");

const until = async (fact: () => boolean, withinMs: number) => {
  const lastMs = performance.now() + withinMs;
  while (!fact()) {
    if (performance.now() > lastMs) throw new Error(`It did not come about within ${withinMs} ms.`);
    await systemClock.sleep(1);
  }
};

// Where there is none, the global set-up has printed why.
describe.skipIf(redisUrl === null)("where Redis is installed", () => {
  describeTurns("BullMQ over Redis", async ({ maxActive, telemetry }) => ({
    turns: createBullmqTurns({
      redisUrl: redisUrl!,
      prefix: `{${randomUUID()}}`,
      clock: systemClock,
      telemetry,
      maxActive,
    }),
    clock: systemClock,
    until,
    pass: (ms) => systemClock.sleep(ms),
  }));
});
