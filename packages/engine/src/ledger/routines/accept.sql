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
create or replace function postrider.same_json(p_a json, p_b json) returns boolean
language plpgsql immutable parallel safe as $$
begin
  return p_a::text = p_b::text or p_a::jsonb = p_b::jsonb;
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

-- What is wrong with an event, or null.
create or replace function postrider.event_error(p_event_id text, p_type text, p_schema_version text, p_occurred_at text, p_data json)
returns text language sql immutable parallel safe as $$
  select case
    when p_event_id is null or length(p_event_id) > 200 or p_event_id !~ '^[!-~]+$' then 'event_id must be 1 to 200 visible ASCII characters'
    when p_type is null or length(p_type) > 100 or p_type !~ '^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$' then 'type must be dot-separated words of letters, digits, _ and -, at most 100 characters'
    when p_schema_version is not null and p_schema_version !~ '^[1-9]\d{0,8}$' then 'schema_version must be a positive whole number'
    when p_occurred_at is not null and not postrider.is_instant(p_occurred_at) then 'occurred_at must be an ISO 8601 instant with a zone, such as 2026-01-31T10:00:00Z'
    when p_data is not null and json_typeof(p_data) <> 'object' then 'data must be an object'
  end
$$;

-- accept: the one door for events.
--
-- In:  p_events  one event document, or an array of them: { event_id, type, schema_version?, occurred_at?, data?, partner? }
--      p_notify  whether to NOTIFY postrider_ring at commit. NOTIFY takes a database-wide lock at commit, so callers
--                that ring by themselves pass false.
--      p_now     the time of acceptance.
-- Out: a row per event, in order: status accepted | duplicate | conflict | invalid, the number of deliveries, the
--      error in words, and the numbers of the partners to ring.
-- Same id and same content: duplicate. Same id, other content: conflict, and nothing is changed.
--
-- The plan is pinned: the batch's own rows are joined by hash, tables are probed by index from lateral subqueries. Left
-- to its estimates (one row per CTE) the planner joined 500 rows by nested loop, at 240 µs per event instead of 40. jit is off because the
-- penalties of a pinned plan would have every call compiled, at three seconds each.
create or replace function postrider.accept(p_events json, p_notify boolean default true, p_now timestamptz default clock_timestamp())
returns table (ord integer, event_id text, status text, deliveries integer, error text, partners integer[])
language plpgsql volatile
set enable_nestloop = off set enable_seqscan = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan set jit = off as $$
#variable_conflict use_column
declare
  v_events json := case when json_typeof(p_events) = 'array' then p_events else json_build_array(p_events) end;
  -- Whole milliseconds, as everybody else's clock has them: a delivery accepted now is due now.
  v_now    timestamptz := date_trunc('milliseconds', p_now);
  v_prefix text := postrider.id_prefix(p_now);
  v_tail   text := right(gen_random_uuid()::text, 17);
  v_rows   postrider.accept_row[];
  v_ring   integer[];
