import type { Sql } from "../sql.ts";

const deliveriesPerStep = 5_000;

/**
 * Takes what waits for endpoints without an order out of their former order, in steps of 5,000 deliveries, each its own
 * transaction. Called when an endpoint is changed, and by upkeep: for a process that died on the way, and for an event
 * that was being routed meanwhile.
 */
export async function dropOrder(sql: Pick<Sql, "query">, nowMs: number): Promise<void> {
  let freed: number;
  do {
    const [row] = await sql.query<{ n: number }>("select postrider.drop_order($1::float8, $2::int) as n", [
      nowMs,
      deliveriesPerStep,
    ]);
    freed = row?.n ?? 0;
  } while (freed === deliveriesPerStep);
}
