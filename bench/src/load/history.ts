import { withClient } from "./fill.ts";

/** Ids of one millisecond have 20 bits of order. */
const perStatement = 250_000;
const dayMs = 86_400_000;
const keptDays = 34;

/**
 * Deliveries that ended as `postrider.record` would have stored them: one attempt each, spread over the last 34 days and
 * over all endpoints, one in a thousand dead. `$1` how many, `$2` their acceptance, `$3` the run's name, `$4` the first number.
 */
const historySql = `with target as (
    select row_number() over (order by n.endpoint_no) - 1 as k, n.endpoint_no, n.partner_no, p.id as partner
      from postrider.endpoints n join postrider.partners p using (partner_no) where n.deleted_at is null
  ), batch as materialized (
    select postrider.id_prefix($2::timestamptz) as prefix, postrider.id_tail() as tail, (select count(*) from target) as targets
  ), made as materialized (
    select postrider.new_id(b.prefix, b.tail, n) as id, $3 || '-' || ($4::bigint + n) as event_id, n % 1000 = 7 as dead, t.*
      from batch b cross join generate_series(0, $1::int - 1) as n join target t on t.k = n % b.targets
  ), stored as (
    insert into postrider.events (id, event_id, type, schema_version, occurred_at, accepted_at, partner, deliveries, data)
    select id, event_id, 'conversion.approved', 1, '2026-01-31T10:00:00Z', $2::timestamptz, partner, 1,
           '{"click_id":"click-' || event_id || '","payout":"12.50"}' from made
  ), keyed as (
    insert into postrider.event_keys (event_id, event) select event_id, id from made
  ), attempted as (
    insert into postrider.attempts (delivery, n, status, endpoint_version, at, duration_ms)
    select id, 1, case when dead then 404 else 200 end, 1, $2::timestamptz, 12 from made
  )
  insert into postrider.finished (id, event, endpoint_no, partner_no, state, reason, attempts_made, last_status, finished_at)
  select id, id, endpoint_no, partner_no, case when dead then 'dead' else 'delivered' end::postrider.delivery_state,
         case when dead then 'rejected' else 'accepted_by_partner' end::postrider.reason, 1,
         case when dead then 404 else 200 end, $2::timestamptz from made`;

/** Brings `count` finished deliveries into the ledger, into the partitions of their weeks, and has them vacuumed. */
export async function fillHistory(databaseUrl: string, count: number): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    await client.query("set synchronous_commit = off");
    const nowMs = Date.now();
    for (let days = keptDays; days > 0; days -= 7)
      await client.query("select postrider.ensure_partitions($1::timestamptz)", [
        new Date(nowMs - days * dayMs),
      ]);
    const steps = Math.ceil(count / perStatement) * 5;
    const size = Math.ceil(count / steps);
    for (let step = 0; step < steps; step++) {
      const atMs = nowMs - ((steps - step) / steps) * keptDays * dayMs;
      await client.query(historySql, [
        Math.min(size, count - step * size),
        new Date(atMs),
        "history",
        step * size,
      ]);
    }
    await client.query("vacuum (analyze)");
    await client.query("checkpoint");
  });
}
