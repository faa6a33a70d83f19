-- select_deliveries: the one meaning of a delivery filter, for pages, groups and replays alike.
--
-- In:  p_ids        only these (null: no such filter; likewise for all that follow)
--      p_endpoints  only of these endpoints
--      p_state, p_reason, p_types, p_event
--      p_from, p_before  only ids in [from, before)
--      p_limit      null: all
-- Out: without p_limit every match, in no order. With it, at least the newest p_limit matches (up to that many from
--      each table and endpoint): the caller sorts and cuts.
--
-- Pinned plans walk an index backwards and stop at the limit: by id, by (endpoint, id), or the same two over what was
-- not delivered. Without parallel workers, which take 10 ms to start where the walk takes one. Type and the reason of a delivered one are looked at on the way. Waiting deliveries of an endpoint
-- are read through pending_due whole, behind a fence (offset 0): walking the primary key would pass through the
-- backlogs of all other partners.
drop function if exists postrider.select_deliveries(uuid[], integer[], postrider.delivery_state, postrider.reason, text, uuid, uuid, uuid, bigint);
create or replace function postrider.select_deliveries(
  p_ids uuid[], p_endpoints integer[], p_state postrider.delivery_state, p_reason postrider.reason, p_types text[], p_event uuid,
  p_from uuid, p_before uuid, p_limit bigint)
returns table (id uuid, event uuid, endpoint_no integer, partner_no integer, state postrider.delivery_state, reason postrider.reason,
               attempts_made smallint, last_status smallint, next_attempt_at timestamptz, finished_at timestamptz, last_error text,
               item smallint, items smallint)
