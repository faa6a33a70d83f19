-- True for an ISO 8601 instant with a zone that PostgreSQL reads without an error: one bad event must not fail the
-- call that carries it, and an exception block per event would cost a subtransaction each.
create or replace function postrider.is_instant(p_text text) returns boolean
language sql immutable parallel safe as $$
  select coalesce(
    p_text ~ '^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-](0\d|1[0-4]):[0-5]\d)$'
    and left(p_text, 4) <> '0000'
    and substr(p_text, 9, 2)::int <= case substr(p_text, 6, 2)
      when '02' then case when left(p_text, 4)::int % 4 = 0 and (left(p_text, 4)::int % 100 <> 0 or left(p_text, 4)::int % 400 = 0) then 29 else 28 end
      when '04' then 30 when '06' then 30 when '09' then 30 when '11' then 30 else 31 end, false)
$$;

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

-- Milliseconds of a duration text: a number and a unit, `90s`, `1.5h`, `7d`. Null for another text.
create or replace function postrider.duration_ms(p_text text) returns double precision
language sql immutable parallel safe as $$
  select case when p_text ~ '^\d{1,11}(\.\d{1,3})?(ms|s|m|h|d)$' then
    round(substring(p_text from '^[\d.]+')::numeric
      * case substring(p_text from '[a-z]+$') when 'ms' then 1 when 's' then 1000 when 'm' then 60000 when 'h' then 3600000 else 86400000 end)::float8
  end
$$;

-- What is wrong with an event's delay, expiry or order key, or null.
create or replace function postrider.timing_error(p_not_before text, p_expires_after text, p_order_key text) returns text
language sql immutable parallel safe as $$
  select case
    when p_not_before is not null and not postrider.is_instant(p_not_before) then 'not_before must be an ISO 8601 instant with a zone, such as 2026-01-31T10:00:00Z'
    when p_expires_after is not null and coalesce(postrider.duration_ms(p_expires_after), 0) not between 1 and 365 * 86400000.0 then 'expires_after must be a duration with a unit, such as 90s or 7d, from 1ms to 365d'
    when p_order_key is not null and (length(p_order_key) > 200 or p_order_key !~ '^[!-~]+$') then 'order_key must be 1 to 200 visible ASCII characters'
  end
$$;

-- What is wrong with an event, or null.
create or replace function postrider.event_error(p_event_id text, p_type text, p_schema_version text, p_occurred_at text, p_data json,
  p_not_before text, p_expires_after text, p_order_key text)
returns text language sql immutable parallel safe as $$
  select case
    when p_event_id is null or length(p_event_id) > 200 or p_event_id !~ '^[!-~]+$' then 'event_id must be 1 to 200 visible ASCII characters'
    when p_type is null or length(p_type) > 100 or p_type !~ '^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$' then 'type must be dot-separated words of letters, digits, _ and -, at most 100 characters'
    when p_schema_version is not null and p_schema_version !~ '^[1-9]\d{0,8}$' then 'schema_version must be a positive whole number'
    when p_occurred_at is not null and not postrider.is_instant(p_occurred_at) then 'occurred_at must be an ISO 8601 instant with a zone, such as 2026-01-31T10:00:00Z'
    when p_data is not null and json_typeof(p_data) <> 'object' then 'data must be an object'
    when p_not_before is not null or p_expires_after is not null or p_order_key is not null then postrider.timing_error(p_not_before, p_expires_after, p_order_key)
  end
$$;

