/** Processes of one ledger with different master keys and lists of allowed targets, as in a rolling change. */
import { randomUUID } from "node:crypto";
import { describe, expect, inject, onTestFinished, test, vi } from "vitest";
import { endpointDefaults, partnerDefaults } from "./core/documents.ts";
import { type Engine, openEngine } from "./engine.ts";
import type { EngineOptions } from "./engine-options.ts";
import { openPg } from "./ledger/pg.ts";
import { startHttpPartner } from "./testing/http-partner.ts";
import { createDatabase } from "./testing/postgres-server.ts";

const postgresUrl = inject("postgresUrl");
const redisUrl = inject("redisUrl");
const until = (fact: () => Promise<void> | void) => vi.waitFor(fact, { timeout: 20_000, interval: 20 });
const oldKey = new Uint8Array(32).fill(1);
const newKey = new Uint8Array(32).fill(2);

async function startPartner() {
  const counts = new Map<string, number>();
  const { target, stop } = await startHttpPartner((request, response) => {
    const id = String(request.headers["webhook-id"]);
    counts.set(id, (counts.get(id) ?? 0) + 1);
    request.resume();
    response.end("ok");
  });
  onTestFinished(stop);
  return { counts, target };
}

// Where a server is missing, the global set-up has printed why.
describe.skipIf(postgresUrl === null)("processes that share one database", () => fleetTests(null));
describe.skipIf(postgresUrl === null || redisUrl === null)("processes that share a database and Redis", () =>
  fleetTests(redisUrl),
);

function fleetTests(redis: string | null): void {
  const start = async () => {
    const { counts, target } = await startPartner();
    const databaseUrl = await createDatabase(postgresUrl!, `own_${randomUUID().replaceAll("-", "")}`);
    const stopped = new Set<Engine>();
    const redisPrefix = `{${randomUUID()}}`;
    const open = async (changes: Partial<EngineOptions> = {}) => {
      const engine = await openEngine({
        databaseUrl,
        ...(redis === null ? {} : { redisUrl: redis, redisPrefix }),
        dataDir: "",
        masterKeys: [oldKey],
        allowTargets: [target],
        ...changes,
      });
      onTestFinished(() => (stopped.has(engine) ? undefined : engine.stop(0)));
      return engine;
    };
    const addPartners = async ({ operations }: Engine, ids: readonly string[]) => {
      for (const id of ids) {
        await operations.putPartner(id, { name: id, ...partnerDefaults }, Date.now());
        const document = { ...endpointDefaults, body: "envelope" as const, url: `http://${target}/${id}` };
        await operations.putEndpoint(id, "main", document, Date.now());
      }
    };
    const accept = async (engine: Engine, ids: readonly string[], each: number) => {
      const events = ids.flatMap((partner) =>
        Array.from({ length: each }, () => ({ event_id: randomUUID(), type: "a.b", partner })),
      );
      engine.ring((await engine.events.accept(events, Date.now())).partnerNos);
    };
    const delivered = async ({ operations }: Engine, count: number) => {
      const { finished, pending } = await operations.conservation();
      expect({ finished, pending }).toEqual({ finished: { delivered: count }, pending: 0 });
    };
    const admin = openPg({ url: databaseUrl, maxConnections: 1 });
    onTestFinished(() => admin.close());
    /** Every delivery took one attempt, and nothing came twice. */
    const spentNothing = async () => {
      const rows = await admin.query(
        "select 1 from postrider.attempts where n > 1 or status is distinct from 200",
      );
      expect([rows.length, Math.max(...counts.values())]).toEqual([0, 1]);
    };
    const stop = (engine: Engine) => {
      stopped.add(engine);
      return engine.stop(100);
    };
    return { open, stop, target, addPartners, accept, delivered, spentNothing };
  };
  const names = (engine: Engine) => engine.conditions().map(({ name }) => name);

  test("a partner is served by the process that has its master key, whoever accepts its events", async () => {
    const { open, addPartners, accept, delivered, spentNothing } = await start();
    const old = await open();
    const fresh = await open({ masterKeys: [newKey, oldKey] });
    const ids = ["acme", "beta", "corp", "dent"];
    await addPartners(fresh, ids);
    await old.start();
    await accept(old, ids, 2);
    await until(() => {
      const [condition] = old.conditions();
      expect(condition).toMatchObject({ name: "key_missing" });
      expect(condition!.message).toMatch(/acme, beta, corp and 1 more \(key id [0-9a-f]{8}\)/);
    });
    // Nobody can serve them: whoever asks is told which key is missing.
    const { missing_master_keys: missing } = (await fresh.operations.getPartner("acme"))!;
    expect(missing).toEqual([expect.stringMatching(/^[0-9a-f]{8}$/)]);
    await fresh.start();
    await until(() => delivered(fresh, 8));
    await until(async () => {
      expect(await fresh.operations.getPartner("acme")).not.toHaveProperty("missing_master_keys");
    });
    for (let n = 0; n < 3; n++) for (const engine of [old, fresh]) await accept(engine, ids, 1);
    await until(() => delivered(fresh, 32));
    await spentNothing();
    expect(names(fresh)).toEqual([]);
    // The key that the other one has seals again: it is served by both.
    await open({ masterKeys: [oldKey, newKey] });
    await until(() => expect(names(old)).toEqual([]));
    await accept(old, ids, 1);
    await until(() => delivered(fresh, 36));
    await spentNothing();
  });

  test("a target is called by the process that allows it, and costs the other no step of a ladder", async () => {
    const { open, stop, target, addPartners, accept, delivered, spentNothing } = await start();
    const allows = await open();
    const forbids = await open({ allowTargets: [] });
    const ids = ["acme", "beta"];
    await addPartners(allows, ids);
    await Promise.all([allows.start(), forbids.start()]);
    for (let n = 0; n < 4; n++) for (const engine of [forbids, allows]) await accept(engine, ids, 1);
    await until(() => delivered(allows, 16));
    await spentNothing();
    // A restart of the one that allows it.
    await stop(allows);
    await accept(forbids, ids, 2);
    await until(() => expect(names(forbids)).toEqual(["target_not_allowed"]));
    expect(forbids.conditions()[0]?.message).toContain(target);
    const again = await open();
    await again.start();
    await until(() => delivered(again, 20));
    await spentNothing();
  });
}
