-- select_ended: like select_deliveries, by the time of ending, for what ended and was not delivered.
--
-- In:  p_state      dead, expired, cancelled or suppressed
--      p_from, p_before, p_before_id  only those that ended in [from, before), and at `before` those with smaller ids
--      p_limit      null: all
-- Out: without p_limit every match, in no order. With it, at least the p_limit matches that ended last.
--
-- Pinned plans walk finished_ended or finished_endpoint_ended backwards and stop at the limit. Those indexes leave out
-- what was delivered: by the time of ending it is not asked for, or each delivered row would pay for an index.
create or replace function postrider.select_ended(
  p_ids uuid[], p_endpoints integer[], p_state postrider.delivery_state, p_reason postrider.reason, p_types text[], p_event uuid,
  p_from timestamptz, p_before timestamptz, p_before_id uuid, p_limit bigint)
returns table (id uuid, event uuid, endpoint_no integer, partner_no integer, state postrider.delivery_state, reason postrider.reason,
               attempts_made smallint, last_status smallint, next_attempt_at timestamptz, finished_at timestamptz, last_error text,
               item smallint, items smallint)
language plpgsql stable rows 100
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set enable_sort = off
set plan_cache_mode = force_generic_plan set jit = off set max_parallel_workers_per_gather = 0 as $$
#variable_conflict use_column
declare
  v_from      timestamptz := coalesce(p_from, '-infinity');
  v_before    timestamptz := coalesce(p_before, 'infinity');
  v_before_id uuid := coalesce(p_before_id, '00000000-0000-0000-0000-000000000000');
begin
  if p_ids is not null or p_event is not null then
    -- Few, whichever way.
    return query
    select d.id, d.event, d.endpoint_no, d.partner_no, d.state, d.reason, d.attempts_made, d.last_status, d.next_attempt_at, d.finished_at, d.last_error, d.item, d.items
      from postrider.select_deliveries(p_ids, p_endpoints, p_state, p_reason, p_types, p_event, null, null, null) d
     where d.state not in ('pending', 'delivered') and d.finished_at >= v_from and (d.finished_at, d.id) < (v_before, v_before_id);

  elsif p_endpoints is not null then
    return query
    select f.id, f.event, f.endpoint_no, f.partner_no, f.state, f.reason, f.attempts_made, f.last_status, null::timestamptz, f.finished_at, f.last_error, f.item, f.items
      from unnest(p_endpoints) as u(endpoint_no)
     cross join lateral (
       select * from postrider.finished f
        where f.state <> 'delivered' and f.endpoint_no = u.endpoint_no
          and f.finished_at >= v_from and (f.finished_at, f.id) < (v_before, v_before_id)
          and f.state = p_state and (p_reason is null or f.reason = p_reason)
          and (p_types is null or (select e.type from postrider.events e where e.id = f.event) = any(p_types))
        order by f.finished_at desc, f.id desc limit p_limit) f;

  else
    return query
    select f.id, f.event, f.endpoint_no, f.partner_no, f.state, f.reason, f.attempts_made, f.last_status, null::timestamptz, f.finished_at, f.last_error, f.item, f.items
      from postrider.finished f
     where f.state <> 'delivered' and f.finished_at >= v_from and (f.finished_at, f.id) < (v_before, v_before_id)
       and f.state = p_state and (p_reason is null or f.reason = p_reason)
       and (p_types is null or (select e.type from postrider.events e where e.id = f.event) = any(p_types))
     order by f.finished_at desc, f.id desc limit p_limit;
  end if;
end $$;
