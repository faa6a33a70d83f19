-- due_partners: which partners have work due until p_until, and when it is due (epoch ms, not before p_now's past).
--
-- A loose scan of pending_due: one probe per endpoint and lane with waiting deliveries, so its cost does not grow
-- with the backlog. Paused partners and endpoints are left out, and so are partners in a turn, whose holder looks for
-- itself; a held endpoint is due when its hold ends. A turn that is held for a minute and more is none that anybody holds: this
-- server's clock was set back, and open_turns cuts its lease.
create or replace function postrider.due_partners(p_until double precision)
returns table (partner_no integer, due_ms double precision)
language plpgsql stable
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan set jit = off as $$
#variable_conflict use_column
declare
  v_clock timestamptz := clock_timestamp();
begin
  return query
  with recursive heads as (
    (select q.endpoint_no, q.lane, q.due_at from postrider.pending q order by q.endpoint_no, q.lane, q.due_at, q.id limit 1)
    union all
    select n.* from heads h cross join lateral (
      select q.endpoint_no, q.lane, q.due_at from postrider.pending q
       where (q.endpoint_no, q.lane) > (h.endpoint_no, h.lane)
       order by q.endpoint_no, q.lane, q.due_at, q.id limit 1
    ) n
  )
  select n.partner_no, min(extract(epoch from greatest(h.due_at, n.held_until)))::float8 * 1000
    from heads h
   -- Behind a fence (offset 0): one probe per head. Planned as a join, the heads were read once per endpoint, 5 s for 10,000.
   cross join lateral (
      select n.partner_no, n.held_until from postrider.endpoints n
        join postrider.partners p on p.partner_no = n.partner_no and not p.paused and p.deleted_at is null
        join postrider.partner_runtime r on r.partner_no = n.partner_no and (r.held_until is null or r.held_until <= v_clock or r.held_until > v_clock + interval '1 minute')
       where n.endpoint_no = h.endpoint_no and n.enabled and n.paused_at is null and n.deleted_at is null offset 0) n
   where greatest(h.due_at, n.held_until) <= to_timestamp(p_until / 1000)
   group by n.partner_no;
end $$;
