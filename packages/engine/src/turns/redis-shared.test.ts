/** Installations that share a Redis, and what the sweep rings while other processes are silent. */
import { connect, createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, inject, onTestFinished, test } from "vitest";
import { systemClock } from "../ports/clock.ts";
import { silentConditions } from "../ports/conditions.ts";
import { silentTelemetry } from "../ports/telemetry.ts";
import { type RedisServer, startRedis } from "../testing/redis-server.ts";
import { createBullmqTurns } from "./bullmq.ts";

const redisUrl = inject("redisUrl");

const until = async (fact: () => boolean, withinMs = 12_000) => {
  const lastMs = performance.now() + withinMs;
  while (!fact()) {
    if (performance.now() > lastMs) throw new Error(`It did not come about within ${withinMs} ms.`);
    await systemClock.sleep(5);
  }
};

let servers: RedisServer[] = [];
afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  servers = [];
});
async function startServer(): Promise<RedisServer> {
  const server = await startRedis();
  servers.push(server);
  return server;
}

/** A process whose turns are held for a moment, or end at once. */
function openTurns(redis: string, ledgerId: string, { starts = true, holds = false } = {}) {
  const begun: number[] = [];
  const faults: string[] = [];
  const turns = createBullmqTurns({
    redisUrl: redis,
    ledgerId,
    clock: systemClock,
    telemetry: silentTelemetry,
    conditions: { ...silentConditions, set: (_, message) => message !== null && faults.push(message) },
  });
  onTestFinished(() => turns.stop(50));
  if (starts)
    void turns.start(async (slot) => {
      begun.push(slot.partnerNo);
      slot.held?.();
      if (holds) await systemClock.sleep(50, slot.signal);
      return { nextDueAtMs: null };
    });
  return { turns, begun, faults };
}

/** A proxy that can fall silent: it keeps its connections and passes nothing, while new ones work. */
async function startSilencer(server: RedisServer) {
  const pairs: (readonly [Socket, Socket])[] = [];
  const listener = createServer((client) => {
    const behind = connect(Number(new URL(server.url).port), "127.0.0.1");
    pairs.push([client, behind]);
    for (const [from, into] of [
      [client, behind],
      [behind, client],
    ] as const) {
      from.on("data", (chunk) => into.write(chunk));
      from.on("error", () => into.destroy());
      from.on("close", () => into.destroy());
    }
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const silent: Socket[] = [];
  onTestFinished(() => {
    for (const socket of [...pairs.flat(), ...silent]) socket.destroy();
    listener.close();
  });
  return {
    url: `redis://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    get opened() {
      return pairs.length;
    },
    /** Of the connections that are open, in the order in which they were opened. */
    silence(which: (index: number) => boolean) {
      for (const [index, [client, behind]] of pairs.entries()) {
        if (!which(index)) continue;
        // The server's side goes, the client's side is kept and answers nothing.
        client.removeAllListeners("close").removeAllListeners("data").resume();
        behind.removeAllListeners("close").destroy();
        silent.push(client);
      }
    },
  };
}

describe.skipIf(redisUrl === null)("installations that share a Redis", () => {
  test("do not meet, whatever their databases' numbers are", async () => {
    const server = await startServer();
    const installations = ["/0", "/1", ""].map((database, index) => ({
      works: openTurns(server.url + database, `ledger-${index}`, { holds: true }),
      accepts: openTurns(server.url + database, `ledger-${index}`, { starts: false }),
    }));
    await until(() =>
      installations.every(
        ({ works, accepts }) => works.turns.reach() === "cluster" && accepts.turns.reach() === "cluster",
      ),
    );
    for (let round = 1; round <= 30; round++) {
      // The same numbers of partners everywhere, and each is held by somebody of each ledger.
      for (const { accepts } of installations) accepts.turns.ring([1, 2, 3]);
      await systemClock.sleep(20);
    }
    // Whoever holds a partner elsewhere is nobody's here: each installation rings its own in time.
    for (const { works, accepts } of installations) {
      const before = works.begun.length;
      accepts.turns.ring([9]);
      await until(() => works.begun.slice(before).includes(9), 2_000);
      expect(new Set(works.begun)).toEqual(new Set([1, 2, 3, 9]));
    }
  });

  test("what the sweep finds due does not depend on the process that said it holds the partner", async () => {
    const server = await startServer();
    const silencer = await startSilencer(server);
    const holder = openTurns(silencer.url, "a");
    await until(() => holder.turns.reach() === "cluster");
    holder.turns.ring([1]);
    await until(() => holder.begun.length > 0);
    const sweeps = openTurns(server.url, "a", { holds: true });
    await until(() => sweeps.turns.reach() === "cluster");
    // The partner has its place with the holder, which says so and then falls silent.
    for (let n = 0; n < 3; n++) {
      sweeps.turns.ring([1]);
      await systemClock.sleep(30);
    }
    silencer.silence(() => true);
    const before = sweeps.begun.length;
    sweeps.turns.ringAt(1, systemClock.now() - 100);
    await until(() => sweeps.begun.length > before, 3_000);
  });
});

describe.skipIf(redisUrl === null)("connections that fall silent", () => {
  test.each([
    ["all of them", () => true],
    ["the one that speaks", (index: number) => index === 0],
    ["the one that listens", (index: number) => index === 1],
    ["the worker's own", (index: number) => index === 2],
    ["the one that blocks", (index: number) => index === 3],
  ] as const)(
    "%s: found and opened again within 10 s, and what is rung meanwhile goes on",
    async (_, which) => {
      const server = await startServer();
      const silencer = await startSilencer(server);
      const { turns, begun, faults } = openTurns(silencer.url, "a");
      await until(() => turns.reach() === "cluster");
      expect(silencer.opened).toBe(4);
      silencer.silence(which);
      turns.ring([1]);
      // At most the time limit of a command, and then a sweep.
      const swept = systemClock.sleep(1_500).then(() => turns.ringAt(1, systemClock.now() - 1_500));
      const asked = systemClock.sleep(2_600).then(() => turns.ringAt(1, systemClock.now() - 2_600));
      await until(() => begun.includes(1), 3_500);
      await until(() => faults.length > 0, 9_500);
      await until(() => turns.reach() === "cluster" && silencer.opened >= 8, 9_500);
      await Promise.all([swept, asked]);
      const before = begun.length;
      turns.ring([2]);
      await until(() => begun.slice(before).includes(2), 1_000);
    },
  );
});
