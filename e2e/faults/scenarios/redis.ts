import { setTimeout as sleep } from "node:timers/promises";
import { type LoadedRun, runLoaded, type Scenario } from "../loaded-run.ts";
import { moments } from "../plan.ts";

const sizes = {
  full: {
    events: 100_000,
    perSecond: 1_000,
    flushEveryMs: 5_000,
    stoppedMs: 60_000,
    restarts: 4,
    refusesMs: 10_000,
  },
  quick: {
    events: 10_000,
    perSecond: 500,
    flushEveryMs: 5_000,
    stoppedMs: 8_000,
    restarts: 2,
    refusesMs: 4_000,
  },
  short: {
    events: 2_000,
    perSecond: 400,
    flushEveryMs: 1_500,
    stoppedMs: 2_000,
    restarts: 1,
    refusesMs: 1_000,
  },
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

/** What Redis is told, and what ends it: rights that are lost, a master that was demoted, one that stands still. */
const refusals: readonly (readonly [name: string, begin: readonly string[], end: readonly string[]])[] = [
  ["no scripts", ["ACL", "SETUSER", "default", "-@scripting"], ["ACL", "SETUSER", "default", "+@all"]],
  [
    "no channels",
    ["ACL", "SETUSER", "default", "resetchannels"],
    ["ACL", "SETUSER", "default", "allchannels"],
  ],
  ["no blocking", ["ACL", "SETUSER", "default", "-@blocking"], ["ACL", "SETUSER", "default", "+@all"]],
  [
    "other keys",
    ["ACL", "SETUSER", "default", "resetkeys", "~other:*"],
    ["ACL", "SETUSER", "default", "allkeys"],
  ],
  ["demoted", ["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"]],
  ["memory full", ["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"]],
];

/** Redis is there and refuses, for one reason after the other; then it stands still. */
export const redisRefuses = scenario(
  "redis-refuses",
  "a Redis that refuses what is asked, or stands still, is the same as none, and is used again by itself",
  ({ refusesMs }) =>
    async ({ system, journal, durationMs, at }) => {
      for (const [n, [name, begin, end]] of refusals.entries()) {
        await at((durationMs * 0.8 * n) / refusals.length);
        await journal.during(`Redis: ${name}`, "workers", async () => {
          await system.redis.call(...begin);
          await sleep(refusesMs);
          await system.redis.call(...end);
        });
      }
      await at(durationMs * 0.85);
      await journal.during("Redis stands still", "workers", async () => {
        process.kill(system.redis.pid, "SIGSTOP");
        await sleep(refusesMs);
        process.kill(system.redis.pid, "SIGCONT");
      });
    },
);
