/** Several engines on one ledger, with and without Redis: who dispatches, and that nobody sends twice. */
import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, inject, onTestFinished, test, vi } from "vitest";
import { endpointDefaults, partnerDefaults } from "./core/documents.ts";
import { type Engine, openEngine } from "./engine.ts";
import type { EngineOptions } from "./engine-options.ts";
import { startHttpPartner } from "./testing/http-partner.ts";
import { createDatabase } from "./testing/postgres-server.ts";

/** A partner that answers after a little while and counts what came, by `webhook-id`. */
async function createCountingPartner(answerAfterMs: number) {
  const counts = new Map<string, number>();
  const { target, stop } = await startHttpPartner((request, response) => {
    const id = String(request.headers["webhook-id"]);
    counts.set(id, (counts.get(id) ?? 0) + 1);
    request.resume();
    setTimeout(() => response.end("ok"), answerAfterMs);
  });
  onTestFinished(stop);
  return { counts, target };
}

const postgresUrl = inject("postgresUrl");
const redisUrl = inject("redisUrl");
const until = (fact: () => Promise<void> | void) => vi.waitFor(fact, { timeout: 20_000, interval: 10 });

// Where a server is missing, the global set-up has printed why.
describe.skipIf(postgresUrl === null)("engines that share one database", () => clusterTests(null));
describe.skipIf(postgresUrl === null || redisUrl === null)("engines that share a database and Redis", () =>
  clusterTests(redisUrl),
);

function clusterTests(redis: string | null): void {
  let engines: Engine[] = [];
  afterEach(async () => {
    await Promise.all(engines.map((engine) => engine.stop(1_000)));
    engines = [];
  });

  const openMany = async (count: number, target: string) => {
    const options: EngineOptions = {
      databaseUrl: await createDatabase(postgresUrl!, `cluster_${randomUUID().replaceAll("-", "")}`),
      ...(redis === null ? {} : { redisUrl: redis, redisPrefix: `{${randomUUID()}}` }),
      dataDir: "",
      masterKeys: [new Uint8Array(32).fill(7)],
      allowTargets: [target],
    };
    for (let n = 0; n < count; n++) engines.push(await openEngine(options));
    return engines as [Engine, Engine, Engine];
  };
  const addPartners = async ({ operations }: Engine, count: number, target: string) => {
    for (let n = 0; n < count; n++) {
      await operations.putPartner(`p${n}`, { name: `P ${n}`, ...partnerDefaults }, Date.now());
      const document = { ...endpointDefaults, body: "envelope" as const, url: `http://${target}/${n}` };
      await operations.putEndpoint(`p${n}`, "main", document, Date.now());
    }
  };
  const accept = async (engine: Engine, name: string, count: number, partners: number) => {
    const events = Array.from({ length: count }, (_, n) => ({
      event_id: `${name}-${n}`,
      type: "a.b",
      partner: `p${n % partners}`,
    }));
    const { partnerNos } = await engine.events.accept(events, Date.now());
    engine.ring(partnerNos);
  };
  const delivered = async ({ operations }: Engine, count: number) => {
    const { finished, pending, drift } = await operations.conservation();
    expect({ finished, pending, drift }).toEqual({ finished: { delivered: count }, pending: 0, drift: 0 });
  };

  test("what one process accepts, another dispatches", async () => {
    const { counts, target } = await createCountingPartner(0);
    const [accepts, dispatches] = await openMany(2, target);
    await addPartners(accepts, 3, target);
    await dispatches.start();
    await until(() => expect(dispatches.progress().dispatching).toBe(true));
    for (let n = 0; n < 5; n++) await accept(accepts, `batch-${n}`, 9, 3);
    await until(() => delivered(accepts, 45));
    expect([counts.size, Math.max(...counts.values())]).toEqual([45, 1]);
  });

  test("three that dispatch deliver each once, and know of each other", async () => {
    const { counts, target } = await createCountingPartner(5);
    const [one, two, three] = await openMany(3, target);
    await addPartners(one, 20, target);
    await Promise.all([one.start(), two.start(), three.start()]);
    for (const engine of [one, two, three]) await accept(engine, randomUUID(), 400, 20);
    for (const engine of [three, two, one]) await accept(engine, randomUUID(), 400, 20);
    await until(() => delivered(one, 2_400));
    expect([counts.size, Math.max(...counts.values())]).toEqual([2_400, 1]);
    await until(() => expect(three.progress().alive).toBe(3));
  });

  test("new work for a partner whose turn another process holds goes at once, though its turn is busy waiting", async () => {
    const { counts, target } = await createCountingPartner(400);
    const [one, two] = await openMany(2, target);
    await addPartners(one, 1, target);
    await one.start();
    await accept(one, "first", 1, 1);
    await until(() => expect(counts.size).toBe(1));
    await two.start();
    await accept(two, "second", 1, 1);
    await until(() => expect(counts.size).toBe(2));
    // The holder was told: the second went while the first was still waiting for its answer.
    expect((await one.operations.conservation()).pending).toBe(2);
    await until(() => delivered(one, 2));
  });

  test("a process that stops leaves its partners to the others", async () => {
    const { counts, target } = await createCountingPartner(5);
    const [one, two] = await openMany(2, target);
    await addPartners(one, 10, target);
    await one.start();
    await two.start();
    await accept(one, "all", 1_000, 10);
    await until(() => expect(counts.size).toBeGreaterThan(100));
    engines.shift();
    await one.stop(5_000);
    await until(() => delivered(two, 1_000));
    expect(Math.max(...counts.values())).toBe(1);
  });

  test("a process that stops keeps what is in flight to itself, also if the answers take longer than a lease", async () => {
    const { counts, target } = await createCountingPartner(7_000);
    const [one, two] = await openMany(2, target);
    await addPartners(one, 4, target);
    await one.start();
    await two.start();
    await until(() => expect([one.progress().alive, two.progress().alive]).toEqual([2, 2]));
    await accept(one, "slow", 8, 4);
    await until(() => expect(counts.size).toBe(8));
    engines.shift();
    await one.stop(12_000);
    await until(() => delivered(two, 8));
    expect(Math.max(...counts.values())).toBe(1);
  });
}
