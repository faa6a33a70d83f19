import type { FanOut } from "../ports/ledger.ts";
import { listOf, type Sql } from "./sql.ts";

const fanOutSql =
  "select postrider.fan_out($1::text::uuid[], $2::text::int[], $3::text::bigint[], $4::text::int[], $5::uuid)";

/** Splits deliveries into their items: see `OutcomeLedger.fanOut`. */
export async function fanOut(sql: Sql, splits: readonly FanOut[], holder: string | null): Promise<void> {
  await sql.query(fanOutSql, [
    listOf(splits, (split) => split.deliveryId),
    listOf(splits, (split) => split.partnerNo),
    listOf(splits, (split) => split.fence),
    listOf(splits, (split) => split.items),
    holder,
  ]);
}
