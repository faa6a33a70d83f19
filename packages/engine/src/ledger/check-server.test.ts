import { randomUUID } from "node:crypto";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { createDatabase } from "../testing/postgres-server.ts";
import { startPgbouncer } from "../testing/pgbouncer-server.ts";
import { checkServer } from "./check-server.ts";
import { parseDatabaseUrl } from "./database-url.ts";
import { migrate } from "./migrate.ts";
import { openPg } from "./pg.ts";

const address = parseDatabaseUrl("postgres://app@db/shop");
const where = { address, role: "app", database: "shop" };

/** A session of a server that says what is given. */
const answering = (facts: object) => async () =>
  ({ processID: 7, query: async () => ({ rows: [{ pid: 7, ...facts }] }), end: async () => {} }) as never;

const good = {
  version: 14,
  version_text: "14.0",
  encoding: "UTF8",
  reads: false,
  schema_there: false,
  schema_mine: false,
  may_create: true,
};

test.each([
  ["the oldest version", good],
  [
    "a schema of its own without the right to others",
    { ...good, schema_there: true, schema_mine: true, may_create: false },
  ],
])("%s is taken", async (_what, facts) => {
  await expect(checkServer(answering(facts), where)).resolves.toBeUndefined();
});

test.each([
  [
    "a version before it",
    { ...good, version: 13, version_text: "13.14" },
    /PostgreSQL 13\.14 at db:5432 is too old: .* 14/,
  ],
  ["an encoding", { ...good, encoding: "LATIN9" }, /LATIN9/],
  ["a standby", { ...good, reads: true }, /only reads/],
])("%s is refused", async (_what, facts, words) => {
  await expect(checkServer(answering(facts), where)).rejects.toMatchObject({
    code: "database_unsuitable",
    message: expect.stringMatching(words),
  });
});

// Where one of them is missing, the global set-up has printed why.
describe.skipIf(inject("postgresUrl") === null || !inject("pgbouncer"))("behind PgBouncer", () => {
  const throughPooler = async (settings: Readonly<Record<string, string>>) => {
    const serverUrl = inject("postgresUrl")!;
    const name = `pooled_${randomUUID().replaceAll("-", "")}`;
    await createDatabase(serverUrl, name);
    const pooler = await startPgbouncer(serverUrl, settings);
    const sql = openPg({ url: pooler.urlOf(name), statementTimeoutMs: 1_234 });
    onTestFinished(async () => {
      await sql.close();
      await pooler.stop();
    });
    return sql;
  };

  test.each([{}, { pool_mode: "session" }])("%j works, with its statement time-out", async (settings) => {
    const sql = await throughPooler(settings);
    await sql.check();
    await migrate(sql, Date.now());
    expect(await sql.query("show statement_timeout")).toEqual([{ statement_timeout: "1234ms" }]);
    const heard: string[] = [];
    const arrived = Promise.withResolvers<void>();
    const stop = await sql.listen("postrider_ring", (payload) => {
      heard.push(payload);
      arrived.resolve();
    });
    await sql.query("select pg_notify('postrider_ring', '7')");
    await arrived.promise;
    expect(heard).toEqual(["7"]);
    await stop();
  });

  test.each([
    { pool_mode: "transaction" },
    { pool_mode: "transaction", default_pool_size: "1" },
    { pool_mode: "transaction", server_round_robin: "1" },
    { pool_mode: "statement" },
  ])("%j is refused in words", async (settings) => {
    const sql = await throughPooler(settings);
    await expect(sql.check()).rejects.toMatchObject({
      code: "database_unsuitable",
      message: expect.stringMatching(/pooler .* hands its connection to other clients/),
      hint: expect.stringContaining("pool_mode = session"),
    });
  });

  test("a pool of one connection is refused in words", async () => {
    const sql = await throughPooler({ default_pool_size: "1" });
    await expect(sql.check()).rejects.toMatchObject({
      code: "database_unsuitable",
      message: expect.stringContaining("no second connection"),
    });
  }, 20_000);
});
