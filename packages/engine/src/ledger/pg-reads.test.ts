/** Operators' reads beside accepting and sending, on a real server whose tables are locked. */
import { randomUUID } from "node:crypto";
import { describe, expect, inject, onTestFinished, test, vi } from "vitest";
import { PostriderError } from "../core/errors.ts";
import { createBench, type Bench } from "../testing/ledger-suite/bench.ts";
import { createDatabase } from "../testing/postgres-server.ts";
import { createDispatchLedger } from "./dispatch-ledger.ts";
import { createEventDoor } from "./event-door.ts";
import { migrate } from "./migrate.ts";
import { createOperations } from "./operations/index.ts";
import { openPg, type PgSql } from "./pg.ts";
import { createReadiness } from "./readiness.ts";
import { createSeal } from "./seal.ts";
import { systemClock } from "../ports/clock.ts";
import { silentTelemetry } from "../ports/telemetry.ts";

const nowMs = Date.now();
const codeOf = (error: unknown) => (error instanceof PostriderError ? error.code : error);
const outcome = (promise: Promise<unknown>) => promise.then(() => "answered", codeOf);

// Where there is no PostgreSQL, the global set-up has printed why.
describe.skipIf(inject("postgresUrl") === null)("operators' reads", () => {
  let admin: PgSql;
  let bench: Bench;
  let sql: PgSql;
  const open = async (more: { maxConnections?: number; statementTimeoutMs?: number } = {}) => {
    const url = await createDatabase(inject("postgresUrl")!, `reads_${randomUUID().replaceAll("-", "")}`);
    const [operators, opened] = [openPg({ url }), openPg({ url, ...more })];
    onTestFinished(async () => {
      await Promise.all([operators.close(), opened.close()]);
    });
    await migrate(operators, nowMs);
    [admin, sql] = [operators, opened];
    const seal = createSeal([new Uint8Array(32).fill(7)]);
    bench = createBench({
      door: createEventDoor(sql),
      dispatch: createDispatchLedger(sql, seal),
      operations: createOperations(sql, seal, { allowedTargets: new Set() }),
      neighbours: null,
      sql,
      close: async () => {},
    });
    // Deliveries of nobody are listed without a look at the tables.
    await bench.partner();
    return bench;
  };

  /** Holds a table until the function it resolves to is called. */
  const lock = async (table: string) => {
    const locked = Promise.withResolvers<void>();
    const free = Promise.withResolvers<void>();
    const done = admin.transaction(async (tx) => {
      await tx.query(`lock table postrider.${table} in access exclusive mode`);
      locked.resolve();
      await free.promise;
    });
    await locked.promise;
    const unlock = async () => {
      free.resolve();
      await done;
    };
    // A failed test ends its lock too, before the connections are closed.
    onTestFinished(unlock);
    return unlock;
  };
  const readers = () =>
    admin.query<{ state: string; query: string }>(
      "select state, query from pg_stat_activity where datname = current_database() and application_name = 'postrider-read'",
    );
  const reading = async () => (await readers()).filter(({ state }) => state === "active").length;

  test("that hang stop nothing: of thirty lists two run, twenty wait, the others are refused, and small ones, accepts, claims, records and readiness go on", async () => {
    const { operations, dispatch, door } = await open();
    const acme = await bench.partner();
    const lost = vi.fn();
    sql.onLost(lost);
    const free = await lock("finished");
    const lists = Array.from({ length: 30 }, () => outcome(operations.listDeliveries({}, { limit: 10 })));
    await vi.waitFor(async () => expect(await reading()).toBe(2));

    const readiness = createReadiness({
      sql,
      clock: systemClock,
      telemetry: silentTelemetry,
      ceiling: () => null,
    });
    const startedMs = performance.now();
    const ids = await bench.enqueue(acme, 50, nowMs);
    const claimed = await bench.turn(acme, nowMs);
    expect(claimed.deliveries.map(({ id }) => id)).toEqual(ids);
    await dispatch.saveCursors([{ partnerNo: acme.no, fence: claimed.fence, cursorMs: nowMs }]);
    await door.accept([bench.event(acme)], nowMs);
    expect(await readiness.check()).toBeNull();
    expect((await operations.ping()).version).not.toBe("");
    expect((await operations.backlog(nowMs, 5)).pending).toBe(51);
    expect((await operations.getPartner(acme.id))?.id).toBe(acme.id);
    expect(performance.now() - startedMs).toBeLessThan(4_000);

    await free();
    const ended = await Promise.all(lists);
    expect(ended.filter((one) => one === "answered")).toHaveLength(22);
    expect(ended.filter((one) => one === "busy")).toHaveLength(8);
    expect(lost).not.toHaveBeenCalled();
  });

  test("that wait for a place for too long are told that it is busy, and not that the ledger is lost", async () => {
    await open();
    const free = await lock("finished");
    const lists = Array.from({ length: 3 }, () =>
      bench.operations.listDeliveries({}, { limit: 10 }).catch((error: PostriderError) => error),
    );
    const [late] = await Promise.all([Promise.race(lists)]);
    await free();
    expect(late).toMatchObject({ code: "busy", status: 429 });
    expect((late as PostriderError).message).not.toMatch(/reached/);
    await Promise.all(lists);
  });

  test("end at the server as soon as their caller goes away, whether they run or wait", async () => {
    const { operations } = await open();
    const free = await lock("finished");
    const callers = Array.from({ length: 4 }, () => new AbortController());
    const lists = callers.map(({ signal }) =>
      operations.listDeliveries({}, { limit: 10 }, signal).catch((error: Error) => error.message),
    );
    const shared = callers
      .slice(0, 2)
      .map(({ signal }) => operations.conservation(signal).catch((error: Error) => error.message));
    await vi.waitFor(async () => expect(await reading()).toBe(2));
    for (const caller of callers) caller.abort(new Error("went away"));
    expect(await Promise.all([...lists, ...shared])).toEqual(Array(6).fill("went away"));
    await vi.waitFor(async () => expect(await reading()).toBe(0), { timeout: 5_000, interval: 50 });
    // The table is still locked: what freed the server was the order to stop.
    await free();
    expect(await outcome(operations.listDeliveries({}, { limit: 10 }))).toBe("answered");
  });

  test("that take too long end in words that say how to ask for less", async () => {
    await open({ statementTimeoutMs: 200 });
    const free = await lock("finished");
    for (const read of [
      () => bench.operations.listDeliveries({}, { limit: 10 }),
      () => bench.operations.conservation(),
      () => bench.operations.groupDeliveries({}),
      () => bench.operations.previewReplay({}, nowMs),
    ])
      await expect(read()).rejects.toMatchObject({
        code: "too_slow",
        status: 504,
        message: expect.stringMatching(/reads too much/),
        hint: "Narrow since/until, partner or state.",
      });
    await free();
    const freeReplays = await lock("replays");
    await expect(
      bench.operations.createReplay({ filter: {}, ratePerSecond: null, requestedBy: "test" }, nowMs),
    ).rejects.toMatchObject({ code: "too_slow", hint: expect.stringMatching(/changed nothing/) });
    await freeReplays();
  });

  test("of everything that is kept run one at a time, and those who ask for the same share the answer", async () => {
    const { operations } = await open();
    const free = await lock("finished");
    const leaves = new AbortController();
    const counts = [
      operations.conservation(),
      operations.conservation(),
      operations.conservation(leaves.signal).catch((error: Error) => error.message),
    ];
    const groups = outcome(operations.groupDeliveries({}));
    await vi.waitFor(async () => expect(await reading()).toBe(1));
    leaves.abort(new Error("went away"));
    expect(await counts[2]).toBe("went away");
    expect(await reading()).toBe(1);
    await free();
    const [one, two] = await Promise.all(counts);
    expect(one).toMatchObject({ drift: 0 });
    expect(two).toEqual(one);
    expect(await groups).toBe("answered");
  });

  test("can only read, one processor each, under a name of their own, on connections that are opened for them", async () => {
    await open();
    expect(await readers()).toEqual([]);
    const settings = async (from: Pick<PgSql, "query">) =>
      (
        await from.query(`select current_setting('default_transaction_read_only') as only_reads, current_setting('jit') as jit,
          current_setting('max_parallel_workers_per_gather') as processors, current_setting('statement_timeout') as longest`)
      )[0];
    expect(await settings(sql.reads)).toEqual({
      only_reads: "on",
      jit: "off",
      processors: "0",
      longest: "10s",
    });
    expect(await settings(sql)).toMatchObject({ only_reads: "off", jit: "off", longest: "1min" });
    expect(await readers()).not.toEqual([]);
    await expect(sql.reads.query("create table postrider.mine ()")).rejects.toMatchObject({ code: "25006" });
  });

  test("waiting for a connection of the others is busy, and no lost ledger", async () => {
    await open({ maxConnections: 2 });
    const lost = vi.fn();
    sql.onLost(lost);
    const acme = await bench.partner();
    const free = await lock("pending");
    const [first, second] = [bench.enqueue(acme, 1), bench.enqueue(acme, 1)];
    const third = await bench.door.accept([bench.event(acme)], nowMs).catch((error: unknown) => error);
    expect(third).toMatchObject({ code: "busy", status: 429, message: expect.stringMatching(/in use/) });
    expect(bench.dispatch.isTransient(third)).toBe(true);
    expect(lost).not.toHaveBeenCalled();
    await free();
    await Promise.all([first, second]);
  });

  test("changes by operators that hang leave connections to what is accepted and sent", async () => {
    const { operations, door } = await open();
    const acme = await bench.partner();
    const free = await lock("replays");
    await admin.query("select 1");
    const changes = Array.from({ length: 12 }, () =>
      outcome(
        operations.createReplay(
          { filter: { partner: acme.id }, ratePerSecond: null, requestedBy: "t" },
          nowMs,
        ),
      ),
    );
    await vi.waitFor(async () => {
      const [row] = await admin.query<{ n: number }>(
        "select count(*)::int as n from pg_stat_activity where datname = current_database() and application_name = 'postrider' and wait_event_type = 'Lock'",
      );
      expect(row?.n).toBe(4);
    });
    await door.accept([bench.event(acme)], nowMs);
    expect((await bench.turn(acme, nowMs)).deliveries).toHaveLength(1);
    await free();
    expect(new Set(await Promise.all(changes))).toEqual(new Set(["answered"]));
  });
});
