-- Equal as JSON values. A text that jsonb cannot hold (\u0000, a lone surrogate) is compared letter by letter.
create or replace function postrider.same_json(p_a text, p_b text) returns boolean
language plpgsql immutable parallel safe as $$
begin
  return p_a = p_b or p_a::jsonb = p_b::jsonb;
exception when others then
  return false;
end $$;

-- The patterns an event type can be subscribed under: itself, `prefix.*` for each of its prefixes, and `*`.
create or replace function postrider.patterns(p_type text) returns setof text
language sql immutable parallel safe as $$
  select p_type
  union all select '*'
  union all select array_to_string((string_to_array(p_type, '.'))[1:n], '.') || '.*'
    from generate_series(1, array_length(string_to_array(p_type, '.'), 1) - 1) as n
$$;

-- routes_of: the endpoints that each kind of event (a type, and the partner it is addressed to, if any) goes to.
-- One entry per distinct kind of the batch; `known` is false if the partner does not exist. `max_backlog` is the
-- ceiling of the partner that the kind is addressed to.
-- In PL/pgSQL, which keeps its plan: as an SQL function it was planned again in each call, a third of a small accept.
create or replace function postrider.routes_of(p_type text[], p_partner text[]) returns postrider.route[]
language plpgsql stable
set enable_nestloop = off set enable_seqscan = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan set jit = off as $$
begin
  return (select array_agg((k.type, k.partner, k.partner is null or k.partner_no is not null, r.endpoint_nos, r.partner_nos, k.max_backlog)::postrider.route)
    from (
      select d.type, d.partner, p.partner_no, p.max_backlog
        from (select distinct type, partner from unnest(p_type, p_partner) as u(type, partner)) d
        left join lateral (
          select p.partner_no, p.max_backlog from postrider.partners p where p.id = d.partner and p.deleted_at is null offset 0) p on d.partner is not null
    ) k
    left join lateral (
      select array_agg(e.endpoint_no) as endpoint_nos, array_agg(e.partner_no) as partner_nos from (
        select distinct s.endpoint_no, s.partner_no
          from postrider.patterns(k.type) as c(pattern) cross join lateral (
            select s.endpoint_no, s.partner_no from postrider.subscriptions s
             where k.partner is null and s.pattern = c.pattern
            union all
            -- Apart from the one above, so that it is a probe: with both in one condition 500 events for 500 of 10,000
            -- partners took 0.8 s, which is every subscription of the pattern for each of them.
            select s.endpoint_no, s.partner_no from postrider.subscriptions s
             where s.pattern = c.pattern and s.partner_no = k.partner_no
          ) s
      ) e
    ) r on true);
end $$;

-- backlog_up_to: how many deliveries wait for a partner's endpoints, counted up to p_limit, by index.
create or replace function postrider.backlog_up_to(p_partner_no integer, p_limit integer) returns integer
language plpgsql stable
-- A bitmap would be made of all that waits before the limit takes its part.
set enable_bitmapscan = off set enable_seqscan = off set jit = off as $$
declare
  v_waiting  integer := 0;
  v_endpoint integer;
begin
  for v_endpoint in select n.endpoint_no from postrider.endpoints n where n.partner_no = p_partner_no and n.deleted_at is null loop
    v_waiting := v_waiting + (select count(*) from (select 1 from postrider.pending q where q.endpoint_no = v_endpoint limit p_limit - v_waiting) w);
    exit when v_waiting >= p_limit;
  end loop;
  return v_waiting;
end $$;

-- backlog_of: the same, exact up to a thousand; a larger backlog is counted once a second, as counting is what it costs.
-- Nobody waits for it: who finds another at it counts for itself.
create or replace function postrider.backlog_of(p_partner_no integer, p_limit integer) returns integer
language plpgsql volatile as $$
declare
  v_waiting integer := postrider.backlog_up_to(p_partner_no, least(p_limit, 1000));
  v_counted integer;
begin
  if v_waiting < 1000 or p_limit <= 1000 then
    return v_waiting;
  end if;
  -- A count that lies further ahead is of before this server's clock was set back.
  select b.waiting into v_counted from postrider.backlogs b
   where b.partner_no = p_partner_no and b.counted_at between clock_timestamp() - interval '1 second' and clock_timestamp() + interval '1 minute';
  if found then
    return v_counted;
  end if;
  v_waiting := postrider.backlog_up_to(p_partner_no, p_limit);
  if pg_try_advisory_xact_lock(hashtext('postrider.backlogs'), p_partner_no) then
    insert into postrider.backlogs as b values (p_partner_no, v_waiting, clock_timestamp())
    on conflict (partner_no) do update set waiting = excluded.waiting, counted_at = excluded.counted_at;
  end if;
  return v_waiting;
end $$;

