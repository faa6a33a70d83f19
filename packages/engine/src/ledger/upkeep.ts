import type { Retention } from "../ports/ledger.ts";
import { cancelDeleted } from "./operations/cancel-deleted.ts";
import { dropOrder } from "./operations/drop-order.ts";
import type { Sql } from "./sql.ts";

/** Rows of a default partition that one step looks at. */
const rowsPerStep = 2_000;
/** Pages of `event_keys` that one step looks at: 4 MB, some 40,000 keys. */
const pagesPerStep = 512;
/**
 * Versions of an endpoint's document that are kept although no attempt needs them, so that one can go back; and the most
 * that are kept of one endpoint, so that a script which puts it each second does not fill the ledger.
 */
const fewestVersions = 20;
const mostVersions = 1_000;
const firstId = "00000000-0000-0000-0000-000000000000";

/**
 * Partitions to come, what still waits for deleted endpoints, and retention, in steps that are a transaction each.
 * Safe to call from many processes at once, and after any crash: what one call did not do, the next one does.
 */
export async function keepUp(
  sql: Sql,
  nowMs: number,
  { deliveredMs, undeliveredMs }: Retention,
  signal?: AbortSignal,
): Promise<void> {
  const beforeMs = nowMs - deliveredMs;
  const undeliveredBeforeMs = nowMs - undeliveredMs;
  const goesOn = () => !signal?.aborted;
  await cancelDeleted(sql, nowMs, goesOn);
  await dropOrder(sql, nowMs);
  await sql.query("select postrider.ensure_partitions(to_timestamp($1::float8 / 1000))", [nowMs]);
  while (goesOn() && (await weekRemoved(sql, "drop_past", undeliveredBeforeMs)));
  while (goesOn() && (await weekRemoved(sql, "reduce_past", beforeMs)));
  await trim(sql, trimSql, [beforeMs, undeliveredBeforeMs], goesOn);
  await trim(sql, trimEventsSql, [beforeMs], goesOn);
  if (goesOn()) await sql.query(pruneVersionsSql, [nowMs, fewestVersions, mostVersions]);
  await forgetKeys(sql, beforeMs, goesOn);
}

const pruneVersionsSql =
  "select postrider.prune_endpoint_versions(to_timestamp($1::float8 / 1000), $2::int, $3::int)";

const trimSql =
  "select postrider.trim_default($1::text::uuid, to_timestamp($3::float8 / 1000), to_timestamp($4::float8 / 1000), $2::int)::text as last";
const trimEventsSql =
  "select postrider.trim_default_events($1::text::uuid, to_timestamp($3::float8 / 1000), $2::int)::text as last";

/** One week, in a transaction without a time limit: copying what was not delivered of a very bad week takes minutes. */
async function weekRemoved(
  sql: Sql,
  routine: "drop_past" | "reduce_past",
  beforeMs: number,
): Promise<boolean> {
  return sql.transaction(async (tx) => {
    await tx.query("set local statement_timeout = 0");
    const [row] = await tx.query<{ weeks: number }>(
      `select postrider.${routine}(to_timestamp($1::float8 / 1000)) as weeks`,
      [beforeMs],
    );
    return (row?.weeks ?? 0) > 0;
  });
}

async function trim(sql: Sql, text: string, times: readonly number[], goesOn: () => boolean): Promise<void> {
  let last: string | null = firstId;
  while (last !== null && goesOn()) {
    const [row]: readonly { last: string | null }[] = await sql.query(text, [last, rowsPerStep, ...times]);
    last = row?.last ?? null;
  }
}

/** Walks over the keys once per removal of events, and not at all where nothing was removed. */
async function forgetKeys(sql: Sql, beforeMs: number, goesOn: () => boolean): Promise<void> {
  const [due] = await sql.query<{ removals: string }>(
    "select removals::text as removals from postrider.retention where removals > forgotten",
  );
  if (!due) return;
  for (let page = 0, more = true; more; page += pagesPerStep) {
    if (!goesOn()) return;
    const [row] = await sql.query<{ more: boolean }>(
      "select postrider.forget_keys(to_timestamp($1::float8 / 1000), $2::bigint, $3::int) as more",
      [beforeMs, page, pagesPerStep],
    );
    more = row?.more ?? false;
  }
  await sql.query("update postrider.retention set forgotten = greatest(forgotten, $1::bigint)", [
    due.removals,
  ]);
}
