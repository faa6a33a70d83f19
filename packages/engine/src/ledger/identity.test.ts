/** Where a ledger lives is noted as far as it is known, and completed later. */
import { randomUUID } from "node:crypto";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { createDatabase } from "../testing/postgres-server.ts";
import { readIdentity } from "./identity.ts";
import { migrate } from "./migrate.ts";
import { openPg } from "./pg.ts";

describe.skipIf(inject("postgresUrl") === null)("the place of a ledger", () => {
  const made = async () => {
    const name = `place_${randomUUID().replaceAll("-", "")}`;
    const sql = openPg({ url: await createDatabase(inject("postgresUrl")!, name) });
    onTestFinished(() => sql.close());
    await migrate(sql, Date.now());
    const noted = async () =>
      (await sql.query("select system_identifier, database_oid::text as oid from postrider.ledger"))[0];
    const [real] = await sql.query(
      "select system_identifier::text as system_identifier, oid::text as oid from pg_control_system(), pg_database where datname = current_database()",
    );
    return { sql, noted, real };
  };
  /** Reads the identity as a role that may not ask which cluster this is. */
  const readWithoutRight = (sql: Awaited<ReturnType<typeof made>>["sql"]) =>
    sql.transaction(async (tx) => {
      const role = `blind_${randomUUID().slice(0, 8)}`;
      await tx.query(`create role ${role}`);
      await tx.query(`grant usage on schema postrider to ${role}`);
      await tx.query(`grant select, update on postrider.ledger to ${role}`);
      await tx.query("revoke execute on function pg_control_system() from public");
      await tx.query(`set local role ${role}`);
      const identity = await readIdentity(tx, null);
      await tx.query("reset role");
      await tx.query(`drop owned by ${role}`);
      await tx.query(`drop role ${role}`);
      await tx.query("grant execute on function pg_control_system() to public");
      return identity;
    });

  test("that a role without the right noted is completed by one with it, and kept by the next without", async () => {
    const { sql, noted, real } = await made();
    expect(await readWithoutRight(sql)).toMatchObject({ copied: false });
    expect(await noted()).toEqual({ ...real, system_identifier: null });
    expect(await readIdentity(sql, null)).toMatchObject({ copied: false });
    expect(await noted()).toEqual(real);
    expect(await readWithoutRight(sql)).toMatchObject({ copied: false });
    expect(await noted()).toEqual(real);
  });

  test("is not completed in a copy, and whole after the copy was adopted", async () => {
    const { sql, noted, real } = await made();
    await sql.query("update postrider.ledger set database_oid = 1, system_identifier = null");
    const { id, copied } = await readIdentity(sql, null);
    expect(copied).toBe(true);
    expect(await noted()).toEqual({ system_identifier: null, oid: "1" });
    expect(await readIdentity(sql, id)).toMatchObject({ copied: false });
    expect(await noted()).toEqual(real);
  });
});
