-- advance_replays: one step of every running replay, and of the order of keys (settle_order), in one transaction: what was put back is off the list, or
-- neither. A replay that another worker is moving is passed over.
--
-- In:  p_limit  deliveries to put back at most, for each replay
--      p_now    epoch ms
-- Out: the partners to ring; how many replays still run.
create or replace function postrider.advance_replays(p_limit integer, p_now double precision)
returns table (partner_nos integer[], running integer)
language plpgsql volatile as $$
declare
  v_replay   postrider.replays;
  v_partners integer[] := '{}';
begin
  for v_replay in select * from postrider.replays r where r.state = 'running' order by r.created_at for update skip locked loop
    v_partners := v_partners || postrider.advance_replay(v_replay, p_limit, p_now);
  end loop;
  if exists (select 1 from postrider.order_checks) then
    v_partners := v_partners || postrider.settle_order(1000, to_timestamp(p_now / 1000));
  end if;
  return query select array(select distinct u.n from unnest(v_partners) as u(n)),
                      (select count(*)::integer from postrider.replays r where r.state = 'running');
end $$;

-- advance_replay: one step of one replay, whose row the caller holds locked. Moves deliveries finished -> pending in
-- lane 2, behind live traffic, due now, with their id, their attempts so far and a fresh ladder. Passed over for good
-- (skipped, with the cause counted) is what is no longer terminal, past retention, or of a deleted endpoint. An order key puts it where it was
-- among those of its key that wait; what the event said of its expiry does not count again.
--
-- The rate is a GCRA whose cursor moves on by one interval per delivery. It may lag two seconds behind, so that steps
-- of a second lose nothing and a restart begins with two seconds' worth at most. An endpoint has 500 deliveries of a
-- replay waiting at most: cancelling leaves little behind, and an endpoint that is down holds back nobody else.
create or replace function postrider.advance_replay(p_replay postrider.replays, p_limit integer, p_now double precision) returns integer[]
language plpgsql volatile
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan set jit = off as $$
#variable_conflict use_column
declare
  v_waiting_cap constant integer := 500;
  v_interval    double precision := coalesce(1000 / p_replay.rate_per_second, 0);
  -- Nor can it lie further ahead than an interval (and what two clocks differ by), unless a clock was ahead.
  v_cursor      double precision := case when p_replay.limiter_cursor_ms > p_now + v_interval + 1000 then p_now
                                         else greatest(p_replay.limiter_cursor_ms, p_now - 2000) end;
  v_now         timestamptz := to_timestamp(p_now / 1000);
  v_allowed     integer := p_limit;
  v_taken       bigint;
  v_moved       bigint;
  v_partners    integer[];
  v_causes      json;
begin
  if v_interval > 0 then
    v_allowed := greatest(0, least(p_limit, floor((p_now - v_cursor) / v_interval) + 1))::integer;
  end if;

  with recursive heads as (
    (select i.endpoint_no from postrider.replay_items i where i.replay = p_replay.id order by i.endpoint_no, i.delivery limit 1)
    union all
    select n.endpoint_no from heads h cross join lateral (
      select i.endpoint_no from postrider.replay_items i where i.replay = p_replay.id and i.endpoint_no > h.endpoint_no
       order by i.endpoint_no, i.delivery limit 1) n
  ), open as materialized (
    select h.endpoint_no, v_waiting_cap - w.n as room
      from heads h cross join lateral (
        select count(*) as n from (
          select 1 from postrider.pending q where q.replay = p_replay.id and q.endpoint_no = h.endpoint_no limit v_waiting_cap) x) w
     where w.n < v_waiting_cap
  ), share as materialized (
    select ceil(v_allowed::float8 / greatest(count(*), 1))::bigint as items from open
  ), items as materialized (
    select i.endpoint_no, i.delivery
      from open o cross join share s cross join lateral (
        select i.endpoint_no, i.delivery from postrider.replay_items i
         where i.replay = p_replay.id and i.endpoint_no = o.endpoint_no
         order by i.delivery limit least(o.room, s.items)) i
     limit v_allowed
  ), moved as (
    delete from postrider.finished f using items i, postrider.endpoints n
     where f.id = i.delivery and n.endpoint_no = f.endpoint_no and n.deleted_at is null
       and exists (select 1 from postrider.events e where e.id = f.event)
    returning f.id, f.event, f.endpoint_no, f.partner_no, f.attempts_made, f.last_status, f.last_error, f.item, f.items, n.order_hold
  ), placed as materialized (
    select m.*, e.order_key, p.order_no,
           e.order_key is not null and (
             row_number() over (partition by m.endpoint_no, e.order_key order by p.order_no) > 1
             or exists (select 1 from postrider.pending q where q.endpoint_no = m.endpoint_no and q.order_key = e.order_key and q.order_no < p.order_no)) as behind
      from moved m
      left join lateral (select e.order_key, e.order_no from postrider.events e where e.id = m.event and m.order_hold is not null offset 0) e on true
     cross join lateral (select e.order_no + coalesce(m.item - 1, 0) as order_no) p
  ), noted as (
    insert into postrider.order_checks (endpoint_no, order_key) select distinct endpoint_no, order_key from placed where behind
  ), queued as (
    insert into postrider.pending (id, event, endpoint_no, partner_no, lane, attempts_made, attempts_before, last_status, due_at, enqueued_at, replay, last_error,
                                   order_key, order_no, item, items)
    select id, event, endpoint_no, partner_no, 2, attempts_made, attempts_made, last_status,
           case when behind then v_now + order_hold else v_now end, v_now, p_replay.id, last_error,
           order_key, case when order_key is not null then order_no end, item, items
      from placed
    returning partner_no
  ), off_the_list as (
    delete from postrider.replay_items t using items i
     where t.replay = p_replay.id and t.endpoint_no = i.endpoint_no and t.delivery = i.delivery
  )
  select (select count(*) from items), (select count(*) from queued), (select array_agg(distinct partner_no) from queued),
         (select json_object_agg(c.cause, c.n) from (
            select case when p.deleted_at is not null then 'partner_deleted' when n.deleted_at is not null then 'endpoint_deleted'
                        when exists (select 1 from postrider.pending q where q.id = i.delivery) then 'already_pending'
                        else 'past_retention' end as cause, count(*) as n
              from items i
              join postrider.endpoints n on n.endpoint_no = i.endpoint_no
              join postrider.partners p on p.partner_no = n.partner_no
             where (select count(*) from items) > (select count(*) from queued)
               and i.delivery not in (select m.id from moved m)
             group by 1) c)
    into v_taken, v_moved, v_partners, v_causes;

  update postrider.replays r
     set replayed = r.replayed + v_moved, skipped = r.skipped + v_taken - v_moved,
         skipped_causes = case when v_causes is null then r.skipped_causes else (
           select json_object_agg(s.cause, s.n) from (
             select a.key as cause, sum(a.value::bigint) as n
               from (select * from json_each_text(r.skipped_causes) union all select * from json_each_text(v_causes)) a group by 1) s) end,
         limiter_cursor_ms = case when v_moved > 0 then v_cursor + v_moved * v_interval else r.limiter_cursor_ms end,
         state = case when e.more then 'running' else 'done' end,
         finished_at = case when e.more then null else v_now end
    from (select exists (select 1 from postrider.replay_items i where i.replay = p_replay.id) as more) e
   where r.id = p_replay.id;
  return coalesce(v_partners, '{}');
end $$;