begin
  with given as materialized (
    select g.ord::int as ord, g.event_id, g.type, g.schema_version, g.occurred_at, g.data, g.partner,
           postrider.event_error(g.event_id, g.type, g.schema_version, g.occurred_at, g.data) as error
      from rows from (json_to_recordset(v_events) as (
             event_id text, type text, schema_version text, occurred_at text, data json, partner text)) with ordinality
        as g(event_id, type, schema_version, occurred_at, data, partner, ord)
  ), addressed as materialized (
    select d.partner, (select p.partner_no from postrider.partners p where p.id = d.partner and p.deleted_at is null) as partner_no
      from (select distinct partner from given where partner is not null) d
  ), checked as materialized (
    select g.ord, g.event_id, g.type, g.schema_version, g.occurred_at, g.data, g.partner, a.partner_no,
           coalesce(g.error, case when g.partner is not null and a.partner_no is null
                             then 'partner ' || left(g.partner, 80) || ' does not exist' end) as error
      from given g left join addressed a on a.partner = g.partner
  ), firsts as materialized (
    -- In the order of their ids, so that two calls with the same events wait for each other and never deadlock.
    select distinct on (event_id) * from checked where error is null order by event_id, ord
  ), keyed as (
    insert into postrider.event_keys (event_id, event)
    select event_id, postrider.new_id(v_prefix, v_tail, ord) from firsts
    on conflict do nothing
    returning event_id, event
  ), fresh as materialized (
    select f.*, k.event from firsts f join keyed k using (event_id)
  ), kinds as materialized (
    select distinct type, partner_no from fresh
  ), patterns as materialized (
    select t.type, c.pattern from (select distinct type from kinds) t cross join lateral postrider.patterns(t.type) as c(pattern)
  ), routes as materialized (
    select k.type, k.partner_no, array_agg(r.endpoint_no) as endpoint_nos, array_agg(r.partner_no) as partner_nos,
           array_agg(distinct r.partner_no) as partners
      from kinds k cross join lateral (
        select distinct s.endpoint_no, s.partner_no from patterns c cross join lateral (
          select s.endpoint_no, s.partner_no from postrider.subscriptions s
           where s.pattern = c.pattern and (k.partner_no is null or s.partner_no = k.partner_no) offset 0
        ) s where c.type = k.type
      ) r
     group by k.type, k.partner_no
  ), routed as materialized (
    select f.*, r.endpoint_nos, r.partner_nos, r.partners, coalesce(cardinality(r.endpoint_nos), 0) as deliveries
      from fresh f left join routes r on r.type = f.type and coalesce(r.partner_no, 0) = coalesce(f.partner_no, 0)
  ), stored as (
    insert into postrider.events (id, event_id, type, schema_version, occurred_at, accepted_at, partner, deliveries, data)
    select event, event_id, type, coalesce(schema_version::int, 1),
           case when occurred_at like '%Z' then occurred_at
                else to_char(coalesce(occurred_at::timestamptz, v_now) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') end,
           v_now, partner, deliveries, coalesce(data, '{}'::json)
      from routed order by ord
  ), queued as (
    insert into postrider.pending (id, event, endpoint_no, partner_no, due_at, enqueued_at)
    select postrider.new_id(v_prefix, v_tail, n.n), n.event, n.endpoint_no, n.partner_no, v_now, v_now
      from (select r.event, u.endpoint_no, u.partner_no, row_number() over (order by r.ord) as n
              from routed r cross join lateral unnest(r.endpoint_nos, r.partner_nos) as u(endpoint_no, partner_no)) n
  )
  select array_agg((c.ord, c.event_id,
           case when c.error is not null then 'invalid' when r.event is not null then 'accepted' end,
           coalesce(r.deliveries, 0), c.error, coalesce(r.partners, '{}'))::postrider.accept_row order by c.ord),
         (select array_agg(distinct p) from routes, unnest(partners) as p)
    into v_rows, v_ring
    from checked c left join routed r using (ord);

  -- What was not new: compare with what is stored. A statement of its own, because only a new snapshot sees the
  -- event of another transaction that this one waited for.
  if exists (select 1 from unnest(v_rows) r where r.status is null) then
    select array_agg(case when r.status is not null then r else
             (r.ord, r.event_id, case when s.same then 'duplicate' else 'conflict' end, coalesce(s.deliveries, 0),
              case when not s.same then 'event ' || r.event_id || ' was accepted before with other content' end, '{}')::postrider.accept_row end
             order by r.ord)
      into v_rows
      from unnest(v_rows) r
      join rows from (json_to_recordset(v_events) as (
             event_id text, type text, schema_version text, occurred_at text, data json, partner text)) with ordinality
        as g(event_id, type, schema_version, occurred_at, data, partner, ord) on g.ord = r.ord
      left join lateral (
        select e.deliveries,
               -- An event past retention has only its key left: then the id alone decides.
               coalesce(e.type = g.type and e.schema_version = coalesce(g.schema_version::int, 1)
               and e.partner is not distinct from g.partner
               and (g.occurred_at is null or e.occurred_at = g.occurred_at or e.occurred_at::timestamptz = g.occurred_at::timestamptz)
               and postrider.same_json(e.data, coalesce(g.data, '{}'::json)), true) as same
          from postrider.event_keys k left join lateral (select * from postrider.events e where e.id = k.event offset 0) e on true
         where r.status is null and k.event_id = g.event_id
        offset 0
      ) s on true;
  end if;

  if p_notify and v_ring is not null then
    -- A payload may have 8,000 bytes; '*' asks for a sweep.
    perform pg_notify('postrider_ring', case when cardinality(v_ring) <= 700 then array_to_string(v_ring, ',') else '*' end);
  end if;
  return query select * from unnest(v_rows);
end $$;