-- over_backlog: which new events of a batch are refused because the backlog of the partner that they are addressed to is
-- full, or is by those before them. A ceiling, not an exact number: calls at the same time do not see each other's events.
create or replace function postrider.over_backlog(p_event_id text[], p_type text[], p_partner text[], p_routes postrider.route[]) returns integer[]
language plpgsql volatile as $$
begin
  return (with capped as materialized (
    select c.id, c.max_backlog - postrider.backlog_of((select p.partner_no from postrider.partners p where p.id = c.id and p.deleted_at is null), c.max_backlog) as room
      from (select distinct r.partner as id, r.max_backlog from unnest(p_routes) r where r.max_backlog is not null) c
  )
  select array_agg(n.ord::int) from (
    select u.ord, c.room, sum(cardinality(r.endpoint_nos)) over (partition by u.partner order by u.ord rows between unbounded preceding and 1 preceding) as before
      from unnest(p_event_id, p_type, p_partner) with ordinality as u(event_id, type, partner, ord)
      join unnest(p_routes) r on r.type = u.type and r.partner = u.partner
      join capped c on c.id = u.partner
     -- A probe per event: as an anti-join under accept_batch's settings it read all keys.
     where (select k.event from postrider.event_keys k where k.event_id = u.event_id) is null
  ) n where coalesce(n.before, 0) >= n.room);
end $$;

-- accept_batch: stores and routes events that are valid in form. The way of everything that comes in.
--
-- In:  one array entry per event; p_schema_version null is 1, p_occurred_at null is p_now, p_data null is {}.
--      p_data holds valid JSON objects; p_occurred_at instants (is_instant).
--      p_not_before, p_expires_ms, p_order_key: null arrays where no event of the batch has one, which is the rule.
-- Out: one status per event (a accepted, d duplicate, c conflict, p unknown partner, f full backlog), its deliveries,
--      and the partners to ring.
--
-- The plans are pinned: the batch's own rows are joined by hash, tables are probed by index. Left to its estimates the
-- planner joined 500 rows by nested loop. jit is off because the penalties of a pinned plan would have every call
-- compiled, at three seconds each.
create or replace function postrider.accept_batch(
  p_event_id text[], p_type text[], p_schema_version integer[], p_occurred_at text[], p_partner text[], p_data text[], p_now timestamptz,
  p_not_before timestamptz[] default null, p_expires_ms double precision[] default null, p_order_key text[] default null,
  out statuses text[], out deliveries integer[], out ring integer[])
language plpgsql volatile
set enable_nestloop = off set enable_seqscan = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan set jit = off as $$
#variable_conflict use_column
declare
  -- Whole milliseconds, as everybody else's clock has them: a delivery accepted now is due now.
  v_now    timestamptz := date_trunc('milliseconds', p_now);
  v_prefix text := postrider.id_prefix(p_now);
  v_tail   text := postrider.id_tail();
  v_ids    uuid[] := array(select postrider.new_id(v_prefix, v_tail, n) from generate_series(1, cardinality(p_event_id)) as n);
  v_routes postrider.route[] := postrider.routes_of(p_type, p_partner);
  v_known  boolean;
  v_capped boolean;
  v_timed  boolean := p_not_before is not null or p_expires_ms is not null or p_order_key is not null;
  v_order  bigint[];
  v_over   integer[];
  v_fresh  integer[];
  v_stored bigint;