language plpgsql stable rows 100
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set enable_sort = off
set plan_cache_mode = force_generic_plan set jit = off set max_parallel_workers_per_gather = 0 as $$
#variable_conflict use_column
declare
  v_from        uuid := coalesce(p_from, '00000000-0000-0000-0000-000000000000');
  v_before      uuid := coalesce(p_before, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  v_pending     boolean := coalesce(p_state = 'pending', true) and p_reason is null;
  v_finished    boolean := coalesce(p_state <> 'pending', true);
  v_undelivered boolean := coalesce(p_state not in ('pending', 'delivered'), false);
  v_events      uuid[];
  v_newest      uuid;
  v_first       uuid := case when p_from is null then v_from else postrider.id_floor(postrider.id_time(p_from)) end;
  v_end         uuid := case when p_before is null then v_before else postrider.id_floor(postrider.id_time(p_before) + interval '1 millisecond') end;
  v_found       bigint := 0;
  v_rows        bigint;
begin
  if p_event is not null then
    -- All ids made by one accept share their milliseconds.
    v_from := greatest(v_from, postrider.id_floor(postrider.id_time(p_event)));
    v_before := least(v_before, postrider.id_floor(postrider.id_time(p_event) + interval '1 millisecond'));
  end if;

  if p_state = 'delivered' and p_limit is not null and p_ids is null then
    -- First without the reduced weeks: a scan in order begins with the newest match of every week, and in a reduced one
    -- would read all of it to find none.
    select r.reduced_until into v_newest from postrider.retention r;
    if v_newest > v_from and v_newest < v_before then
      return query select * from postrider.select_deliveries(null, p_endpoints, p_state, p_reason, p_types, p_event, v_newest, p_before, p_limit);
      get diagnostics v_found = row_count;
      if v_found >= p_limit then
        return;
      end if;
      v_before := v_newest;
      v_end := v_newest;
      v_found := 0;
    end if;
  end if;

  if p_ids is not null then
    return query
    select d.id, d.event, d.endpoint_no, d.partner_no, d.state, d.reason, d.attempts_made, d.last_status, d.next_attempt_at, d.finished_at, d.last_error, d.item, d.items
      from (select distinct u.id from unnest(p_ids) as u(id) where u.id >= v_from and u.id < v_before) u
     cross join lateral (
       select * from postrider.deliveries d where d.id = u.id
          and (p_endpoints is null or d.endpoint_no = any(p_endpoints)) and (p_state is null or d.state = p_state)
          and (p_reason is null or d.reason = p_reason) and (p_event is null or d.event = p_event)
          and (p_types is null or (select e.type from postrider.events e where e.id = d.event) = any(p_types))
       offset 0) d;

  elsif p_endpoints is not null then
    if cardinality(p_endpoints) > p_limit and v_finished and p_types is null and p_event is null and p_reason is null then
      -- So many endpoints that the newest delivery of each gives the limit already: what is older than those is not read.
      select h.id into v_newest from unnest(p_endpoints) as u(endpoint_no)
       cross join lateral (
         (select f.id from postrider.finished f
           where not v_undelivered and f.endpoint_no = u.endpoint_no and f.id >= v_from and f.id < v_before and (p_state is null or f.state = p_state)
           order by f.id desc limit 1)
         union all
         (select f.id from postrider.finished f
           where v_undelivered and f.state <> 'delivered' and f.endpoint_no = u.endpoint_no and f.id >= v_from and f.id < v_before and f.state = p_state
           order by f.id desc limit 1)) h
       order by h.id desc offset p_limit - 1 limit 1;
      v_from := greatest(v_from, v_newest);
    end if;
    return query
    select q.id, q.event, q.endpoint_no, q.partner_no, 'pending'::postrider.delivery_state, null::postrider.reason,
           q.attempts_made, q.last_status, q.due_at, null::timestamptz, q.last_error, q.item, q.items
      from unnest(p_endpoints) as u(endpoint_no)
     cross join lateral (
       select * from (select * from postrider.pending q where q.endpoint_no = u.endpoint_no and v_pending offset 0) q
        where q.id >= v_from and q.id < v_before and (p_event is null or q.event = p_event)
          and (p_types is null or (select e.type from postrider.events e where e.id = q.event) = any(p_types))
        order by q.id desc limit p_limit) q;
    return query
    select f.id, f.event, f.endpoint_no, f.partner_no, f.state, f.reason, f.attempts_made, f.last_status, null::timestamptz, f.finished_at, f.last_error, f.item, f.items
      from unnest(p_endpoints) as u(endpoint_no)
     cross join lateral (
       (select * from postrider.finished f
         where v_finished and not v_undelivered and f.endpoint_no = u.endpoint_no and f.id >= v_from and f.id < v_before
           and (p_state is null or f.state = p_state) and (p_reason is null or f.reason = p_reason) and (p_event is null or f.event = p_event)
           and (p_types is null or (select e.type from postrider.events e where e.id = f.event) = any(p_types))
         order by f.id desc limit p_limit)
       union all
       (select * from postrider.finished f
         where v_undelivered and f.state <> 'delivered' and f.endpoint_no = u.endpoint_no and f.id >= v_from and f.id < v_before
           and f.state = p_state and (p_reason is null or f.reason = p_reason) and (p_event is null or f.event = p_event)
           and (p_types is null or (select e.type from postrider.events e where e.id = f.event) = any(p_types))
         order by f.id desc limit p_limit)) f;

  elsif p_types is not null and p_limit is not null and p_event is null and v_finished and not v_undelivered then
    -- From the newest events of the types to their deliveries, whole milliseconds at a time: within one, the ids of
    -- deliveries are not in the order of their events'. Compared as pairs, for only events_type has that order: said as
    -- "of this type", a plan walked all events backwards by id, 1.7 s for ten rare types among 100,000 events.
    loop
      v_events := array(select e.id from unnest(p_types) as u(type)
                         cross join lateral (
                           select e.id from postrider.events e
                            where (e.type, e.id) < (u.type, v_end) and (e.type, e.id) >= (u.type, v_first) and e.id < v_end and e.id >= v_first
                            order by e.type desc, e.id desc limit p_limit) e
                         order by e.id desc limit p_limit);
      exit when cardinality(v_events) = 0;
      v_end := postrider.id_floor(postrider.id_time(v_events[cardinality(v_events)]));
      v_events := v_events || array(select e.id from unnest(p_types) as u(type)
                                     cross join lateral (
                                       select e.id from postrider.events e
                                        where e.type = u.type and e.id >= v_end and e.id < v_events[cardinality(v_events)] offset 0) e);
      return query
      select d.id, d.event, d.endpoint_no, d.partner_no, d.state, d.reason, d.attempts_made, d.last_status, d.next_attempt_at, d.finished_at, d.last_error, d.item, d.items
        from (select distinct postrider.id_time(u.id) as at from unnest(v_events) as u(id)) m
       cross join lateral (
         select * from postrider.deliveries d
          where d.id >= greatest(v_from, postrider.id_floor(m.at)) and d.id < least(v_before, postrider.id_floor(m.at + interval '1 millisecond'))
            and d.event = any(v_events) and (v_pending or d.state <> 'pending')
            and (p_state is null or d.state = p_state) and (p_reason is null or d.reason = p_reason) offset 0) d;
      get diagnostics v_rows = row_count;
      v_found := v_found + v_rows;
      exit when v_found >= p_limit;
    end loop;

  else
    return query
    select q.id, q.event, q.endpoint_no, q.partner_no, 'pending'::postrider.delivery_state, null::postrider.reason,
           q.attempts_made, q.last_status, q.due_at, null::timestamptz, q.last_error, q.item, q.items
      from postrider.pending q
     where v_pending and q.id >= v_from and q.id < v_before and (p_event is null or q.event = p_event)
       and (p_types is null or (select e.type from postrider.events e where e.id = q.event) = any(p_types))
     order by q.id desc limit p_limit;
    return query
    (select f.id, f.event, f.endpoint_no, f.partner_no, f.state, f.reason, f.attempts_made, f.last_status, null::timestamptz, f.finished_at, f.last_error, f.item, f.items
       from postrider.finished f
      where v_finished and not v_undelivered and f.id >= v_from and f.id < v_before
        and (p_state is null or f.state = p_state) and (p_reason is null or f.reason = p_reason) and (p_event is null or f.event = p_event)
        and (p_types is null or (select e.type from postrider.events e where e.id = f.event) = any(p_types))
      order by f.id desc limit p_limit)
    union all
    (select f.id, f.event, f.endpoint_no, f.partner_no, f.state, f.reason, f.attempts_made, f.last_status, null::timestamptz, f.finished_at, f.last_error, f.item, f.items
       from postrider.finished f
      where v_undelivered and f.state <> 'delivered' and f.id >= v_from and f.id < v_before
        and f.state = p_state and (p_reason is null or f.reason = p_reason) and (p_event is null or f.event = p_event)
        and (p_types is null or (select e.type from postrider.events e where e.id = f.event) = any(p_types))
      order by f.id desc limit p_limit);
  end if;
end $$;

-- types_like: the event types that a filter's type stands for: itself, or those of the kept events that begin with what
-- stands before the star of `prefix.*`, which is what a subscription means by it. A loose walk over events_type: one
-- probe for each type that there is.
create or replace function postrider.types_like(p_pattern text) returns text[]
language plpgsql stable
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set enable_sort = off
set plan_cache_mode = force_generic_plan set jit = off set max_parallel_workers_per_gather = 0 as $$
begin
  if right(p_pattern, 1) <> '*' then
    return array[p_pattern];
  end if;
  return (
    with recursive t as (
      (select e.type from postrider.events e order by e.type, e.id limit 1)
      union all
      select n.type from t cross join lateral (
        select e.type from postrider.events e where e.type > t.type order by e.type, e.id limit 1) n
    )
    select coalesce(array_agg(t.type), '{}') from t where starts_with(t.type, rtrim(p_pattern, '*')));
end $$;

-- cancel_deleted: ends up to p_limit waiting deliveries of deleted endpoints. Small steps, each its own transaction,
-- so that a backlog of a million causes no long locks and no bloat. What another transaction holds is left to the next call:
-- an accept that was routing while the endpoint was deleted, or a turn that is recording.
create or replace function postrider.cancel_deleted(p_now double precision, p_limit integer) returns integer
language plpgsql volatile
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan set jit = off as $$
declare
  v_ended integer;
begin
  with chosen as materialized (
    select q.id
      from postrider.endpoints n
     cross join lateral (
       select q.id from postrider.pending q where q.endpoint_no = n.endpoint_no
        order by q.endpoint_no, q.lane, q.due_at, q.id limit p_limit for update skip locked) q
     where n.deleted_at is not null
     limit p_limit
  ), ended as (
    -- By an array, which can only be probed for. As a join, planned while pending looked empty, all that waited was
    -- compared with all that was chosen: 75 s for a step.
    delete from postrider.pending q where q.id = any(array(select c.id from chosen c))
    returning q.id, q.event, q.endpoint_no, q.partner_no, q.attempts_made, q.last_status, q.last_error, q.item, q.items,
              (select case when p.deleted_at is null then 'endpoint_deleted' else 'partner_deleted' end::postrider.reason
                 from postrider.partners p where p.partner_no = q.partner_no) as reason
  ), finished as (
    insert into postrider.finished (id, event, endpoint_no, partner_no, state, reason, attempts_made, last_status, finished_at, last_error, item, items)
    select id, event, endpoint_no, partner_no, 'cancelled', reason, attempts_made, last_status, to_timestamp(p_now / 1000), last_error, item, items from ended
    returning 1
  )
  select count(*) into v_ended from finished;
  return v_ended;
end $$;
