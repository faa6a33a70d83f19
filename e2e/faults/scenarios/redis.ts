import { setTimeout as sleep } from "node:timers/promises";
import { type LoadedRun, runLoaded, type Scenario } from "../loaded-run.ts";
import { moments } from "../plan.ts";

const sizes = {
  full: { events: 100_000, perSecond: 1_000, flushEveryMs: 5_000, stoppedMs: 60_000, restarts: 4 },
  quick: { events: 10_000, perSecond: 500, flushEveryMs: 5_000, stoppedMs: 8_000, restarts: 2 },
  short: { events: 2_000, perSecond: 400, flushEveryMs: 1_500, stoppedMs: 2_000, restarts: 1 },
};

function scenario(
  name: string,
  proves: string,
  inject: (size: (typeof sizes)["full"]) => LoadedRun["inject"],
): Scenario {
  return {
    name,
    proves,
    topologies: ["cluster"],
    run: (options) => {
      const size = sizes[options.size];
      return runLoaded({ ...size, name, inject: inject(size) }, options);
    },
  };
}

/** Redis loses all its keys again and again. */
export const redisFlush = scenario(
  "redis-flush",
  "Redis holds nothing that cannot be derived: FLUSHALL every 5 s loses nothing and delays nobody for long",
  ({ flushEveryMs }) =>
    async ({ system, journal, durationMs, at }) => {
      for (let atMs = flushEveryMs / 2; atMs < durationMs; atMs += flushEveryMs) {
        await at(atMs);
        await journal.instead("FLUSHALL", "workers", () => system.redis.call("FLUSHALL"));
      }
    },
);

/** Redis is away for a minute, and comes back with nothing. */
export const redisStop = scenario(
  "redis-stop",
  "without Redis events are accepted, and afterwards everything goes on by itself",
  ({ stoppedMs }) =>
    async ({ system, journal, durationMs, at }) => {
      await at(durationMs * 0.2);
      await journal.during("Redis stopped", "workers", async () => {
        await system.redis.halt({ keepData: false });
        await sleep(stoppedMs);
        await system.redis.start();
      });
    },
);

/** Redis is killed and at once started again: empty, and in turn with an older state of itself. */
export const redisRestart = scenario(
  "redis-restart",
  "neither an empty Redis nor one with yesterday's keys stops or repeats anything",
  ({ restarts }) =>
    async ({ system, journal, random, durationMs, at }) => {
      for (const [n, atMs] of moments(random, restarts, durationMs).entries()) {
        const keepData = n % 2 === 1;
        await at(atMs);
        await journal.during(
          `Redis restarted ${keepData ? "with its data" : "empty"}`,
          "workers",
          async () => {
            await system.redis.halt({ keepData });
            await system.redis.start();
          },
        );
      }
    },
);