begin
  select bool_and(r.known), bool_or(r.max_backlog is not null) into v_known, v_capped from unnest(v_routes) r;
  if v_capped then
    v_over := postrider.over_backlog(p_event_id, p_type, p_partner, v_routes);
  end if;

  -- In the order of their ids, so that two calls with the same events wait for each other and never deadlock.
  insert into postrider.event_keys (event_id, event)
  select u.event_id, u.id
    from unnest(p_event_id, v_ids, p_partner) with ordinality as u(event_id, id, partner, ord)
   where (v_known or u.partner is null or exists (select 1 from unnest(v_routes) r where r.partner = u.partner and r.known))
     and (v_over is null or not u.ord = any(v_over))
   order by u.event_id collate "C", u.ord
  on conflict do nothing;
  get diagnostics v_stored = row_count;

  -- All new is the rule. Else the fresh ones are those whose key holds the id made here.
  if v_stored < cardinality(p_event_id) then
    select coalesce(array_agg(u.ord::int), '{}') into v_fresh
      from unnest(p_event_id, v_ids) with ordinality as u(event_id, id, ord)
     where (select k.event from postrider.event_keys k where k.event_id = u.event_id) = u.id;
  end if;

  if p_order_key is not null then
    v_order := array(select nextval('postrider.event_order') from generate_series(1, cardinality(p_event_id)));
  end if;

  insert into postrider.events (id, event_id, type, schema_version, occurred_at, accepted_at, partner, deliveries, data,
                                not_before, expires_after_ms, order_key, order_no)
  select u.id, u.event_id, u.type, coalesce(u.schema_version, 1),
         case when u.occurred_at like '%Z' then u.occurred_at when u.occurred_at is not null then postrider.utc_text(u.occurred_at)
              else to_char(v_now at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') end,
         v_now, u.partner, coalesce(cardinality(r.endpoint_nos), 0), coalesce(u.data, '{}'),
         u.not_before, u.expires_ms, u.order_key, case when u.order_key is not null then u.order_no end
    from unnest(v_ids, p_event_id, p_type, p_schema_version, p_occurred_at, p_partner, p_data, p_not_before, p_expires_ms, p_order_key, v_order) with ordinality
      as u(id, event_id, type, schema_version, occurred_at, partner, data, not_before, expires_ms, order_key, order_no, ord)
    left join unnest(v_routes) r on r.type = u.type and coalesce(r.partner, '') = coalesce(u.partner, '')
   where v_fresh is null or u.ord = any(v_fresh);

  if v_timed then
    perform postrider.enqueue_timed(v_ids, p_type, p_partner, v_fresh, v_routes, v_prefix, v_tail, v_now, p_not_before, p_expires_ms, p_order_key, v_order);
  else
    insert into postrider.pending (id, event, endpoint_no, partner_no, due_at, enqueued_at)
    select postrider.new_id(v_prefix, v_tail, n.n), n.id, n.endpoint_no, n.partner_no, v_now, v_now
      from (
        select u.id, e.endpoint_no, e.partner_no, row_number() over () as n
          from unnest(v_ids, p_type, p_partner) with ordinality as u(id, type, partner, ord)
          join unnest(v_routes) r on r.type = u.type and coalesce(r.partner, '') = coalesce(u.partner, '')
          cross join lateral unnest(r.endpoint_nos, r.partner_nos) as e(endpoint_no, partner_no)
         where v_fresh is null or u.ord = any(v_fresh)
      ) n;
  end if;

  select array_agg(distinct e.partner_no) into ring
    from unnest(v_routes) r cross join lateral unnest(r.partner_nos) as e(partner_no)
   where v_fresh is null or v_fresh <> '{}';

  -- All new is the rule: then the routes say everything, and there is little to join where the batch is of one kind.
  if v_fresh is null then
    statuses := array_fill('a'::text, array[cardinality(p_event_id)]);
    if cardinality(v_routes) = 1 then
      deliveries := array_fill(coalesce(cardinality(v_routes[1].endpoint_nos), 0), array[cardinality(p_event_id)]);
    else
      select array_agg(coalesce(cardinality(r.endpoint_nos), 0) order by u.ord) into deliveries
        from unnest(p_type, p_partner) with ordinality as u(type, partner, ord)
        left join unnest(v_routes) r on r.type = u.type and coalesce(r.partner, '') = coalesce(u.partner, '');
    end if;
    return;
  end if;

  select array_agg(coalesce(s.status, 'a') order by u.ord), array_agg(coalesce(s.deliveries, cardinality(r.endpoint_nos), 0) order by u.ord)
    into statuses, deliveries
    from unnest(p_type, p_partner) with ordinality as u(type, partner, ord)
    left join unnest(v_routes) r on r.type = u.type and coalesce(r.partner, '') = coalesce(u.partner, '')
    left join (
      select f.ord, f.status, f.deliveries
        from postrider.not_fresh(p_event_id, p_type, p_schema_version, p_occurred_at, p_partner, p_data, v_fresh, v_routes, p_not_before, p_expires_ms, p_order_key) f
    ) s on s.ord = u.ord;
end $$;

-- not_fresh: what became of the events that were not stored as new. A statement of its own, because only a new
-- snapshot sees the event of another transaction that this one waited for.
create or replace function postrider.not_fresh(
  p_event_id text[], p_type text[], p_schema_version integer[], p_occurred_at text[], p_partner text[], p_data text[],
  p_fresh integer[], p_routes postrider.route[], p_not_before timestamptz[], p_expires_ms double precision[], p_order_key text[])
returns table (ord bigint, status text, deliveries integer)
language plpgsql volatile
set enable_nestloop = off set enable_seqscan = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan set jit = off as $$
#variable_conflict use_column
begin
  if p_fresh is null then
    return;
  end if;
  return query
  select u.ord,
         case when k.event is null then case when exists (select from unnest(p_routes) r where r.partner = u.partner and r.known) then 'f' else 'p' end
              -- An event past retention has only its key left: then the id alone decides.
              when e.id is null then 'd'
              when e.type = u.type and e.schema_version = coalesce(u.schema_version, 1) and e.partner is not distinct from u.partner
               and (u.occurred_at is null or e.occurred_at = u.occurred_at or postrider.instant_key(e.occurred_at) = postrider.instant_key(u.occurred_at))
               and e.not_before is not distinct from u.not_before and e.expires_after_ms is not distinct from u.expires_ms
               and e.order_key is not distinct from u.order_key
               and postrider.same_json(e.data, coalesce(u.data, '{}')) then 'd'
              else 'c' end,
         coalesce(e.deliveries, 0)
    from unnest(p_event_id, p_type, p_schema_version, p_occurred_at, p_partner, p_data, p_not_before, p_expires_ms, p_order_key) with ordinality
      as u(event_id, type, schema_version, occurred_at, partner, data, not_before, expires_ms, order_key, ord)
    left join lateral (select k.event from postrider.event_keys k where k.event_id = u.event_id offset 0) k on true
    left join lateral (select e.* from postrider.events e where e.id = k.event offset 0) e on true
   where not u.ord = any(p_fresh);
end $$;
