-- record: stores what became of deliveries, for many partners at once, in one statement.
--
-- In:  one array entry per outcome. p_due_ms null: the delivery ends with p_reason; else it waits until then.
--      p_n 0: nothing was sent, so no attempt is stored, and a delivery that goes on waiting keeps its lane and last answer.
--      p_before  attempts_before, where the attempt takes no step of the ladder; else null
--      p_again  an earlier call with these outcomes failed without a known result.
--      p_holder the process; null where the ledger belongs to one.
-- Out: how many outcomes changed a delivery.
--
-- Where a delivery with an order key was recorded, those behind it move up (release_next). Where fewer deliveries were changed than
-- outcomes given, some may have been cancelled in flight: record_cancelled looks at them.
--
-- An attempt is always stored. A delivery is changed only by the turn that holds the partner's fence, except that
-- an answer which says "delivered" always counts: the partner has it.
drop function if exists postrider.record(uuid[], integer[], bigint[], postrider.delivery_state[], postrider.reason[], double precision[],
  integer[], double precision[], integer[], double precision[], integer[], integer[], integer[], text[], text[], boolean);
create or replace function postrider.record(
  p_delivery uuid[], p_partner_no integer[], p_fence bigint[], p_state postrider.delivery_state[], p_reason postrider.reason[],
  p_due_ms double precision[], p_client_errors integer[], p_at_ms double precision[], p_n integer[], p_started_ms double precision[],
  p_duration_ms integer[], p_status integer[], p_version integer[], p_error text[], p_body text[], p_before integer[], p_again boolean, p_holder uuid)
returns bigint
language plpgsql volatile
-- Waiting deliveries are found by the list of their ids, and then joined by hash: whatever the planner thinks of a table
-- that was empty when it was last analyzed. Joined by probes it chose the table as the outer side then, and read it
-- whole for each batch: 250 µs per outcome instead of 20.
set enable_seqscan = off set enable_nestloop = off set enable_mergejoin = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan set jit = off as $$
declare
  v_changed   bigint;
  v_endpoints integer[];
  v_keys      text[];
begin
  with o as materialized (
    select u.*, (select r.fence = u.fence and r.holder is not distinct from p_holder
                   from postrider.partner_runtime r where r.partner_no = u.partner_no) as holds
      from unnest(p_delivery, p_partner_no, p_fence, p_state, p_reason, p_due_ms, p_client_errors, p_at_ms, p_n,
                  p_started_ms, p_duration_ms, p_status, p_version, p_error, p_body, p_before)
        as u(delivery, partner_no, fence, state, reason, due_ms, client_errors, at_ms, n, started_ms, duration_ms, status, version, error, body, before)
  ), attempted as (
    insert into postrider.attempts (delivery, n, status, endpoint_version, at, duration_ms, error, response_body)
    select delivery, n, status, version, to_timestamp(started_ms / 1000), duration_ms, error, body from o
     where n > 0 and not (p_again and exists (
       select 1 from postrider.attempts a where a.delivery = o.delivery and a.n = o.n and a.at = to_timestamp(o.started_ms / 1000)))
  ), ended as (
    delete from postrider.pending q using o
     where q.id = any(p_delivery) and q.id = o.delivery and o.due_ms is null and (o.holds or o.state = 'delivered')
    returning q.id, q.event, q.endpoint_no, q.partner_no, o.state, o.reason, greatest(q.attempts_made, o.n) as attempts_made,
              coalesce(o.status, q.last_status) as last_status, o.at_ms, o.error, q.order_key, q.item, q.items
  ), finished as (
    insert into postrider.finished (id, event, endpoint_no, partner_no, state, reason, attempts_made, last_status, finished_at, last_error, item, items)
    select id, event, endpoint_no, partner_no, state, reason, attempts_made, last_status, to_timestamp(at_ms / 1000), error, item, items from ended
    returning 1
  ), waiting as (
    update postrider.pending q
       set due_at = to_timestamp(o.due_ms / 1000), lane = greatest(q.lane, sign(o.n)::smallint), attempts_made = greatest(q.attempts_made, o.n),
           client_errors = o.client_errors, attempts_before = coalesce(o.before, q.attempts_before),
           last_status = case when o.n > 0 then o.status else q.last_status end, last_error = o.error
      from o where q.id = any(p_delivery) and q.id = o.delivery and o.due_ms is not null and o.holds
    returning q.endpoint_no, q.order_key, o.n
  )
  select (select count(*) from finished) + (select count(*) from waiting),
         k.endpoint_nos, k.order_keys
    into v_changed, v_endpoints, v_keys
    from (select array_agg(endpoint_no) as endpoint_nos, array_agg(order_key) as order_keys
            from (select endpoint_no, order_key from ended where order_key is not null
                  -- Nobody moves up for one that was put back.
                  union all select endpoint_no, order_key from waiting where order_key is not null and n > 0) o) k;
  if v_keys is not null then
    perform postrider.release_next(v_endpoints, v_keys,
      to_timestamp((select max(greatest(u.at_ms, u.started_ms)) from unnest(p_at_ms, p_started_ms) as u(at_ms, started_ms)) / 1000));
  end if;
  if v_changed < cardinality(p_delivery) then
    perform postrider.record_cancelled(p_delivery, p_state, p_at_ms, p_n, p_status);
  end if;
  return v_changed;
end $$;
