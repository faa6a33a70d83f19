import { PostriderError } from "../core/errors.ts";
import { type Migration, readMigrations, readRoutines } from "./migrations.ts";
import type { Sql } from "./sql.ts";

/**
 * Brings the ledger to this version's form: migrations not yet applied, in order; then the routines, if any of them
 * changed. One script is one transaction, and it holds a lock, so processes that start together do not meet.
 *
 * @returns the number of the last migration
 * @throws PostriderError `ledger_too_new` if a newer version has been here; `ledger_differs` if the ledger was made by
 * a migration that has another text here
 */
export async function migrate(sql: Sql, nowMs: number): Promise<number> {
  const migrations = readMigrations();
  const routines = readRoutines();
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
  refuseEdited(migrations, before);
  if (before.migration < latest || before.routines !== routines.sha256 || before.checksums === null) {
    await sql.script(
      [
        // An index of a large ledger takes minutes, and cancelled it would be begun again at each start.
        "set local statement_timeout = 0",
        "select pg_advisory_xact_lock(hashtext('postrider.migrate'))",
        // Whoever accepts by SQL meanwhile waits behind a lock that is waited for.
        "set local lock_timeout = '60s'",
        createSchema,
        "create table if not exists postrider.schema_state (one boolean primary key default true check (one), migration integer not null, routines text not null)",
        "create table if not exists postrider.migrations (name text primary key, sha256 text not null)",
        ...migrations
          .slice(before.migration)
          .map((migration, index) => onlyAfter(before.migration + index, migration)),
        ...routines.scripts.map((script) => script.sql),
        `insert into postrider.schema_state (migration, routines) values (${latest}, '${routines.sha256}')
           on conflict (one) do update set migration = greatest(postrider.schema_state.migration, excluded.migration), routines = excluded.routines`,
      ].join(";\n"),
    );
  }
  await sql.query("select postrider.ensure_partitions(to_timestamp($1::float8 / 1000))", [nowMs]);
  return latest;
}

/** PostgreSQL asks for the right to create schemas even if the schema exists: a role may own this one and no more. */
const createSchema =
  "do $do$ begin if to_regnamespace('postrider') is null then create schema postrider; end if; end $do$";

interface AppliedState {
  readonly migration: number;
  readonly routines: string;
  /** By the name of the migration; null in a ledger that was last started before checksums were kept. */
  readonly checksums: Readonly<Record<string, string>> | null;
}

async function appliedState(sql: Sql): Promise<AppliedState> {
  const [found] = await sql.query<{ state: boolean; checksums: boolean }>(
    `select to_regclass('postrider.schema_state') is not null as state,
       to_regclass('postrider.migrations') is not null as checksums`,
  );
  if (!found?.state) return { migration: 0, routines: "", checksums: null };
  const [state] = await sql.query<{ migration: number; routines: string }>(
    "select migration, routines from postrider.schema_state",
  );
  const rows = found.checksums
    ? await sql.query<{ name: string; sha256: string }>("select name, sha256 from postrider.migrations")
    : null;
  const checksums = rows && Object.fromEntries(rows.map(({ name, sha256 }) => [name, sha256]));
  return { migration: state?.migration ?? 0, routines: state?.routines ?? "", checksums };
}

/** A ledger made by a different text of a migration may lack what the routines need: nothing may run on it. */
function refuseEdited(migrations: readonly Migration[], { migration, checksums }: AppliedState): void {
  const known = new Map(migrations.map(({ name, sha256 }) => [name, sha256]));
  const differing = Object.entries(checksums ?? {}).find(([name, sha256]) => known.get(name) !== sha256);
  if (differing === undefined) return;
  const [name] = differing;
  const what = known.has(name)
    ? `by another text of migration ${name} than this version has`
    : `by migration ${name}, which this version does not have`;
  throw new PostriderError("ledger_differs", `The ledger, at migration ${migration}, was made ${what}.`, {
    hint: "Start the Postrider version that made it. Migrations are never edited: put the old file back, and the change into a new one.",
  });
}

/** A migration guarded against a process that applied it while this one waited for the lock. */
function onlyAfter(previous: number, { name, sql, sha256 }: Migration): string {
  // Migration 1 asks for a right that a role may lack if its schema was made for it; by now the schema is there.
  const quoted = sql.replaceAll("$migration$", "").replace("create schema if not exists postrider;", "");
  return `do $migration$ begin
    if coalesce((select migration from postrider.schema_state), 0) = ${previous} then
      execute $script$${quoted}$script$;
      insert into postrider.migrations (name, sha256) values ('${name}', '${sha256}');
      insert into postrider.schema_state (migration, routines) values (${previous + 1}, '') on conflict (one) do update set migration = excluded.migration;
    end if;
  end $migration$`;
}
