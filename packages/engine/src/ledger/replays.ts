import type { Sql } from "./sql.ts";

/**
 * Puts back up to `limit` deliveries of each running replay, within its rate, in one transaction. Safe to call from
 * many processes at once and after any crash: a replay is moved by one of them at a time, and a step that did not
 * commit did nothing.
 */
export async function advanceReplays(
  sql: Sql,
  limit: number,
  nowMs: number,
): Promise<{ readonly partnerNos: readonly number[]; readonly running: number }> {
  const [step] = await sql.query<{ partner_nos: readonly number[]; running: number }>(
    "select partner_nos, running from postrider.advance_replays($1::int, $2::float8)",
    [limit, nowMs],
  );
  return { partnerNos: step?.partner_nos ?? [], running: step?.running ?? 0 };
}
