/** Connections that fall silent without being closed, as firewalls, NAT and proxies make them, before a real server. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, onTestFinished, test, vi } from "vitest";
import type { ConditionName } from "../ports/conditions.ts";
import { createDatabase, type PostgresServer, startPostgres } from "../testing/postgres-server.ts";
import { type SilentProxy, startSilentProxy } from "../testing/silent-proxy.ts";
import { createDispatchLedger } from "./dispatch-ledger.ts";
import { migrate } from "./migrate.ts";
import { openPg, type PgSql } from "./pg.ts";
import { createSeal } from "./seal.ts";

const alive = { busy: 0, dispatches: true, skewMs: null, conditions: [] };

/** As in production it is 3 s and 2.5 s. */
const proofs = { everyMs: 300, withinMs: 250 };
/** Ten times the longest that finding and replacing may take: the machine may be busy. */
const soon = { timeout: 10_000, interval: 20 };
const nowMs = Date.now();
const isListening = (sent: string) => /listen "postrider_ring"/.test(sent);

describe.skipIf(inject("postgresUrl") === null)("connections that fall silent", () => {
  let server: PostgresServer;
  let url: string;
  beforeAll(async () => {
    server = await startPostgres({ fsync: "off", shared_buffers: "16MB" });
    url = await createDatabase(server.url, "silent");
    const sql = openPg({ url });
    await migrate(sql, nowMs);
    await sql.close();
  });
  afterAll(() => server?.stop());

  let proxy: SilentProxy;
  beforeEach(async () => {
    const path = `${new URL(url).searchParams.get("host")}/.s.PGSQL.5432`;
    proxy = await startSilentProxy({ path });
    onTestFinished(() => proxy.stop());
  });

  const opened = (through: "proxy" | "socket", name: string) => {
    const said: [ConditionName, string | null][] = [];
    const sql = openPg({
      url:
        through === "socket" ? url : `postgres://postgres@127.0.0.1:${proxy.port}/silent?connect_timeout=1`,
      maxConnections: 4,
      proofs,
      conditions: { set: (condition, message) => void said.push([condition, message]), list: () => [] },
    });
    onTestFinished(() => sql.close());
    const ledger = createDispatchLedger(sql, createSeal([new Uint8Array(32).fill(7)]), {
      process: { id: randomUUID(), name },
    });
    return { sql, ledger, said };
  };
  const backendOf = async (sql: PgSql) =>
    (await sql.query<{ pid: number }>("select pg_backend_pid() as pid"))[0]!.pid;

  test.each(["server-gone", "both", "toServer", "toClient"] as const)(
    "the one that listens (%s): it says so, opens another by itself, and holds its lock and hears again",
    async (how) => {
      const { sql, ledger, said } = opened("proxy", "one");
      const other = opened("socket", "two");
      const heard: (readonly number[])[] = [];
      const stop = await ledger.onRing(({ partnerNos }) => void heard.push(partnerNos));
      const stopOther = await other.ledger.onRing(() => {});
      await ledger.attend(alive);
      await other.ledger.attend(alive);
      const lost = vi.fn();
      sql.onLost(lost);

      expect(proxy.silence(how, isListening)).toBe(1);
      await vi.waitFor(() => expect(said.at(-1)).toEqual(["listening_lost", expect.any(String)]), soon);
      // '*' asks for a sweep: what was notified meanwhile is lost.
      await vi.waitFor(() => expect(heard).toContainEqual([]), soon);
      expect(said.at(-1)).toEqual(["listening_lost", null]);
      expect(lost).toHaveBeenCalled();
      await other.ledger.tellHolders([7]);
      await vi.waitFor(() => expect(heard).toContainEqual([7]), soon);

      // Neither takes the other for dead any more.
      await ledger.attend(alive);
      expect(await other.ledger.attend(alive)).toMatchObject({ alive: 2, foundDead: 0 });
      expect(await ledger.attend(alive)).toMatchObject({ alive: 2, foundDead: 0 });
      await Promise.all([stop(), stopOther()]);
    },
  );

  test.each(["server-gone", "both", "toServer", "toClient"] as const)(
    "those with a statement under way (%s): it ends as a lost connection does, and the next one works",
    async (how) => {
      const { sql } = opened("proxy", "one");
      await backendOf(sql);
      const lost = vi.fn();
      sql.onLost(lost);
      expect(proxy.silence(how)).toBeGreaterThan(0);
      const failed = await backendOf(sql).then(
        () => null,
        (error: unknown) => error,
      );
      expect(failed).toMatchObject({ code: "ETIMEDOUT" });
      expect(lost).toHaveBeenCalled();
      expect(await backendOf(sql)).toBeGreaterThan(0);
    },
  );

  test("all of them, and new ones for a while: nothing waits for the statement's time-out, and all is well afterwards", async () => {
    const { sql, ledger, said } = opened("proxy", "one");
    const heard = vi.fn();
    const stop = await ledger.onRing(heard);
    await Promise.all(Array.from({ length: 4 }, () => sql.query("select pg_sleep(0.05)")));
    proxy.newOnesSilent = true;
    proxy.silence("both");
    const failed = await Promise.allSettled(Array.from({ length: 4 }, () => backendOf(sql)));
    expect(failed.map(({ status }) => status)).toEqual(Array(4).fill("rejected"));
    await vi.waitFor(() => expect(said.at(-1)?.[1]).toEqual(expect.any(String)), soon);
    proxy.newOnesSilent = false;
    await vi.waitFor(() => backendOf(sql), soon);
    await vi.waitFor(() => expect(heard).toHaveBeenCalled(), soon);
    expect(said.at(-1)).toEqual(["listening_lost", null]);
    await stop();
  });

  test("a statement that only takes long is waited for, also beside one that is silent", async () => {
    const { sql } = opened("proxy", "one");
    const long = sql.query("select pg_sleep(2.5), 1 as done");
    await vi.waitFor(() => expect(proxy.silence("both", (sent) => sent.includes("never"))).toBe(0));
    const silent = sql.transaction(async (tx) => {
      await tx.query("select 'never' as word");
      proxy.silence("both", (sent) => sent.includes("never"));
      return tx.query("select 2");
    });
    await expect(silent).rejects.toMatchObject({ code: "ETIMEDOUT" });
    expect(await long).toMatchObject([{ done: 1 }]);
  });

  test("reads end as well", async () => {
    const { sql } = opened("proxy", "one");
    await sql.reads.query("select 1");
    proxy.silence("both");
    await expect(sql.reads.query("select 2")).rejects.toMatchObject({ code: "ETIMEDOUT" });
    expect(await sql.reads.query("select 3 as n")).toEqual([{ n: 3 }]);
  });
});
