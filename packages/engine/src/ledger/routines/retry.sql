-- Sending waiting retries now: they become due; nothing else of them changes, so no step of a ladder is spent or given
-- back. What holds the endpoint or the partner back (a pause, a hold, an open circuit, the rate) is for claim and the
-- turn, and goes on holding.

-- select_waiting: what select_deliveries selects for the state pending, each with why it is not made due:
--      already_due       nothing has to be done for it
--      behind_order_key  one of its order key is before it, or has just ended: release_next and settle_order make it due
--      not_before        the event itself asked for that time
--      null              it waits for a retry
create or replace function postrider.select_waiting(
  p_ids uuid[], p_endpoints integer[], p_state postrider.delivery_state, p_reason postrider.reason, p_types text[], p_event uuid,
  p_from uuid, p_before uuid, p_limit bigint, p_now double precision)
returns table (id uuid, endpoint_no integer, partner_no integer, state postrider.delivery_state, reason postrider.reason,
               last_status smallint, last_error text, left_as text)
language plpgsql stable rows 100
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan set jit = off set max_parallel_workers_per_gather = 0 as $$
#variable_conflict use_column
declare
  v_now timestamptz := to_timestamp(p_now / 1000);
begin
  return query
  select q.id, q.endpoint_no, q.partner_no, d.state, d.reason, q.last_status, q.last_error,
         case when q.due_at <= v_now then 'already_due'
              when q.due_at = 'infinity' or q.order_key is not null and n.order_hold is not null and exists (
                select 1 from postrider.pending b
                 where b.endpoint_no = q.endpoint_no and b.order_key = q.order_key and b.order_no < q.order_no) then 'behind_order_key'
              when q.attempts_made = 0 and (select e.not_before from postrider.events e where e.id = q.event) > v_now then 'not_before'
         end
    from postrider.select_deliveries(p_ids, p_endpoints, p_state, p_reason, p_types, p_event, p_from, p_before, p_limit) d
   cross join lateral (select * from postrider.pending q where q.id = d.id offset 0) q
   cross join lateral (select n.order_hold from postrider.endpoints n where n.endpoint_no = q.endpoint_no offset 0) n;
end $$;

-- retry_now: makes those of the given deliveries due that wait for a later time. What another transaction holds is left
-- to the next call, as in cancel_deliveries. Out: how many, and their partners.
create or replace function postrider.retry_now(p_ids uuid[], p_now double precision) returns table (n integer, partner_nos integer[])
language plpgsql volatile
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan set jit = off as $$
#variable_conflict use_column
declare
  v_now timestamptz := to_timestamp(p_now / 1000);
begin
  return query
  with chosen as materialized (
    select q.id from postrider.pending q
     where q.id = any(p_ids) and q.due_at > v_now and q.due_at < 'infinity' for update of q skip locked
  ), moved as (
    update postrider.pending q set due_at = v_now where q.id = any(array(select c.id from chosen c)) returning q.partner_no
  )
  select count(*)::integer, coalesce(array_agg(distinct partner_no), '{}') from moved;
end $$;