-- routes_of: the endpoints that each kind of event (a type, and the partner it is addressed to, if any) goes to.
-- One entry per distinct kind of the batch; `known` is false where the partner does not exist.
-- In PL/pgSQL, which keeps its plan: as an SQL function it was planned anew in each call, a third of a small accept.
create or replace function postrider.routes_of(p_type text[], p_partner text[]) returns postrider.route[]
language plpgsql stable
set enable_nestloop = off set enable_seqscan = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan set jit = off as $$
begin
  return (select array_agg((k.type, k.partner, k.partner is null or k.partner_no is not null, r.endpoint_nos, r.partner_nos)::postrider.route)
    from (
      select d.type, d.partner, (select p.partner_no from postrider.partners p where p.id = d.partner and p.deleted_at is null) as partner_no
        from (select distinct type, partner from unnest(p_type, p_partner) as u(type, partner)) d
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

-- accept_batch: stores and routes events that are valid in form. The way of everything that comes in.
--
-- In:  one array entry per event; p_schema_version null is 1, p_occurred_at null is p_now, p_data null is {}.
--      p_data holds valid JSON objects; p_occurred_at instants (is_instant).
--      p_not_before, p_expires_ms, p_order_key: null arrays where no event of the batch has one, which is the rule.
-- Out: one status per event (a accepted, d duplicate, c conflict, p unknown partner), its deliveries, and the
--      partners to ring.
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
  v_known  boolean := (select bool_and(r.known) from unnest(v_routes) r);
  v_timed  boolean := p_not_before is not null or p_expires_ms is not null or p_order_key is not null;
  v_order  bigint[];
  v_fresh  integer[];
  v_stored bigint;
begin
  -- In the order of their ids, so that two calls with the same events wait for each other and never deadlock.
  insert into postrider.event_keys (event_id, event)
  select u.event_id, u.id
    from unnest(p_event_id, v_ids, p_partner) with ordinality as u(event_id, id, partner, ord)
   where v_known or u.partner is null or exists (select 1 from unnest(v_routes) r where r.partner = u.partner and r.known)
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
         case when u.occurred_at like '%Z' then u.occurred_at
              else to_char(coalesce(u.occurred_at::timestamptz, v_now) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') end,
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

  select array_agg(coalesce(s.status, 'a') order by u.ord), array_agg(coalesce(s.deliveries, cardinality(r.endpoint_nos), 0) order by u.ord)
    into statuses, deliveries
    from unnest(p_type, p_partner) with ordinality as u(type, partner, ord)
    left join unnest(v_routes) r on r.type = u.type and coalesce(r.partner, '') = coalesce(u.partner, '')
    left join (
      select f.ord, f.status, f.deliveries
        from postrider.not_fresh(p_event_id, p_type, p_schema_version, p_occurred_at, p_partner, p_data, v_fresh, v_routes, p_not_before, p_expires_ms, p_order_key) f
       where v_fresh is not null
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
         case when k.event is null then 'p'
              -- An event past retention has only its key left: then the id alone decides.
              when e.id is null then 'd'
              when e.type = u.type and e.schema_version = coalesce(u.schema_version, 1) and e.partner is not distinct from u.partner
               and (u.occurred_at is null or e.occurred_at = u.occurred_at or e.occurred_at::timestamptz = u.occurred_at::timestamptz)
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

-- accept: the one door for events, for any language that speaks SQL; also inside the caller's own transaction.
--
-- In:  p_events  one event document, or an array of them: { event_id, type, schema_version?, occurred_at?, data?, partner?,
--                 not_before?, expires_after?, order_key? }
--      p_notify  whether to NOTIFY postrider_ring at commit. NOTIFY takes a database-wide lock at commit, so callers
--                that ring by themselves pass false.
--      p_now     the time of acceptance.
-- Out: a row per event, in order: status accepted | duplicate | conflict | invalid, the number of deliveries, the
--      error in words, and the numbers of the partners to ring.
-- Same id and same content: duplicate. Same id, other content: conflict, and nothing is changed.
create or replace function postrider.accept(p_events json, p_notify boolean default true, p_now timestamptz default clock_timestamp())
returns table (ord integer, event_id text, status text, deliveries integer, error text, partners integer[])
language plpgsql volatile
set enable_nestloop = off set jit = off as $$
#variable_conflict use_column
declare
  v_events json := case when json_typeof(p_events) = 'array' then p_events else json_build_array(p_events) end;
  v_given  postrider.given_event[];
  v_valid  postrider.given_event[];
  v_batch  record;
begin
  select array_agg((g.ord::int, g.event_id, g.type, g.schema_version, g.occurred_at, g.partner, g.data::text,
                    postrider.event_error(g.event_id, g.type, g.schema_version, g.occurred_at, g.data, g.not_before, g.expires_after, g.order_key),
                    g.not_before, g.expires_after, g.order_key)::postrider.given_event order by g.ord)
    into v_given
    from rows from (json_to_recordset(v_events) as (
           event_id text, type text, schema_version text, occurred_at text, data json, partner text,
           not_before text, expires_after text, order_key text)) with ordinality
      as g(event_id, type, schema_version, occurred_at, data, partner, not_before, expires_after, order_key, ord);
  select array_agg(g order by g.ord) into v_valid from unnest(v_given) g where g.error is null;

  select b.* into v_batch from postrider.accept_batch(
    array(select g.event_id from unnest(v_valid) g), array(select g.type from unnest(v_valid) g),
    array(select g.schema_version::int from unnest(v_valid) g), array(select g.occurred_at from unnest(v_valid) g),
    array(select g.partner from unnest(v_valid) g), array(select g.data from unnest(v_valid) g), p_now,
    case when exists (select 1 from unnest(v_valid) g where g.not_before is not null) then array(select g.not_before::timestamptz from unnest(v_valid) g) end,
    case when exists (select 1 from unnest(v_valid) g where g.expires_after is not null) then array(select postrider.duration_ms(g.expires_after) from unnest(v_valid) g) end,
    case when exists (select 1 from unnest(v_valid) g where g.order_key is not null) then array(select g.order_key from unnest(v_valid) g) end) b;

  if p_notify and v_batch.ring is not null then
    -- A payload may have 8,000 bytes; '*' asks for a sweep.
    perform pg_notify('postrider_ring', case when cardinality(v_batch.ring) <= 700 then array_to_string(v_batch.ring, ',') else '*' end);
  end if;

  return query
  select g.ord, g.event_id,
         case b.status when 'a' then 'accepted' when 'd' then 'duplicate' when 'c' then 'conflict' else 'invalid' end,
         coalesce(b.deliveries, 0),
         case b.status when 'c' then 'event ' || g.event_id || ' was accepted before with other content'
                       when 'p' then 'partner ' || left(g.partner, 80) || ' does not exist' else g.error end,
         coalesce(v_batch.ring, '{}')
    from unnest(v_given) g
    left join (select v.ord, s.status, s.deliveries
                 from unnest(v_valid) with ordinality as v(ord, event_id, type, schema_version, occurred_at, partner, data, error, not_before, expires_after, order_key, n)
                 join unnest(v_batch.statuses, v_batch.deliveries) with ordinality as s(status, deliveries, n) using (n)) b on b.ord = g.ord
   order by g.ord;
end $$;
