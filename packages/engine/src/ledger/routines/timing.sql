-- enqueue_timed: the deliveries of a batch in which at least one event asks for a delay, an expiry or an order. The
-- rest of accept_batch's parameters are as there.
--
-- A delivery behind others of its key is parked, so that claims do not pass over thousands of rows that cannot go: the
-- first of them until its hold ends, and those behind it until it is their turn to be first (due at infinity). Whoever
-- records one of the key moves them up (release_next). That one may be ending in this very moment and not see rows that
-- are not yet committed, so each key is noted for settle_order.
create or replace function postrider.enqueue_timed(
  p_ids uuid[], p_type text[], p_partner text[], p_fresh integer[], p_routes postrider.route[], p_prefix text, p_tail text, p_now timestamptz,
  p_not_before timestamptz[], p_expires_ms double precision[], p_order_key text[], p_order_no bigint[])
returns void language plpgsql volatile
set enable_seqscan = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan set jit = off as $$
#variable_conflict use_column
begin
  with given as materialized (
    select u.id, u.ord, e.endpoint_no, e.partner_no, u.expires_ms, u.order_no,
           greatest(p_now, date_trunc('milliseconds', u.not_before)) as start_at, h.order_hold,
           case when h.order_hold is not null then u.order_key end as order_key
      from unnest(p_ids, p_type, p_partner, p_not_before, p_expires_ms, p_order_key, p_order_no) with ordinality
        as u(id, type, partner, not_before, expires_ms, order_key, order_no, ord)
      join unnest(p_routes) r on r.type = u.type and coalesce(r.partner, '') = coalesce(u.partner, '')
     cross join lateral unnest(r.endpoint_nos, r.partner_nos) as e(endpoint_no, partner_no)
      left join lateral (select n.order_hold from postrider.endpoints n where n.endpoint_no = e.endpoint_no and u.order_key is not null offset 0) h on true
     where p_fresh is null or u.ord = any(p_fresh)
  ), placed as materialized (
    select g.*, row_number() over (order by g.ord, g.endpoint_no) as n,
           g.order_key is not null and (
             row_number() over (partition by g.endpoint_no, g.order_key order by g.ord) > 1
             or exists (select 1 from postrider.pending q where q.endpoint_no = g.endpoint_no and q.order_key = g.order_key)) as behind,
           g.order_key is not null and exists (
             select 1 from postrider.pending q where q.endpoint_no = g.endpoint_no and q.order_key = g.order_key
                and q.attempts_made = q.attempts_before and q.due_at > q.enqueued_at and q.enqueued_at <= g.start_at) as deep
      from given g
  ), ranked as materialized (
    select p.*, min(p.start_at) filter (where p.behind) over (
             partition by p.endpoint_no, p.order_key order by p.ord rows between unbounded preceding and 1 preceding) as parked_from
      from placed p
  ), queued as (
    insert into postrider.pending (id, event, endpoint_no, partner_no, due_at, enqueued_at, expires_at, order_key, order_no)
    select postrider.new_id(p_prefix, p_tail, n), id, endpoint_no, partner_no, 
           case when not behind then start_at when deep or parked_from <= start_at then 'infinity' else start_at + order_hold end,
           start_at, start_at + expires_ms * interval '1 millisecond', order_key, case when order_key is not null then order_no end
      from ranked
  )
  insert into postrider.order_checks (endpoint_no, order_key) select distinct endpoint_no, order_key from placed where behind;
end $$;
