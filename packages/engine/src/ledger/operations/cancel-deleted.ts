import type { Sql } from "../sql.ts";

const deliveriesPerStep = 5_000;

/**
 * Ends what still waits for deleted endpoints, in steps of 5,000 deliveries, each its own transaction. Called when one
 * is deleted, and by upkeep: for a process that died on the way, and for an event that was being routed meanwhile.
 */
export async function cancelDeleted(sql: Sql, nowMs: number): Promise<void> {
  let ended: number;
  do {
    const [row] = await sql.query<{ n: number }>(
      "select postrider.cancel_deleted($1::float8, $2::int) as n",
      [nowMs, deliveriesPerStep],
    );
    ended = row?.n ?? 0;
  } while (ended === deliveriesPerStep);
}
