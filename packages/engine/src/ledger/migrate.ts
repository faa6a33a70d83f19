import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PostriderError } from "../core/errors.ts";
import type { Sql } from "./sql.ts";

interface Script {
  readonly name: string;
  readonly sql: string;
}

const scriptsOf = (folder: string): Script[] =>
  readdirSync(join(import.meta.dirname, folder))
    .filter((name) => name.endsWith(".sql"))
    .sort()
    .map((name) => ({ name, sql: readFileSync(join(import.meta.dirname, folder, name), "utf8") }));

/**
 * Brings the ledger to this version's form: migrations not yet applied, in order; then the routines, if any of them
 * changed. One script is one transaction, and it holds a lock, so processes that start together do not meet.
 *
 * @returns the number of the last migration
 * @throws PostriderError `ledger_too_new` where a newer version has been here
 */
export async function migrate(sql: Sql, nowMs: number): Promise<number> {
  const migrations = scriptsOf("migrations");
  const routines = scriptsOf("routines");
  const routinesHash = createHash("sha256")
    .update(routines.map((script) => script.sql).join("\0"))
    .digest("hex");
  const latest = migrations.length;

  const before = await appliedState(sql);
  if (before.migration > latest) {
    throw new PostriderError(
      "ledger_too_new",
      `The ledger is at migration ${before.migration}; this version knows ${latest}.`,
      {
        hint: "Start the Postrider version that migrated it, or a newer one.",
      },
    );
  }
  if (before.migration < latest || before.routines !== routinesHash) {
    const pending = migrations.slice(before.migration);
    await sql.script(
      [
        "select pg_advisory_xact_lock(hashtext('postrider.migrate'))",
        "create schema if not exists postrider",
        "create table if not exists postrider.schema_state (one boolean primary key default true check (one), migration integer not null, routines text not null)",
        ...pending.map(({ sql }, index) => onlyAfter(before.migration + index, sql)),
        ...routines.map((script) => script.sql),
        `insert into postrider.schema_state (migration, routines) values (${latest}, '${routinesHash}')
           on conflict (one) do update set migration = greatest(postrider.schema_state.migration, excluded.migration), routines = excluded.routines`,
      ].join(";\n"),
    );
  }
  await sql.query("select postrider.ensure_partitions(to_timestamp($1::float8 / 1000))", [nowMs]);
  return latest;
}

async function appliedState(sql: Sql): Promise<{ migration: number; routines: string }> {
  const [found] = await sql.query<{ there: boolean }>(
    "select to_regclass('postrider.schema_state') is not null as there",
  );
  if (!found?.there) return { migration: 0, routines: "" };
  const [state] = await sql.query<{ migration: number; routines: string }>(
    "select migration, routines from postrider.schema_state",
  );
  return state ?? { migration: 0, routines: "" };
}

/** A migration guarded against a process that applied it while this one waited for the lock. */
function onlyAfter(previous: number, sql: string): string {
  const quoted = sql.replaceAll("$migration$", "");
  return `do $migration$ begin
    if coalesce((select migration from postrider.schema_state), 0) = ${previous} then
      execute $script$${quoted}$script$;
      insert into postrider.schema_state (migration, routines) values (${previous + 1}, '') on conflict (one) do update set migration = excluded.migration;
    end if;
  end $migration$`;
}
