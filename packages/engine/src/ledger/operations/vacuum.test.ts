import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { VacuumHolder } from "../../core/vacuum.ts";
import {
  createDatabase,
  findPostgres,
  type PostgresServer,
  startPostgres,
} from "../../testing/postgres-server.ts";
import { migrate } from "../migrate.ts";
import { openPg } from "../pg.ts";
import { openPglite } from "../pglite.ts";
import { createSeal } from "../seal.ts";
import type { Sql } from "../sql.ts";
import { createOperations } from "./create-operations.ts";
import { readVacuumState } from "./vacuum.ts";

const nowMs = Date.parse("2026-03-04T10:00:00.000Z");

test("an embedded ledger has nobody who could hold vacuum back", async () => {
  const sql = await openPglite({ dataDir: "memory://" });
  const operations = createOperations(sql, createSeal([new Uint8Array(32).fill(7)]), {
    allowedTargets: new Set(),
  });
  expect(await operations.vacuumState()).toEqual({ heldBackBy: [], unseen: 0, deadPending: 0 });
  await sql.close();
});

describe.skipIf(findPostgres() === null)("on a real PostgreSQL (skipped where none is installed)", () => {
  let server: PostgresServer;
  let url: string;
  let sql: Sql;
  const clients: Client[] = [];
  const connect = async (name: string, more: { user?: string; database?: string } = {}) => {
    const address = new URL(url);
    if (more.user) address.username = more.user;
    if (more.database) address.pathname = `/${more.database}`;
    const client = new Client({ connectionString: address.href, application_name: name });
    await client.connect();
    clients.push(client);
    return client;
  };
  const pidOf = async (client: Client) =>
    (await client.query<{ pid: number }>("select pg_backend_pid() as pid")).rows[0]!.pid;
  const holdersOf = async (by: Sql = sql): Promise<readonly VacuumHolder[]> =>
    (await readVacuumState(by, 0, 0)).heldBackBy;

  beforeAll(async () => {
    server = await startPostgres({ max_prepared_transactions: "2", fsync: "off" });
    url = await createDatabase(server.url, "vacuum");
    sql = openPg({ url });
    await migrate(sql, nowMs);
  });
  afterAll(async () => {
    for (const client of clients) await client.end();
    await sql.close();
    await server.stop();
  });

  test("nothing is named if nobody holds anything, and a session without a snapshot does not", async () => {
    await connect("idle");
    expect(await holdersOf()).toEqual([]);
  });

  test("a forgotten transaction is named by its application, its process and what it does, until it ends", async () => {
    const client = await connect("nightly-dump");
    await client.query("begin isolation level repeatable read");
    await client.query("select 1 from postrider.pending limit 1");
    expect(await holdersOf()).toEqual([
      {
        kind: "transaction",
        name: `nightly-dump, pid ${await pidOf(client)}`,
        state: "idle in transaction",
        sinceMs: expect.any(Number),
        transactions: expect.any(Number),
      },
    ]);
    const { heldBackBy } = await readVacuumState(sql, 3_600_000, 100_000);
    expect(heldBackBy).toEqual([]);
    await client.query("rollback");
    expect(await holdersOf()).toEqual([]);
  });

  test("a transaction that wrote and took no snapshot since is named too", async () => {
    const client = await connect("writer");
    await client.query("begin");
    await client.query("create temporary table t (n integer)");
    expect(await holdersOf()).toMatchObject([{ kind: "transaction", state: "idle in transaction" }]);
    await client.query("rollback");
  });

  test("a transaction in another database holds nothing back here", async () => {
    const client = await connect("elsewhere", { database: "postgres" });
    await client.query("begin isolation level repeatable read");
    await client.query("select 1 from pg_class limit 1");
    expect(await holdersOf()).toEqual([]);
    await client.query("rollback");
  });

  test("a prepared transaction is named, until it is ended", async () => {
    const client = await connect("two-phase");
    await client.query("begin");
    await client.query("create table public.made (n integer)");
    await client.query("prepare transaction 'order-17'");
    expect(await holdersOf()).toMatchObject([
      { kind: "prepared_transaction", name: "order-17", state: null },
    ]);
    await client.query("rollback prepared 'order-17'");
    expect(await holdersOf()).toEqual([]);
  });

  test("of other roles' transactions a plain role sees the age only, and counts who it may not look at", async () => {
    await sql.script("create role plain login; grant usage on schema postrider to plain");
    const address = new URL(url);
    address.username = "plain";
    const plain = openPg({ url: address.href });
    const client = await connect("nightly-dump");
    await client.query("begin isolation level repeatable read");
    await client.query("select 1 from postrider.pending limit 1");
    const hidden = await readVacuumState(plain, 0, -1);
    expect(hidden.unseen).toBeGreaterThan(0);
    expect(hidden.heldBackBy).toMatchObject([{ kind: "transaction", state: null, sinceMs: null }]);
    expect((await readVacuumState(plain, 0, 100_000)).heldBackBy).toEqual([]);
    await sql.script("grant pg_monitor to plain");
    const shown = await readVacuumState(plain, 0, 100_000);
    expect(shown.unseen).toBe(0);
    expect(shown.heldBackBy).toMatchObject([{ state: "idle in transaction" }]);
    await plain.close();
    await client.query("rollback");
  });
});
