import type { Sql } from "../sql.ts";

/** Some 100 ms of work: a caller may wait for one step. */
const deliveriesPerStep = 1_000;

/** Ends up to 1,000 of what waits for deleted endpoints. Resolves to whether there may be more. */
export async function cancelSomeDeleted(sql: Pick<Sql, "query">, nowMs: number): Promise<boolean> {
  const [row] = await sql.query<{ n: number }>("select postrider.cancel_deleted($1::float8, $2::int) as n", [
    nowMs,
    deliveriesPerStep,
  ]);
  return row?.n === deliveriesPerStep;
}

/**
 * Ends all of it, in steps which are a transaction each. Called by upkeep: for a process that died on the way, and for
 * an event that was being routed while its endpoint was deleted.
 */
export async function cancelDeleted(
  sql: Pick<Sql, "query">,
  nowMs: number,
  goesOn: () => boolean = () => true,
): Promise<void> {
  while (goesOn() && (await cancelSomeDeleted(sql, nowMs)));
}

/**
 * For one who deleted an endpoint and waits for the answer: one step, then the others behind its back. What a fault or
 * the end of the process leaves, upkeep ends; the deletion is committed, so a fault is not thrown. Resolves to whether there
 * may be more to end.
 */
export async function beginCancelDeleted(sql: Pick<Sql, "query">, nowMs: number): Promise<boolean> {
  try {
    const more = await cancelSomeDeleted(sql, nowMs);
    if (more) void cancelDeleted(sql, nowMs).catch(() => {});
    return more;
  } catch {
    return true;
  }
}
