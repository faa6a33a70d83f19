import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createDatabase } from "../testing/postgres-server.ts";
import { migrate } from "./migrate.ts";
import { readChecksums, readMigrations } from "./migrations.ts";
import { openPg } from "./pg.ts";
import { openPglite } from "./pglite.ts";
import type { Sql } from "./sql.ts";

const nowMs = Date.parse("2026-03-04T10:00:00Z");

test("a migration is never edited: what ledgers have is what the repository has", () => {
  const actual = Object.fromEntries(readMigrations().map(({ name, sha256 }) => [name, sha256]));
  // A new one: node packages/engine/scripts/write-migration-checksums.ts. An old one: put it back, and write a new one.
  expect(actual).toEqual(readChecksums());
});

test("migrations are numbered without a gap", () => {
  const numbers = readMigrations().map(({ name }) => Number(/^(\d{4})_[a-z0-9_]+\.sql$/.exec(name)?.[1]));
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
});

describe("a ledger", () => {
  let sql: Sql;
  beforeAll(async () => {
    sql = await openPglite({ dataDir: "memory://" });
    await migrate(sql, nowMs);
  });
  afterAll(() => sql.close());

  const refusal = async (change: string, undo: string) => {
    await sql.script(change);
    const refused = await migrate(sql, nowMs).then(
      () => null,
      (error: { code: string; message: string; hint: string }) => error,
    );
    await sql.script(undo);
    return refused;
  };

  test("keeps the checksum of each migration that made it", async () => {
    const rows = await sql.query("select name, sha256 from postrider.migrations order by name");
    expect(rows).toEqual(readMigrations().map(({ name, sha256 }) => ({ name, sha256 })));
  });

  test.each(readMigrations().map(({ name, sha256 }) => [name, sha256]))(
    "made by another %s is refused in words",
    async (name, sha256) => {
      const set = (to: string) => `update postrider.migrations set sha256 = '${to}' where name = '${name}'`;
      const refused = await refusal(set("0".repeat(64)), set(sha256));
      expect(refused).toMatchObject({ code: "ledger_differs", message: expect.stringContaining(name) });
      expect(refused?.message).toMatch(/another text of migration .*\.$/);
    },
  );

  test("made by a migration that is not known here is refused in words", async () => {
    const refused = await refusal(
      "insert into postrider.migrations values ('0007_elsewhere.sql', 'x')",
      "delete from postrider.migrations where name = '0007_elsewhere.sql'",
    );
    expect(refused).toMatchObject({
      code: "ledger_differs",
      message: expect.stringContaining("0007_elsewhere.sql, which this version does not have"),
    });
  });

  test("that has everything is taken again", async () => {
    expect(await migrate(sql, nowMs)).toBe(readMigrations().length);
  });
});

test.skipIf(inject("postgresUrl") === null)(
  "a migration may take longer than a statement: indexes of a large ledger, and the wait for another process",
  async () => {
    const url = await createDatabase(inject("postgresUrl")!, `migrate_${randomUUID().replaceAll("-", "")}`);
    const other = openPg({ url });
    const sql = openPg({ url, statementTimeoutMs: 100 });
    try {
      const locked = Promise.withResolvers<void>();
      const held = other.transaction(async (tx) => {
        await tx.query("select pg_advisory_xact_lock(hashtext('postrider.migrate'))");
        locked.resolve();
        await tx.query("select pg_sleep(0.5)");
      });
      await locked.promise;
      expect(await migrate(sql, nowMs)).toBe(readMigrations().length);
      await held;
      await expect(sql.query("select pg_sleep(0.5)")).rejects.toMatchObject({ code: "57014" });
    } finally {
      await sql.close();
      await other.close();
    }
  },
);
