import { randomUUID } from "node:crypto";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { systemClock } from "../ports/clock.ts";
import { silentConditions } from "../ports/conditions.ts";
import { silentTelemetry, type Telemetry } from "../ports/telemetry.ts";
import type { TurnSlot } from "../ports/turns.ts";
import { startRedis } from "../testing/redis-server.ts";
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
  describeTurns("BullMQ over Redis", async ({ maxActive, telemetry }) => {
    const turns = createBullmqTurns({
      redisUrl: redisUrl!,
      ledgerId: randomUUID(),
      clock: systemClock,
      telemetry,
      conditions: silentConditions,
      maxActive,
    });
    // Before that, rings would stay in the process, and the suite would show nothing of Redis.
    await until(() => turns.reach() === "cluster", 5_000);
    return { turns, clock: systemClock, until, pass: (ms) => systemClock.sleep(ms) };
  });

  describe("several processes, and a Redis that goes away", () => {
    /** A Redis of its own, and processes over it whose turns end at once, or when they are told. */
    const setUp = async (count: number, settings: Readonly<Record<string, string>> = {}) => {
      const redis = await startRedis(settings);
      const faults: { readonly where: string; readonly error: unknown }[] = [];
      const telemetry: Telemetry = { ...silentTelemetry, fault: (fault) => faults.push(fault) };
      const conditions = new Set<string>();
      const begun: { readonly process: number; readonly partnerNo: number }[] = [];
      const ends = new Map<number, () => void>();
      const told: number[] = [];
      const hold = new Set<number>();
      const processes = Array.from({ length: count }, () =>
        createBullmqTurns({
          redisUrl: redis.url,
          ledgerId: "0",
          clock: systemClock,
          telemetry,
          conditions: {
            ...silentConditions,
            set: (_, message) => message !== null && conditions.add(message),
          },
        }),
      );
      onTestFinished(async () => {
        for (const end of ends.values()) end();
        await Promise.all(processes.map((turns) => turns.stop(100)));
        await redis.stop();
      });
      const run = (process: number) => async (slot: TurnSlot) => {
        begun.push({ process, partnerNo: slot.partnerNo });
        slot.held?.();
        slot.onRing?.(() => told.push(slot.partnerNo));
        if (hold.has(slot.partnerNo)) await new Promise<void>((end) => ends.set(slot.partnerNo, end));
        return { nextDueAtMs: null };
      };
      for (const [index, turns] of processes.entries()) await turns.start(run(index));
      await until(() => processes.every((turns) => turns.reach() === "cluster"), 5_000);
      const nos = () => begun.map(({ partnerNo }) => partnerNo).sort((a, b) => a - b);
      return { redis, processes, begun, nos, ends, told, hold, faults, conditions };
    };

    test("a ring in one process leads to one turn in any, and before long in each", async () => {
      const { processes, begun, nos } = await setUp(3);
      const rung: number[] = [];
      // Which process takes a job is chance, so rings go on until all have taken one.
      while (rung.length < 1_000 && new Set(begun.map(({ process }) => process)).size < 3) {
        rung.push(rung.length + 1);
        processes[0]!.ring([rung.length]);
        await until(() => begun.length === rung.length, 5_000);
      }
      expect(nos()).toEqual(rung);
      expect(new Set(begun.map(({ process }) => process)).size).toBe(3);
    });

    test("a ring for a partner whose turn is active in another process is told to that turn", async () => {
      const { processes, begun, told, hold } = await setUp(2);
      hold.add(1);
      processes[0]!.ring([1]);
      await until(() => begun.length === 1, 5_000);
      await until(() => {
        processes[1 - begun[0]!.process]!.ring([1]);
        return told.length > 0;
      }, 5_000);
      expect(new Set(told)).toEqual(new Set([1]));
    });

    /** Rings for the partner, and the process that has the turn which follows. */
    const turnOf = async (
      { processes, begun }: Awaited<ReturnType<typeof setUp>>,
      partnerNo: number,
      from: number,
    ) => {
      const before = begun.length;
      processes[from]!.ring([partnerNo]);
      await until(
        () => begun.length > before && processes.every((turns) => turns.load().waiting === 0),
        5_000,
      );
      return begun[before]!.process;
    };

    test("the next rings for a partner go to the process that had its last turn", async () => {
      const cluster = await setUp(3);
      const processes: number[] = [];
      // Others hear of the holder in a moment. By chance alone so many in a row would be one in a billion.
      const same = () => processes.length >= 20 && new Set(processes.slice(-20)).size === 1;
      while (processes.length < 500 && !same())
        processes.push(await turnOf(cluster, 1, processes.length % 3));
      expect(same()).toBe(true);
    });

    test("where the process that had the last turn is gone, another has the next", async () => {
      const cluster = await setUp(2);
      const holder = await turnOf(cluster, 1, 0);
      await turnOf(cluster, 1, 1);
      await cluster.processes[holder]!.stop(100);
      expect(await turnOf(cluster, 1, 1 - holder)).toBe(1 - holder);
    });

    test("while Redis is away rings stay in the process; when it is back, with its data or without, they reach the others", async () => {
      const { redis, processes, begun, nos, faults, conditions } = await setUp(2);
      for (const keepData of [true, false]) {
        const from = begun.length;
        await redis.halt({ keepData });
        await until(() => processes[1]!.reach() === "process", 5_000);
        processes[1]!.ring([1, 2, 3]);
        await until(() => begun.length === from + 3, 5_000);
        expect(begun.slice(from).every(({ process }) => process === 1)).toBe(true);
        await redis.start();
        await until(() => processes.every((turns) => turns.reach() === "cluster"), 5_000);
        processes[0]!.ring([4]);
        await until(() => nos().filter((no) => no === 4).length === (keepData ? 1 : 2), 5_000);
      }
      expect(faults).toEqual([]);
      for (const message of conditions)
        expect(message).toMatch(/was lost\. It is opened again\.|Nothing listens at/);
    });

    test("what Redis forgot is rung anew, also for partners in a turn meanwhile: no key is left that swallows rings", async () => {
      const { redis, processes, begun, ends, hold } = await setUp(2);
      hold.add(1);
      processes[0]!.ring([1, 2]);
      await until(() => begun.length === 2, 5_000);
      await redis.call("FLUSHALL");
      ends.get(1)!();
      hold.clear();
      await until(() => {
        processes[0]!.ring([1, 2]);
        return [1, 2].every((no) => begun.filter(({ partnerNo }) => partnerNo === no).length > 1);
      }, 5_000);
      expect(processes[0]!.reach()).toBe("cluster");
    });

    test("Redis holds nothing for partners at rest, however many rings there were", async () => {
      const { redis, processes, begun } = await setUp(1);
      const keysBefore = await redis.call("DBSIZE");
      for (let round = 0; round < 5; round++) {
        processes[0]!.ring(Array.from({ length: 200 }, (_, index) => index + 1));
        await until(() => begun.length >= 200 * (round + 1), 10_000);
      }
      await until(() => processes[0]!.load().active === 0, 5_000);
      let keys = "";
      for (let tries = 0; tries < 100 && keys !== keysBefore; tries++) keys = await redis.call("DBSIZE");
      // The stream of events, the counter and the marker of jobs are there from the first ring on.
      expect(Number(keys.slice(1))).toBeLessThanOrEqual(Number(keysBefore.slice(1)) + 4);
    });

    test("a Redis that would evict keys is warned of", async () => {
      const { faults } = await setUp(1, { "maxmemory-policy": "allkeys-lru" });
      await until(() => faults.length > 0, 5_000);
      expect(faults).toMatchObject([
        { where: "redis settings", error: { message: expect.stringContaining("noeviction") } },
      ]);
    });
  });
});
