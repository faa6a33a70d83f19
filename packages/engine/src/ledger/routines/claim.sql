-- claim: opens turns and reads what is due, for many partners at once. Changes no delivery.
--
-- In:  p_partner_no, p_fence (0 opens a turn and takes the next fence), p_limit: one entry per partner
--      p_busy  deliveries in flight or not yet recorded, to leave out
--      p_now   epoch ms
-- Out: for each partner at least one row; `id` is null where nothing is due. `active` is false where the partner is
--      paused or deleted or the fence was passed.
--
-- The plan is pinned: it must stay a probe of pending_due per endpoint and lane, whatever the statistics of a table
-- that is empty one second and holds a million rows the next.
create or replace function postrider.claim(p_partner_no integer[], p_fence bigint[], p_limit integer[], p_busy uuid[], p_now double precision)
returns table (partner_no integer, fence bigint, active boolean, version bigint, limiter_cursor_ms double precision,
               id uuid, endpoint_no integer, event_id text, type text, schema_version integer, occurred_at text,
               accepted_ms double precision, data text, due_ms double precision, enqueued_ms double precision,
               attempts_made smallint, client_errors smallint, attempts_before smallint)
language plpgsql volatile
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan set jit = off as $$
#variable_conflict use_column
declare
  v_now timestamptz := to_timestamp(p_now / 1000);
begin
  -- Nobody waits for a fence to reach the disk: it stands between every event and its first attempt. A server that
  -- crashes may forget the last half second of them; then a turn from before the crash can hold the same number as
  -- one after it, and at worst both record what they were told.
  perform set_config('synchronous_commit', 'off', true);
  return query
  with wanted as materialized (
    select w.partner_no, w.fence, w.page from unnest(p_partner_no, p_fence, p_limit) as w(partner_no, fence, page)
  ), opened as (
    update postrider.partner_runtime r set fence = r.fence + 1
      from wanted w where r.partner_no = w.partner_no and w.fence = 0
    returning r.partner_no, r.fence, r.limiter_cursor_ms, w.page, true as holds
  ), turn as (
    select * from opened
    union all
    select r.partner_no, r.fence, r.limiter_cursor_ms, w.page, r.fence = w.fence
      from wanted w join postrider.partner_runtime r on r.partner_no = w.partner_no where w.fence > 0
  )
  select t.partner_no, t.fence, t.holds and not p.paused and p.deleted_at is null, p.version, t.limiter_cursor_ms,
         d.id, d.endpoint_no, e.event_id, e.type, e.schema_version, e.occurred_at,
         extract(epoch from e.accepted_at)::float8 * 1000, e.data,
         extract(epoch from d.due_at)::float8 * 1000, extract(epoch from d.enqueued_at)::float8 * 1000,
         d.attempts_made, d.client_errors, d.attempts_before
    from turn t
    join postrider.partners p on p.partner_no = t.partner_no
    left join lateral (
      select q.* from postrider.endpoints n
        cross join (values (0::smallint), (1::smallint), (2::smallint)) as l(lane)
        cross join lateral (
          select q.* from postrider.pending q
           where q.endpoint_no = n.endpoint_no and q.lane = l.lane and q.due_at <= v_now
             and not q.id = any(p_busy)
           order by q.due_at, q.id
           limit t.page
        ) q
       where n.partner_no = t.partner_no and n.deleted_at is null and n.enabled and n.paused_at is null
         and (n.held_until is null or n.held_until <= v_now)
         and t.holds and not p.paused and p.deleted_at is null
       order by q.lane, q.due_at, q.id
       limit t.page
    ) d on true
    left join postrider.events e on e.id = d.event;
end $$;
