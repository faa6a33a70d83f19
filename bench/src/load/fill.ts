import pg from "pg";
import { dataText } from "./payload.ts";
import type { BenchSystem } from "../system/system.ts";

/** Ids of one millisecond have 20 bits of order. */
const perStatement = 500_000;

/**
 * Events as `postrider.accept` would have stored them, addressed in turn to the partners whose ids begin with
 * `$2` or are `$2`, one delivery each, due now; some 60,000 a second. It knows the tables, as nothing but the bench
 * should: for applications the way in is `postrider.accept`.
 */
const fillSql = `with target as (
    select row_number() over (order by n.endpoint_no) - 1 as k, n.endpoint_no, n.partner_no, p.id as partner
      from postrider.endpoints n join postrider.partners p using (partner_no)
     where p.id = any($2::text[]) and n.deleted_at is null
  ), batch as materialized (
    select postrider.id_prefix($5::timestamptz) as prefix, postrider.id_tail() as tail, (select count(*) from target) as targets
  ), made as materialized (
    select postrider.new_id(b.prefix, b.tail, n) as id, $1 || '-' || ($4::bigint + n) as event_id, t.*
      from batch b cross join generate_series(0, $3::int - 1) as n join target t on t.k = n % b.targets
  ), stored as (
    insert into postrider.events (id, event_id, type, schema_version, occurred_at, accepted_at, partner, deliveries, data)
    select id, event_id, 'conversion.approved', 1, '2026-01-31T10:00:00Z', $5::timestamptz, partner, 1, $6 from made
  ), keyed as (
    insert into postrider.event_keys (event_id, event) select event_id, id from made
  )
  insert into postrider.pending (id, event, endpoint_no, partner_no, due_at, enqueued_at)
  select id, id, endpoint_no, partner_no, $5::timestamptz, $5::timestamptz from made`;

/**
 * Brings `count` events into the ledger by SQL, in turn for `partners`. Nobody is rung: the sweep finds them.
 * The tables are vacuumed after, so that this does not fall into what is measured.
 */
export async function fillBacklog(
  { database }: Pick<BenchSystem, "database">,
  run: string,
  partners: readonly string[],
  count: number,
): Promise<void> {
  await withClient(database!.url, async (client) => {
    await client.query("set synchronous_commit = off");
    for (let from = 0; from < count; from += perStatement) {
      const size = Math.min(perStatement, count - from);
      await client.query(fillSql, [run, partners, size, from, new Date(), dataText(from)]);
    }
    for (const table of ["pending", "events", "event_keys"])
      await client.query(`vacuum (analyze) postrider.${table}`);
    await client.query("checkpoint");
  });
}

/** Runs `work` on a connection of its own. */
export async function withClient<Value>(
  url: string,
  work: (client: pg.Client) => Promise<Value>,
): Promise<Value> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
