-- made_at 2026-11-27T15:59:49.093Z
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA postrider;
CREATE TYPE postrider.claimed AS (
	partner_no integer,
	fence bigint,
	standing text,
	version bigint,
	limiter_cursor_ms double precision,
	circuits json,
	next_at timestamp with time zone,
	id uuid,
	event uuid,
	endpoint_no integer,
	due_at timestamp with time zone,
	enqueued_at timestamp with time zone,
	attempts_made smallint,
	client_errors smallint,
	attempts_before smallint,
	expires_at timestamp with time zone,
	order_key text
);
CREATE TYPE postrider.delivery_state AS ENUM (
    'pending',
    'delivered',
    'dead',
    'expired',
    'cancelled',
    'suppressed'
);
CREATE TYPE postrider.given_event AS (
	ord integer,
	event_id text,
	type text,
	schema_version text,
	occurred_at text,
	partner text,
	data text,
	error text,
	not_before text,
	expires_after text,
	order_key text
);
CREATE TYPE postrider.reason AS ENUM (
    'accepted_by_partner',
    'retries_exhausted',
    'rejected',
    'redirected',
    'target_refused',
    'missing_macro',
    'unresolved_macro',
    'host_changed',
    'path_changed',
    'url_too_long',
    'invalid_header',
    'expired',
    'cancelled',
    'endpoint_deleted',
    'partner_deleted',
    'endpoint_disabled'
);
CREATE TYPE postrider.route AS (
	type text,
	partner text,
	known boolean,
	endpoint_nos integer[],
	partner_nos integer[]
);
CREATE FUNCTION postrider.accept(p_events json, p_notify boolean DEFAULT true, p_now timestamp with time zone DEFAULT clock_timestamp()) RETURNS TABLE(ord integer, event_id text, status text, deliveries integer, error text, partners integer[])
    LANGUAGE plpgsql
    SET enable_nestloop TO 'off'
    SET jit TO 'off'
    AS $$
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
CREATE FUNCTION postrider.accept_batch(p_event_id text[], p_type text[], p_schema_version integer[], p_occurred_at text[], p_partner text[], p_data text[], p_now timestamp with time zone, p_not_before timestamp with time zone[] DEFAULT NULL::timestamp with time zone[], p_expires_ms double precision[] DEFAULT NULL::double precision[], p_order_key text[] DEFAULT NULL::text[], OUT statuses text[], OUT deliveries integer[], OUT ring integer[]) RETURNS record
    LANGUAGE plpgsql
    SET enable_nestloop TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
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
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE postrider.replays (
    id uuid NOT NULL,
    state text NOT NULL,
    filter json NOT NULL,
    rate_per_second double precision,
    requested_by text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    matched bigint NOT NULL,
    replayed bigint DEFAULT 0 NOT NULL,
    skipped bigint DEFAULT 0 NOT NULL,
    limiter_cursor_ms double precision DEFAULT 0 NOT NULL,
    CONSTRAINT replays_state_check CHECK ((state = ANY (ARRAY['running'::text, 'done'::text, 'cancelled'::text])))
);
CREATE FUNCTION postrider.advance_replay(p_replay postrider.replays, p_limit integer, p_now double precision) RETURNS integer[]
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
#variable_conflict use_column
declare
  v_waiting_cap constant integer := 500;
  v_cursor      double precision := greatest(p_replay.limiter_cursor_ms, p_now - 2000);
  v_interval    double precision := coalesce(1000 / p_replay.rate_per_second, 0);
  v_now         timestamptz := to_timestamp(p_now / 1000);
  v_allowed     integer := p_limit;
  v_taken       bigint;
  v_moved       bigint;
  v_partners    integer[];
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
    returning f.id, f.event, f.endpoint_no, f.partner_no, f.attempts_made, f.last_status, f.last_error, n.order_hold
  ), placed as materialized (
    select m.*, e.order_key, e.order_no,
           e.order_key is not null and (
             row_number() over (partition by m.endpoint_no, e.order_key order by e.order_no) > 1
             or exists (select 1 from postrider.pending q where q.endpoint_no = m.endpoint_no and q.order_key = e.order_key and q.order_no < e.order_no)) as behind
      from moved m
      left join lateral (select e.order_key, e.order_no from postrider.events e where e.id = m.event and m.order_hold is not null offset 0) e on true
  ), noted as (
    insert into postrider.order_checks (endpoint_no, order_key) select distinct endpoint_no, order_key from placed where behind
  ), queued as (
    insert into postrider.pending (id, event, endpoint_no, partner_no, lane, attempts_made, attempts_before, last_status, due_at, enqueued_at, replay, last_error,
                                   order_key, order_no)
    select id, event, endpoint_no, partner_no, 2, attempts_made, attempts_made, last_status,
           case when behind then v_now + order_hold else v_now end, v_now, p_replay.id, last_error,
           order_key, case when order_key is not null then order_no end
      from placed
    returning partner_no
  ), off_the_list as (
    delete from postrider.replay_items t using items i
     where t.replay = p_replay.id and t.endpoint_no = i.endpoint_no and t.delivery = i.delivery
  )
  select (select count(*) from items), (select count(*) from queued), (select array_agg(distinct partner_no) from queued)
    into v_taken, v_moved, v_partners;
  update postrider.replays r
     set replayed = r.replayed + v_moved, skipped = r.skipped + v_taken - v_moved,
         limiter_cursor_ms = case when v_moved > 0 then v_cursor + v_moved * v_interval else r.limiter_cursor_ms end,
         state = case when e.more then 'running' else 'done' end,
         finished_at = case when e.more then null else v_now end
    from (select exists (select 1 from postrider.replay_items i where i.replay = p_replay.id) as more) e
   where r.id = p_replay.id;
  return coalesce(v_partners, '{}');
end $$;
CREATE FUNCTION postrider.advance_replays(p_limit integer, p_now double precision) RETURNS TABLE(partner_nos integer[], running integer)
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION postrider.attend(p_id uuid, p_name text, p_busy double precision, p_locked boolean, p_ttl_ms double precision) RETURNS TABLE(alive integer, first boolean, idlest double precision, found_dead integer)
    LANGUAGE plpgsql
    SET jit TO 'off'
    AS $$
#variable_conflict use_column
declare
  v_clock timestamptz := clock_timestamp();
  v_since timestamptz := v_clock - p_ttl_ms * interval '1 millisecond';
  v_dead  uuid[];
begin
  perform set_config('synchronous_commit', 'off', true);
  insert into postrider.processes as p (id, name, started_at, seen_at, busy, locked) values (p_id, p_name, v_clock, v_clock, p_busy, p_locked)
  on conflict (id) do update set seen_at = v_clock, busy = p_busy, locked = p_locked;
  v_dead := array(select p.id from postrider.processes p
                   where p.id <> p_id and p.locked and pg_try_advisory_xact_lock(postrider.process_lock(p.id))
                     -- One that says just now that it has lost its lock is not dead: see unlocked.
                     for update skip locked);
  if cardinality(v_dead) > 0 then
    delete from postrider.processes p where p.id = any(v_dead);
    update postrider.partner_runtime r set holder = null, held_until = null where r.holder = any(v_dead);
  end if;
  delete from postrider.processes p where p.seen_at < v_clock - interval '1 hour';
  return query
  select count(*)::integer, coalesce((array_agg(p.id order by p.started_at, p.id))[1] = p_id, true),
         min(p.busy) filter (where p.id <> p_id)::float8, cardinality(v_dead)
    from postrider.processes p where p.seen_at > v_since;
end $$;
CREATE FUNCTION postrider.backlog(p_limit integer) RETURNS TABLE(total double precision, total_oldest_due_ms double precision, partner text, pending double precision, oldest_due_ms double precision)
    LANGUAGE plpgsql STABLE
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
#variable_conflict use_column
begin
  return query
  with recursive waiting as (
    (select q.endpoint_no from postrider.pending q order by q.endpoint_no, q.lane, q.due_at, q.id limit 1)
    union all
    select n.endpoint_no from waiting w cross join lateral (
      select q.endpoint_no from postrider.pending q where q.endpoint_no > w.endpoint_no
       order by q.endpoint_no, q.lane, q.due_at, q.id limit 1) n
  ), cap as materialized (
    select greatest(100, least(10000, 200000 / greatest(count(*), 1))) as entries from waiting
  ), counted as materialized (
    select n.partner_no, c.entries as n, c.entries >= cap.entries as capped, o.due_at
      from waiting w cross join cap
      join postrider.endpoints n on n.endpoint_no = w.endpoint_no
     cross join lateral (
       select count(*) as entries from (select 1 from postrider.pending q where q.endpoint_no = w.endpoint_no limit cap.entries) x) c
     cross join lateral (
       select min(h.due_at) as due_at from (values (0::smallint), (1::smallint), (2::smallint)) as l(lane) cross join lateral (
         select q.due_at from postrider.pending q where q.endpoint_no = w.endpoint_no and q.lane = l.lane
          order by q.endpoint_no, q.lane, q.due_at, q.id limit 1) h) o
  ), whole as (
    select greatest(coalesce(sum(n), 0), case when bool_or(capped) then pg_stat_get_live_tuples('postrider.pending'::regclass) end)::float8 as n,
           (extract(epoch from min(due_at)) * 1000)::float8 as oldest
      from counted
  ), largest as (
    select p.id, sum(c.n)::float8 as n, (extract(epoch from min(c.due_at)) * 1000)::float8 as oldest
      from counted c join postrider.partners p on p.partner_no = c.partner_no
     group by p.partner_no order by 2 desc, 1 limit p_limit
  )
  select w.n, w.oldest, l.id, l.n, l.oldest from whole w left join largest l on true order by l.n desc, l.id;
end $$;
CREATE FUNCTION postrider.cancel_deleted(p_now double precision, p_limit integer) RETURNS integer
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
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
    returning q.id, q.event, q.endpoint_no, q.partner_no, q.attempts_made, q.last_status, q.last_error,
              (select case when p.deleted_at is null then 'endpoint_deleted' else 'partner_deleted' end::postrider.reason
                 from postrider.partners p where p.partner_no = q.partner_no) as reason
  ), finished as (
    insert into postrider.finished (id, event, endpoint_no, partner_no, state, reason, attempts_made, last_status, finished_at, last_error)
    select id, event, endpoint_no, partner_no, 'cancelled', reason, attempts_made, last_status, to_timestamp(p_now / 1000), last_error from ended
    returning 1
  )
  select count(*) into v_ended from finished;
  return v_ended;
end $$;
CREATE FUNCTION postrider.cancel_deliveries(p_ids uuid[], p_now double precision) RETURNS integer
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
declare
  v_ended integer;
begin
  with chosen as materialized (
    -- Everywhere here by the list of ids: joined, a table that was analyzed while empty is read whole for each of them.
    select q.id from postrider.pending q where q.id = any(p_ids) for update of q skip locked
  ), ended as (
    delete from postrider.pending q where q.id = any(array(select c.id from chosen c))
    returning q.id, q.event, q.endpoint_no, q.partner_no, q.attempts_made, q.last_status, q.last_error, q.order_key
  ), finished as (
    insert into postrider.finished (id, event, endpoint_no, partner_no, state, reason, attempts_made, last_status, finished_at, last_error)
    select id, event, endpoint_no, partner_no, 'cancelled', 'cancelled', attempts_made, last_status, to_timestamp(p_now / 1000), last_error from ended
    returning 1
  ), noted as (
    -- Those behind them are made due by the sweep, which waits for nobody: see settle_order.
    insert into postrider.order_checks (endpoint_no, order_key)
    select distinct endpoint_no, order_key from ended where order_key is not null
  )
  select count(*) into v_ended from finished;
  return v_ended;
end $$;
CREATE FUNCTION postrider.claim(p_partner_no integer[], p_fence bigint[], p_limit integer[], p_busy text[], p_pass_over text[], p_aside uuid[], p_now double precision, p_holder uuid, p_lease_ms double precision) RETURNS TABLE(partner_no integer, fence bigint, standing text, version bigint, limiter_cursor_ms double precision, circuits json, id uuid, endpoint_no integer, event_id text, type text, schema_version integer, occurred_at text, accepted_ms double precision, data text, due_ms double precision, enqueued_ms double precision, attempts_made smallint, client_errors smallint, attempts_before smallint, expires_ms double precision, order_key text, next_ms double precision)
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
#variable_conflict use_column
declare
  v_now   timestamptz := to_timestamp(p_now / 1000);
  v_clock timestamptz := clock_timestamp();
  v_until timestamptz := v_clock + p_lease_ms * interval '1 millisecond';
  v_half timestamptz := v_clock + p_lease_ms / 2 * interval '1 millisecond';
  v_rows  postrider.claimed[];
  v_first uuid;
  v_last  uuid;
  v_aging  boolean;
begin
  -- Nobody waits for a fence or a lease to reach the disk: it stands between every event and its first attempt. A server
  -- that crashes may forget the last half second of them, so whoever notices that the server went away asks again
  -- before it sends anything more, and what a turn records must name the holder beside the fence.
  perform set_config('synchronous_commit', 'off', true);
  if 0 = any(p_fence) then
    perform postrider.open_turns(p_partner_no, p_fence, p_holder, v_clock, v_until);
  end if;
  select array_agg((t.partner_no, t.fence, case when t.standing = 'held' and not t.active then 'inactive' else t.standing end,
                    t.version, t.limiter_cursor_ms, t.circuits, f.due_at,
                    d.id, d.event, d.endpoint_no, d.due_at, d.enqueued_at, d.attempts_made, d.client_errors, d.attempts_before,
                    d.expires_at, d.order_key)::postrider.claimed),
         min(d.event::text collate "C")::uuid, max(d.event::text collate "C")::uuid, bool_or(t.aging)
    into v_rows, v_first, v_last, v_aging
    from (
      select g.*, g.standing = 'held' and g.usable as active,
             case when g.standing = 'held' and g.opened then (select json_agg(c) from postrider.circuits c where c.partner_no = g.partner_no) end as circuits
        from (
          select w.partner_no, r.fence, p.version, r.limiter_cursor_ms, w.page, w.fence = 0 as opened,
                 not p.paused and p.deleted_at is null as usable,
                 case when r.holder is not distinct from p_holder and (w.fence = r.fence or w.fence = 0 and r.held_until is not distinct from v_until) then 'held'
                      when w.fence > 0 or r.rung_fence = r.fence and r.held_until > v_clock then 'elsewhere'
                      else 'unclear' end as standing,
                 r.holder is not distinct from p_holder and r.held_until < v_half as aging,
                 string_to_array(w.busy, ',')::uuid[] as busy, coalesce(string_to_array(w.pass_over, ',')::integer[], '{}') as pass_over
            from unnest(p_partner_no, p_fence, p_limit, p_busy, p_pass_over) as w(partner_no, fence, page, busy, pass_over)
            join postrider.partner_runtime r on r.partner_no = w.partner_no
            join postrider.partners p on p.partner_no = w.partner_no
          offset 0
        ) g
    ) t
    -- When the partner next has work after now: retries that earlier turns scheduled, perhaps in another process.
    left join lateral (
      select min(greatest(q.due_at, n.held_until)) as due_at
        from postrider.endpoints n
       cross join (values (0::smallint), (1::smallint), (2::smallint)) as l(lane)
       cross join lateral (
         select q.due_at from postrider.pending q
          where q.endpoint_no = n.endpoint_no and q.lane = l.lane and q.due_at < 'infinity'
            and q.due_at > case when n.held_until > v_now then '-infinity' else v_now end
          order by q.due_at limit 1) q
       where n.partner_no = t.partner_no and n.deleted_at is null and n.enabled and n.paused_at is null and t.active and t.page > 0
    ) f on true
    left join lateral (
      select q.* from postrider.endpoints n
        cross join (values (0::smallint), (1::smallint), (2::smallint)) as l(lane)
        cross join lateral (
          select q.* from postrider.pending q
           where q.endpoint_no = n.endpoint_no and q.lane = l.lane and q.due_at <= v_now
             and not q.id = any(t.busy) and not q.id = any(p_aside)
             -- Of a key, only the first may go; once its hold is over, the first of those that are due. One in flight is
             -- due, so of a key at most one is claimable.
             and (q.order_key is null or n.order_hold is null or not exists (
               select 1 from postrider.pending b
                where b.endpoint_no = q.endpoint_no and b.order_key = q.order_key and b.order_no < q.order_no
                  and (b.due_at <= v_now or q.enqueued_at + n.order_hold > v_now)))
           order by q.due_at, q.id
           limit t.page
        ) q
       where n.partner_no = t.partner_no and n.deleted_at is null and n.enabled and n.paused_at is null
         and (n.held_until is null or n.held_until <= v_now)
         and t.active and t.page > 0 and not n.endpoint_no = any(t.pass_over)
       order by q.lane, q.due_at, q.id
       limit t.page
    ) d on true;
  if v_aging then
    -- Halfway through the lease, not with every look.
    update postrider.partner_runtime r set held_until = v_until
      from unnest(p_partner_no, p_fence) as w(partner_no, fence)
     where r.partner_no = w.partner_no and r.fence = w.fence and r.holder is not distinct from p_holder and r.held_until < v_half;
  end if;
  return query
  select c.partner_no, c.fence, c.standing, c.version, c.limiter_cursor_ms, c.circuits,
         c.id, c.endpoint_no, e.event_id, e.type, e.schema_version, e.occurred_at,
         extract(epoch from e.accepted_at)::float8 * 1000, e.data,
         extract(epoch from c.due_at)::float8 * 1000, extract(epoch from c.enqueued_at)::float8 * 1000,
         c.attempts_made, c.client_errors, c.attempts_before, extract(epoch from c.expires_at)::float8 * 1000, c.order_key,
         extract(epoch from c.next_at)::float8 * 1000
    from unnest(v_rows) as c
    left join lateral (
      select e.* from postrider.events e where e.id = c.event and e.id between v_first and v_last offset 0
    ) e on true;
end $$;
CREATE FUNCTION postrider.close_turns(p_partner_no integer[], p_fence bigint[], p_cursor_ms double precision[], p_holder uuid) RETURNS integer[]
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
declare
  v_rung integer[];
begin
  -- A turn that was not given back for sure is over with its lease. A cursor is only ever moved back here.
  perform set_config('synchronous_commit', 'off', true);
  with closed as (
    update postrider.partner_runtime r
       set holder = null, held_until = null, limiter_cursor_ms = coalesce(c.cursor_ms, r.limiter_cursor_ms)
      from unnest(p_partner_no, p_fence, p_cursor_ms) as c(partner_no, fence, cursor_ms)
     where r.partner_no = c.partner_no and r.fence = c.fence and r.holder is not distinct from p_holder
    returning r.partner_no, r.rung_fence = r.fence as rung
  )
  select array_agg(partner_no) filter (where rung) into v_rung from closed;
  return coalesce(v_rung, '{}');
end $$;
CREATE FUNCTION postrider.copy_undelivered(p_week text, p_first uuid, p_end uuid) RETURNS void
    LANGUAGE plpgsql
    AS $_$
declare
  v_finished text := format('postrider.%I', 'finished_' || p_week || '_undelivered');
  v_events   text := format('postrider.%I', 'events_' || p_week || '_undelivered');
  v_attempts text := format('postrider.%I', 'attempts_' || p_week || '_undelivered');
  v_kept     text := format('(select id, event from %s union all select id, event from postrider.pending where id >= %L and id < %L)',
                       v_finished, p_first, p_end);
begin
  execute format($q$insert into %s select f.* from postrider.finished f where f.id >= %L and f.id < %L and f.state <> 'delivered'$q$,
    v_finished, p_first, p_end);
  execute format('analyze %s', v_finished);
  execute format($q$insert into %s select e.* from postrider.events e join (select distinct event from %s k) k on k.event = e.id
                     where e.id >= %L and e.id < %L$q$, v_events, v_kept, p_first, p_end);
  execute format($q$update %s e set deliveries = k.n from (select event, count(*)::int as n from %s k group by event) k
                     where k.event = e.id and e.deliveries <> k.n$q$, v_events, v_kept);
  execute format($q$insert into %s select a.* from postrider.attempts a join %s k on k.id = a.delivery
                     where a.delivery >= %L and a.delivery < %L$q$, v_attempts, v_kept, p_first, p_end);
end $_$;
CREATE FUNCTION postrider.drop_order(p_now double precision, p_limit integer) RETURNS integer
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
declare
  v_now   timestamptz := to_timestamp(p_now / 1000);
  v_freed integer;
begin
  with recursive keyed as (
    (select q.endpoint_no from postrider.pending q where q.order_key is not null order by q.endpoint_no, q.order_key, q.order_no limit 1)
    union all
    select n.endpoint_no from keyed k cross join lateral (
      select q.endpoint_no from postrider.pending q where q.order_key is not null and q.endpoint_no > k.endpoint_no
       order by q.endpoint_no, q.order_key, q.order_no limit 1) n
  ), chosen as materialized (
    select q.id from keyed k
      join postrider.endpoints n on n.endpoint_no = k.endpoint_no and n.order_hold is null
     cross join lateral (
       select q.id from postrider.pending q where q.endpoint_no = n.endpoint_no and q.order_key is not null
        order by q.endpoint_no, q.order_key, q.order_no limit p_limit for update skip locked) q
     limit p_limit
  ), freed as (
    update postrider.pending q
       set order_key = null, order_no = null,
           due_at = case when q.attempts_made = q.attempts_before then least(q.due_at, greatest(q.enqueued_at, v_now)) else q.due_at end
     where q.id = any(array(select c.id from chosen c))
    returning 1
  )
  select count(*) into v_freed from freed;
  return v_freed;
end $$;
CREATE FUNCTION postrider.drop_past(p_before timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql
    SET lock_timeout TO '100ms'
    AS $$
declare
  v_week record;
begin
  if not pg_try_advisory_xact_lock(hashtext('postrider.retention')) then
    return 0;
  end if;
  select w.* into v_week from postrider.past_weeks(p_before) w
   where not exists (select 1 from postrider.pending q where q.id >= w.first_id and q.id < w.end_id)
   order by w.week limit 1;
  if not found then
    return 0;
  end if;
  begin
    -- A replay may be bringing a delivery of that week back: after the lock, look again.
    if not postrider.lock_history()
       or exists (select 1 from postrider.pending q where q.id >= v_week.first_id and q.id < v_week.end_id) then
      return 0;
    end if;
    perform postrider.drop_week(v_week.week, v_week.suffix);
    return 1;
  exception when lock_not_available then
    return 0;
  end;
end $$;
CREATE FUNCTION postrider.drop_week(p_week text, p_suffix text) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  v_kind text;
begin
  foreach v_kind in array array['attempts', 'finished', 'events'] loop
    execute format('drop table if exists postrider.%I', v_kind || '_' || p_week || p_suffix);
  end loop;
  update postrider.retention set removals = removals + 1;
end $$;
CREATE FUNCTION postrider.due_partners(p_until double precision) RETURNS TABLE(partner_no integer, due_ms double precision)
    LANGUAGE plpgsql STABLE
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
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
        join postrider.partner_runtime r on r.partner_no = n.partner_no and (r.held_until is null or r.held_until <= v_clock)
       where n.endpoint_no = h.endpoint_no and n.enabled and n.paused_at is null and n.deleted_at is null offset 0) n
   where greatest(h.due_at, n.held_until) <= to_timestamp(p_until / 1000)
   group by n.partner_no;
end $$;
CREATE FUNCTION postrider.duration_ms(p_text text) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
  select case when p_text ~ '^\d{1,11}(\.\d{1,3})?(ms|s|m|h|d)$' then
    round(substring(p_text from '^[\d.]+')::numeric
      * case substring(p_text from '[a-z]+$') when 'ms' then 1 when 's' then 1000 when 'm' then 60000 when 'h' then 3600000 else 86400000 end)::float8
  end
$_$;
CREATE FUNCTION postrider.enqueue_timed(p_ids uuid[], p_type text[], p_partner text[], p_fresh integer[], p_routes postrider.route[], p_prefix text, p_tail text, p_now timestamp with time zone, p_not_before timestamp with time zone[], p_expires_ms double precision[], p_order_key text[], p_order_no bigint[]) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
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
CREATE FUNCTION postrider.ensure_partitions(p_now timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql
    SET lock_timeout TO '100ms'
    AS $$
declare
  v_parent text;
  v_from   timestamptz;
  v_week   text;
  v_made   integer := 0;
begin
  for v_from in select postrider.week_of(p_now) + n * interval '7 days' from generate_series(0, 2) as n loop
    v_week := to_char(v_from at time zone 'UTC', 'YYYYMMDD');
    continue when to_regclass('postrider.events_' || v_week) is not null
               or to_regclass('postrider.events_' || v_week || '_undelivered') is not null;
    exit when not postrider.lock_history();
    -- Another process may have made them while this one waited for the lock.
    continue when to_regclass('postrider.events_' || v_week) is not null;
    begin
      foreach v_parent in array array['events', 'finished', 'attempts'] loop
        execute format('create table postrider.%I partition of postrider.%I for values from (%L) to (%L)',
          v_parent || '_' || v_week, v_parent, postrider.id_floor(v_from), postrider.id_floor(v_from + interval '7 days'));
      end loop;
      v_made := v_made + 3;
    exception when check_violation or lock_not_available or duplicate_table or unique_violation then
      -- Rows of that week are in a default partition already (nobody ran upkeep for weeks, or the clock jumped): they
      -- stay there, are found there, and leave by trim_default.
      null;
    end;
  end loop;
  return v_made;
end $$;
CREATE FUNCTION postrider.event_error(p_event_id text, p_type text, p_schema_version text, p_occurred_at text, p_data json, p_not_before text, p_expires_after text, p_order_key text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
  select case
    when p_event_id is null or length(p_event_id) > 200 or p_event_id !~ '^[!-~]+$' then 'event_id must be 1 to 200 visible ASCII characters'
    when p_type is null or length(p_type) > 100 or p_type !~ '^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$' then 'type must be dot-separated words of letters, digits, _ and -, at most 100 characters'
    when p_schema_version is not null and p_schema_version !~ '^[1-9]\d{0,8}$' then 'schema_version must be a positive whole number'
    when p_occurred_at is not null and not postrider.is_instant(p_occurred_at) then 'occurred_at must be an ISO 8601 instant with a zone, such as 2026-01-31T10:00:00Z'
    when p_data is not null and json_typeof(p_data) <> 'object' then 'data must be an object'
    when p_not_before is not null or p_expires_after is not null or p_order_key is not null then postrider.timing_error(p_not_before, p_expires_after, p_order_key)
  end
$_$;
CREATE FUNCTION postrider.forget_keys(p_before timestamp with time zone, p_page bigint, p_pages integer) RETURNS boolean
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
declare
  -- Once, not for each key: 75 µs.
  v_before uuid := postrider.id_floor(p_before);
begin
  delete from postrider.event_keys k
   where k.ctid >= format('(%s,0)', p_page)::tid and k.ctid < format('(%s,0)', p_page + p_pages)::tid
     and k.event < v_before
     and not exists (select 1 from postrider.events e where e.id = k.event);
  return pg_relation_size('postrider.event_keys') > (p_page + p_pages) * current_setting('block_size')::bigint;
end $$;
CREATE FUNCTION postrider.id_floor(p_at timestamp with time zone) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select overlay('00000000-0000-0000-0000-000000000000' placing left(postrider.id_prefix(p_at), 13) from 1 for 13)::uuid
$$;
CREATE FUNCTION postrider.id_prefix(p_at timestamp with time zone) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
begin
  return overlay(lpad(to_hex(floor(extract(epoch from p_at) * 1000)::bigint), 12, '0') placing '-' from 9 for 0) || '-7';
end
$$;
CREATE FUNCTION postrider.id_tail() RETURNS text
    LANGUAGE sql PARALLEL SAFE
    AS $$
  select right(replace(gen_random_uuid()::text, '-', ''), 13)
$$;
CREATE FUNCTION postrider.id_time(p_id uuid) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select to_timestamp(('x' || lpad(replace(left(p_id::text, 13), '-', ''), 16, '0'))::bit(64)::bigint / 1000.0)
$$;
CREATE FUNCTION postrider.is_instant(p_text text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
  select coalesce(
    p_text ~ '^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-](0\d|1[0-4]):[0-5]\d)$'
    and left(p_text, 4) <> '0000'
    and substr(p_text, 9, 2)::int <= case substr(p_text, 6, 2)
      when '02' then case when left(p_text, 4)::int % 4 = 0 and (left(p_text, 4)::int % 100 <> 0 or left(p_text, 4)::int % 400 = 0) then 29 else 28 end
      when '04' then 30 when '06' then 30 when '09' then 30 when '11' then 30 else 31 end, false)
$_$;
CREATE FUNCTION postrider.leave(p_id uuid) RETURNS void
    LANGUAGE sql
    AS $$
  delete from postrider.processes p where p.id = p_id;
$$;
CREATE FUNCTION postrider.lock_history() RETURNS boolean
    LANGUAGE plpgsql
    SET lock_timeout TO '100ms'
    AS $$
begin
  for v_try in 1..3 loop
    begin
      lock table only postrider.attempts, only postrider.finished, only postrider.events in access exclusive mode;
      return true;
    exception when lock_not_available then
      perform pg_sleep(0.05 * v_try);
    end;
  end loop;
  return false;
end $$;
CREATE FUNCTION postrider.new_id(p_prefix text, p_tail text, p_n bigint) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select (p_prefix || substr(to_hex(16777216 + ((p_n >> 8) << 12) + 2048 + (p_n & 255)), 2) || p_tail)::uuid
$$;
CREATE FUNCTION postrider.not_fresh(p_event_id text[], p_type text[], p_schema_version integer[], p_occurred_at text[], p_partner text[], p_data text[], p_fresh integer[], p_routes postrider.route[], p_not_before timestamp with time zone[], p_expires_ms double precision[], p_order_key text[]) RETURNS TABLE(ord bigint, status text, deliveries integer)
    LANGUAGE plpgsql
    SET enable_nestloop TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
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
CREATE FUNCTION postrider.old_backlogs(p_before double precision) RETURNS TABLE(partner text, oldest_due_ms double precision)
    LANGUAGE plpgsql STABLE
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
#variable_conflict use_column
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
  select n.id, (extract(epoch from min(h.due_at)) * 1000)::float8
    from (select * from heads where due_at < to_timestamp(p_before / 1000)) h
   cross join lateral (
      select p.id from postrider.endpoints n
        join postrider.partners p on p.partner_no = n.partner_no and not p.paused and p.deleted_at is null
       where n.endpoint_no = h.endpoint_no and n.enabled and n.paused_at is null and n.deleted_at is null offset 0) n
   group by n.id;
end $$;
CREATE FUNCTION postrider.open_turns(p_partner_no integer[], p_fence bigint[], p_holder uuid, p_clock timestamp with time zone, p_until timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
declare
  v_opened bigint;
begin
  update postrider.partner_runtime r set fence = r.fence + 1, holder = p_holder, held_until = p_until
    from unnest(p_partner_no, p_fence) as w(partner_no, fence)
   where r.partner_no = w.partner_no and w.fence = 0
     and (r.held_until is null or r.held_until <= p_clock or r.holder is not distinct from p_holder);
  get diagnostics v_opened = row_count;
  if v_opened < (select count(*) from unnest(p_fence) as fence where fence = 0) then
    update postrider.partner_runtime r set rung_fence = r.fence
      from unnest(p_partner_no, p_fence) as w(partner_no, fence)
     where r.partner_no = w.partner_no and w.fence = 0
       and r.held_until > p_clock and r.holder is distinct from p_holder;
  end if;
end $$;
CREATE FUNCTION postrider.past_weeks(p_before timestamp with time zone) RETURNS TABLE(week text, suffix text, first_id uuid, end_id uuid)
    LANGUAGE sql STABLE
    AS $_$
  select substr(c.relname, 8, 8), substr(c.relname, 16), postrider.id_floor(w.at), postrider.id_floor(w.at + interval '7 days')
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
   cross join lateral (select to_date(substr(c.relname, 8, 8), 'YYYYMMDD')::timestamp at time zone 'UTC' as at) w
   where i.inhparent = 'postrider.events'::regclass and c.relname ~ '^events_\d{8}(_undelivered)?$'
     and w.at + interval '7 days' <= p_before
   order by 1
$_$;
CREATE FUNCTION postrider.patterns(p_type text) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select p_type
  union all select '*'
  union all select array_to_string((string_to_array(p_type, '.'))[1:n], '.') || '.*'
    from generate_series(1, array_length(string_to_array(p_type, '.'), 1) - 1) as n
$$;
CREATE FUNCTION postrider.process_lock(p_id uuid) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select hashtextextended('postrider.process.' || p_id::text, 0)
$$;
CREATE FUNCTION postrider.record(p_delivery uuid[], p_partner_no integer[], p_fence bigint[], p_state postrider.delivery_state[], p_reason postrider.reason[], p_due_ms double precision[], p_client_errors integer[], p_at_ms double precision[], p_n integer[], p_started_ms double precision[], p_duration_ms integer[], p_status integer[], p_version integer[], p_error text[], p_body text[], p_before integer[], p_again boolean, p_holder uuid) RETURNS bigint
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_nestloop TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
declare
  v_changed   bigint;
  v_endpoints integer[];
  v_keys      text[];
begin
  with o as materialized (
    select u.*, (select r.fence = u.fence and r.holder is not distinct from p_holder
                   from postrider.partner_runtime r where r.partner_no = u.partner_no) as holds
      from unnest(p_delivery, p_partner_no, p_fence, p_state, p_reason, p_due_ms, p_client_errors, p_at_ms, p_n,
                  p_started_ms, p_duration_ms, p_status, p_version, p_error, p_body, p_before)
        as u(delivery, partner_no, fence, state, reason, due_ms, client_errors, at_ms, n, started_ms, duration_ms, status, version, error, body, before)
  ), attempted as (
    insert into postrider.attempts (delivery, n, status, endpoint_version, at, duration_ms, error, response_body)
    select delivery, n, status, version, to_timestamp(started_ms / 1000), duration_ms, error, body from o
     where n > 0 and not (p_again and exists (
       select 1 from postrider.attempts a where a.delivery = o.delivery and a.n = o.n and a.at = to_timestamp(o.started_ms / 1000)))
  ), ended as (
    delete from postrider.pending q using o
     where q.id = any(p_delivery) and q.id = o.delivery and o.due_ms is null and (o.holds or o.state = 'delivered')
    returning q.id, q.event, q.endpoint_no, q.partner_no, o.state, o.reason, greatest(q.attempts_made, o.n) as attempts_made,
              coalesce(o.status, q.last_status) as last_status, o.at_ms, o.error, q.order_key
  ), finished as (
    insert into postrider.finished (id, event, endpoint_no, partner_no, state, reason, attempts_made, last_status, finished_at, last_error)
    select id, event, endpoint_no, partner_no, state, reason, attempts_made, last_status, to_timestamp(at_ms / 1000), error from ended
    returning 1
  ), waiting as (
    update postrider.pending q
       set due_at = to_timestamp(o.due_ms / 1000), lane = greatest(q.lane, 1::smallint), attempts_made = greatest(q.attempts_made, o.n),
           client_errors = o.client_errors, attempts_before = coalesce(o.before, q.attempts_before), last_status = o.status, last_error = o.error
      from o where q.id = any(p_delivery) and q.id = o.delivery and o.due_ms is not null and o.holds
    returning q.endpoint_no, q.order_key
  )
  select (select count(*) from finished) + (select count(*) from waiting),
         k.endpoint_nos, k.order_keys
    into v_changed, v_endpoints, v_keys
    from (select array_agg(endpoint_no) as endpoint_nos, array_agg(order_key) as order_keys
            from (select endpoint_no, order_key from ended where order_key is not null
                  union all select endpoint_no, order_key from waiting where order_key is not null) o) k;
  if v_keys is not null then
    perform postrider.release_next(v_endpoints, v_keys,
      to_timestamp((select max(greatest(u.at_ms, u.started_ms)) from unnest(p_at_ms, p_started_ms) as u(at_ms, started_ms)) / 1000));
  end if;
  if v_changed < cardinality(p_delivery) then
    perform postrider.record_cancelled(p_delivery, p_state, p_at_ms, p_n, p_status);
  end if;
  return v_changed;
end $$;
CREATE FUNCTION postrider.record_cancelled(p_delivery uuid[], p_state postrider.delivery_state[], p_at_ms double precision[], p_n integer[], p_status integer[]) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
#variable_conflict use_column
begin
  update postrider.finished f
     set state = case when o.delivered then 'delivered' else f.state end,
         reason = case when o.delivered then 'accepted_by_partner' else f.reason end,
         finished_at = case when o.delivered then to_timestamp(o.at_ms / 1000) else f.finished_at end,
         last_error = case when o.delivered then null else f.last_error end,
         attempts_made = greatest(f.attempts_made, o.n), last_status = coalesce(o.status, f.last_status)
    from (select u.delivery, u.at_ms, u.n, u.status, coalesce(u.state = 'delivered', false) as delivered
            from unnest(p_delivery, p_state, p_at_ms, p_n, p_status) as u(delivery, state, at_ms, n, status)
           where u.n > 0) o
   where f.id = o.delivery and f.state = 'cancelled';
end $$;
CREATE FUNCTION postrider.reduce_past(p_before timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql
    SET lock_timeout TO '100ms'
    SET work_mem TO '64MB'
    SET jit TO 'off'
    AS $_$
declare
  v_week  record;
  v_name  text;
  v_kind  text;
begin
  if not pg_try_advisory_xact_lock(hashtext('postrider.retention')) or exists (select 1 from postrider.replays where state = 'running') then
    return 0;
  end if;
  select w.* into v_week from postrider.past_weeks(p_before) w
   where w.suffix = '' and not exists (
     select 1 from postrider.pending q
       join postrider.endpoints n on n.endpoint_no = q.endpoint_no
       join postrider.partners p on p.partner_no = n.partner_no
      where q.id >= w.first_id and q.id < w.end_id
        and ((n.enabled and n.paused_at is null and not p.paused) or n.deleted_at is not null))
   order by w.week limit 1;
  if not found then
    return 0;
  end if;
  begin
    foreach v_kind in array array['attempts', 'finished', 'events'] loop
      execute format('lock table postrider.%I in share row exclusive mode', v_kind || '_' || v_week.week);
      v_name := v_kind || '_' || v_week.week || '_undelivered';
      -- The check is what the partition will demand: it spares the exchange a look at every row.
      execute format('create table postrider.%I (like postrider.%I including all, constraint in_week check (%I >= %L and %3$I < %5$L))',
        v_name, v_kind, case v_kind when 'attempts' then 'delivery' else 'id' end, v_week.first_id, v_week.end_id);
    end loop;
    perform postrider.copy_undelivered(v_week.week, v_week.first_id, v_week.end_id);
    if not postrider.lock_history() then
      raise lock_not_available;
    end if;
    perform postrider.drop_week(v_week.week, '');
    foreach v_kind in array array['attempts', 'finished', 'events'] loop
      v_name := v_kind || '_' || v_week.week || '_undelivered';
      execute format('alter table postrider.%I attach partition postrider.%I for values from (%L) to (%L)',
        v_kind, v_name, v_week.first_id, v_week.end_id);
      execute format('alter table postrider.%I drop constraint in_week', v_name);
    end loop;
    update postrider.retention set reduced_until = greatest(reduced_until, v_week.end_id);
    return 1;
  exception when lock_not_available then
    return 0;
  end;
end $_$;
CREATE FUNCTION postrider.release_next(p_endpoint_no integer[], p_order_key text[], p_at timestamp with time zone) RETURNS integer[]
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
#variable_conflict use_column
declare
  v_partners integer[];
begin
  with keys as materialized (
    select distinct u.endpoint_no, u.order_key from unnest(p_endpoint_no, p_order_key) as u(endpoint_no, order_key)
  ), first as materialized (
    select k.endpoint_no, k.order_key, f.id, greatest(f.enqueued_at, p_at) as due_at,
           f.attempts_made = f.attempts_before and f.due_at > greatest(f.enqueued_at, p_at) as parked
      from keys k cross join lateral (
        select f.* from postrider.pending f where f.endpoint_no = k.endpoint_no and f.order_key = k.order_key
         order by f.endpoint_no, f.order_key, f.order_no limit 1) f
  ), second as materialized (
    select d.id, greatest(d.enqueued_at + n.order_hold, p_at) as due_at
      from first f
      join postrider.endpoints n on n.endpoint_no = f.endpoint_no
     cross join lateral (
       select d.id, d.enqueued_at, d.order_no from postrider.pending d
        where d.endpoint_no = f.endpoint_no and d.order_key = f.order_key and d.due_at = 'infinity' and d.id <> f.id
        order by d.endpoint_no, d.order_key, d.order_no limit 1) d
     where n.order_hold is not null and not exists (
       select 1 from postrider.pending r
        where r.endpoint_no = f.endpoint_no and r.order_key = f.order_key and r.order_no < d.order_no and r.id <> f.id
          and r.attempts_made = r.attempts_before and r.enqueued_at <= d.enqueued_at)
  ), moved as (
    update postrider.pending q set due_at = m.due_at
      from (select id, due_at from first where parked union all select id, due_at from second) m
     where q.id = any(array(select id from first where parked union all select id from second)) and q.id = m.id
    returning q.partner_no
  )
  select array_agg(distinct partner_no) into v_partners from moved;
  return coalesce(v_partners, '{}');
end $$;
CREATE FUNCTION postrider.routes_of(p_type text[], p_partner text[]) RETURNS postrider.route[]
    LANGUAGE plpgsql STABLE
    SET enable_nestloop TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
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
CREATE FUNCTION postrider.same_json(p_a text, p_b text) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
begin
  return p_a = p_b or p_a::jsonb = p_b::jsonb;
exception when others then
  return false;
end $$;
CREATE FUNCTION postrider.save_circuits(p_saves json) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
begin
  with s as materialized (
    select s.* from json_to_recordset(p_saves) as s(
             endpoint_no integer, partner_no integer, fence bigint, circuit_no integer, state text, opened_at_ms double precision,
             since_ms double precision, failing_since_ms double precision, failures integer, wait_ms double precision,
             probe_at_ms double precision, ramp integer, mark smallint)
      join postrider.partner_runtime r on r.partner_no = s.partner_no and r.fence = s.fence
      join postrider.endpoints n on n.endpoint_no = s.endpoint_no and n.circuit_no = s.circuit_no and n.deleted_at is null
  ), well as (
    delete from postrider.circuits c using s where c.endpoint_no = s.endpoint_no and s.state is null
  )
  insert into postrider.circuits as c
  select endpoint_no, partner_no, circuit_no, state, opened_at_ms, since_ms, failing_since_ms, failures, wait_ms, probe_at_ms, ramp, mark
    from s where s.state is not null
  on conflict (endpoint_no) do update
     set circuit_no = excluded.circuit_no, state = excluded.state, opened_at_ms = excluded.opened_at_ms, since_ms = excluded.since_ms,
         failing_since_ms = excluded.failing_since_ms, failures = excluded.failures, wait_ms = excluded.wait_ms,
         probe_at_ms = excluded.probe_at_ms, ramp = excluded.ramp, mark = excluded.mark;
end $$;
CREATE FUNCTION postrider.select_deliveries(p_ids uuid[], p_endpoints integer[], p_state postrider.delivery_state, p_reason postrider.reason, p_type text, p_event uuid, p_from uuid, p_before uuid, p_limit bigint) RETURNS TABLE(id uuid, event uuid, endpoint_no integer, partner_no integer, state postrider.delivery_state, reason postrider.reason, attempts_made smallint, last_status smallint, next_attempt_at timestamp with time zone, finished_at timestamp with time zone, last_error text)
    LANGUAGE plpgsql STABLE ROWS 100
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    SET max_parallel_workers_per_gather TO '0'
    AS $$
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
      return query select * from postrider.select_deliveries(null, p_endpoints, p_state, p_reason, p_type, p_event, v_newest, p_before, p_limit);
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
    select d.id, d.event, d.endpoint_no, d.partner_no, d.state, d.reason, d.attempts_made, d.last_status, d.next_attempt_at, d.finished_at, d.last_error
      from (select distinct u.id from unnest(p_ids) as u(id) where u.id >= v_from and u.id < v_before) u
     cross join lateral (
       select * from postrider.deliveries d where d.id = u.id
          and (p_endpoints is null or d.endpoint_no = any(p_endpoints)) and (p_state is null or d.state = p_state)
          and (p_reason is null or d.reason = p_reason) and (p_event is null or d.event = p_event)
          and (p_type is null or exists (select 1 from postrider.events e where e.id = d.event and e.type = p_type))
       offset 0) d;
  elsif p_endpoints is not null then
    if cardinality(p_endpoints) > p_limit and v_finished and p_type is null and p_event is null and p_reason is null then
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
           q.attempts_made, q.last_status, q.due_at, null::timestamptz, q.last_error
      from unnest(p_endpoints) as u(endpoint_no)
     cross join lateral (
       select * from (select * from postrider.pending q where q.endpoint_no = u.endpoint_no and v_pending offset 0) q
        where q.id >= v_from and q.id < v_before and (p_event is null or q.event = p_event)
          and (p_type is null or exists (select 1 from postrider.events e where e.id = q.event and e.type = p_type))
        order by q.id desc limit p_limit) q;
    return query
    select f.id, f.event, f.endpoint_no, f.partner_no, f.state, f.reason, f.attempts_made, f.last_status, null::timestamptz, f.finished_at, f.last_error
      from unnest(p_endpoints) as u(endpoint_no)
     cross join lateral (
       (select * from postrider.finished f
         where v_finished and not v_undelivered and f.endpoint_no = u.endpoint_no and f.id >= v_from and f.id < v_before
           and (p_state is null or f.state = p_state) and (p_reason is null or f.reason = p_reason) and (p_event is null or f.event = p_event)
           and (p_type is null or exists (select 1 from postrider.events e where e.id = f.event and e.type = p_type))
         order by f.id desc limit p_limit)
       union all
       (select * from postrider.finished f
         where v_undelivered and f.state <> 'delivered' and f.endpoint_no = u.endpoint_no and f.id >= v_from and f.id < v_before
           and f.state = p_state and (p_reason is null or f.reason = p_reason) and (p_event is null or f.event = p_event)
           and (p_type is null or exists (select 1 from postrider.events e where e.id = f.event and e.type = p_type))
         order by f.id desc limit p_limit)) f;
  elsif p_type is not null and p_limit is not null and p_event is null and v_finished and not v_undelivered then
    -- From the newest events of the type to their deliveries, whole milliseconds at a time: within one, the ids of
    -- deliveries are not in the order of their events'.
    loop
      v_events := array(select e.id from postrider.events e where e.type = p_type and e.id < v_end and e.id >= v_first
                         order by e.type desc, e.id desc limit p_limit);
      exit when cardinality(v_events) = 0;
      v_end := postrider.id_floor(postrider.id_time(v_events[cardinality(v_events)]));
      v_events := v_events || array(select e.id from postrider.events e
                                     where e.type = p_type and e.id >= v_end and e.id < v_events[cardinality(v_events)]);
      return query
      select d.id, d.event, d.endpoint_no, d.partner_no, d.state, d.reason, d.attempts_made, d.last_status, d.next_attempt_at, d.finished_at, d.last_error
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
           q.attempts_made, q.last_status, q.due_at, null::timestamptz, q.last_error
      from postrider.pending q
     where v_pending and q.id >= v_from and q.id < v_before and (p_event is null or q.event = p_event)
       and (p_type is null or exists (select 1 from postrider.events e where e.id = q.event and e.type = p_type))
     order by q.id desc limit p_limit;
    return query
    (select f.id, f.event, f.endpoint_no, f.partner_no, f.state, f.reason, f.attempts_made, f.last_status, null::timestamptz, f.finished_at, f.last_error
       from postrider.finished f
      where v_finished and not v_undelivered and f.id >= v_from and f.id < v_before
        and (p_state is null or f.state = p_state) and (p_reason is null or f.reason = p_reason) and (p_event is null or f.event = p_event)
        and (p_type is null or exists (select 1 from postrider.events e where e.id = f.event and e.type = p_type))
      order by f.id desc limit p_limit)
    union all
    (select f.id, f.event, f.endpoint_no, f.partner_no, f.state, f.reason, f.attempts_made, f.last_status, null::timestamptz, f.finished_at, f.last_error
       from postrider.finished f
      where v_undelivered and f.state <> 'delivered' and f.id >= v_from and f.id < v_before
        and f.state = p_state and (p_reason is null or f.reason = p_reason) and (p_event is null or f.event = p_event)
        and (p_type is null or exists (select 1 from postrider.events e where e.id = f.event and e.type = p_type))
      order by f.id desc limit p_limit);
  end if;
end $$;
CREATE FUNCTION postrider.settle_order(p_limit integer, p_now timestamp with time zone) RETURNS integer[]
    LANGUAGE plpgsql
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
#variable_conflict use_column
declare
  v_endpoints integer[];
  v_keys      text[];
begin
  with taken as (
    delete from postrider.order_checks c
     where c.ctid = any(array(select t.ctid from postrider.order_checks t limit p_limit for update skip locked))
    returning c.endpoint_no, c.order_key
  )
  select array_agg(t.endpoint_no), array_agg(t.order_key) into v_endpoints, v_keys
    from (select distinct endpoint_no, order_key from taken) t;
  if v_endpoints is null then
    return '{}';
  end if;
  with first as materialized (
    select k.endpoint_no, k.order_key, f.id
      from unnest(v_endpoints, v_keys) as k(endpoint_no, order_key)
     cross join lateral (
       select f.id from postrider.pending f where f.endpoint_no = k.endpoint_no and f.order_key = k.order_key
        order by f.endpoint_no, f.order_key, f.order_no limit 1) f
  ), locked as materialized (
    select q.id from postrider.pending q where q.id = any(array(select f.id from first f)) for no key update of q skip locked
  ), again as (
    insert into postrider.order_checks (endpoint_no, order_key)
    select f.endpoint_no, f.order_key from first f where not exists (select 1 from locked l where l.id = f.id)
  )
  select array_agg(f.endpoint_no), array_agg(f.order_key) into v_endpoints, v_keys
    from first f join locked l on l.id = f.id;
  return postrider.release_next(v_endpoints, v_keys, p_now);
end $$;
CREATE FUNCTION postrider.silent_partners(p_now double precision) RETURNS TABLE(partner text, silent_after_ms double precision)
    LANGUAGE plpgsql STABLE
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
#variable_conflict use_column
begin
  return query
  select p.id, p.silent_after_ms from postrider.partners p
   cross join lateral (select to_timestamp((p_now - p.silent_after_ms) / 1000) as since) t
   where p.silent_after_ms is not null and not p.paused and p.deleted_at is null and p.created_at < t.since
     and not exists (
       select 1 from postrider.endpoints n cross join lateral (
         select f.state from postrider.finished f
          where f.endpoint_no = n.endpoint_no and f.id >= postrider.id_floor(t.since)
          order by f.id desc limit 100) f
        where n.partner_no = p.partner_no and n.deleted_at is null and f.state = 'delivered');
end $$;
CREATE FUNCTION postrider.timing_error(p_not_before text, p_expires_after text, p_order_key text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
  select case
    when p_not_before is not null and not postrider.is_instant(p_not_before) then 'not_before must be an ISO 8601 instant with a zone, such as 2026-01-31T10:00:00Z'
    when p_expires_after is not null and coalesce(postrider.duration_ms(p_expires_after), 0) not between 1 and 365 * 86400000.0 then 'expires_after must be a duration with a unit, such as 90s or 7d, from 1ms to 365d'
    when p_order_key is not null and (length(p_order_key) > 200 or p_order_key !~ '^[!-~]+$') then 'order_key must be 1 to 200 visible ASCII characters'
  end
$_$;
CREATE FUNCTION postrider.trim_default(p_after uuid, p_before timestamp with time zone, p_undelivered_before timestamp with time zone, p_limit integer) RETURNS uuid
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
declare
  v_before             uuid := postrider.id_floor(p_before);
  v_undelivered_before uuid := postrider.id_floor(p_undelivered_before);
  v_last               uuid;
  v_gone               bigint;
begin
  with page as materialized (
    select f.id from postrider.finished_default f
     where f.id > p_after and f.id < v_before order by f.id limit p_limit
  ), gone as (
    delete from postrider.finished_default f using page p
     where f.id = p.id and (f.state = 'delivered' or f.id < v_undelivered_before)
    returning f.id, f.event
  ), attempts as (
    delete from postrider.attempts_default a using gone g where a.delivery = g.id
  ), counted as materialized (
    select g.event, count(*)::integer as n from gone g group by g.event
  ), done_events as (
    delete from postrider.events_default e using counted c where e.id = c.event and e.deliveries <= c.n
  ), other_events as (
    update postrider.events_default e set deliveries = e.deliveries - c.n from counted c where e.id = c.event and e.deliveries > c.n
  )
  select (select p.id from page p order by p.id desc limit 1), (select count(*) from gone) into v_last, v_gone;
  if v_gone > 0 then
    update postrider.retention set removals = removals + 1;
  end if;
  return v_last;
end $$;
CREATE FUNCTION postrider.trim_default_events(p_after uuid, p_before timestamp with time zone, p_limit integer) RETURNS uuid
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS $$
declare
  v_before uuid := postrider.id_floor(p_before);
  v_last   uuid;
  v_gone   bigint;
begin
  with page as materialized (
    select e.id from postrider.events_default e
     where e.id > p_after and e.id < v_before order by e.id limit p_limit
  ), gone as (
    delete from postrider.events_default e using page p where e.id = p.id and e.deliveries = 0 returning 1
  )
  select (select p.id from page p order by p.id desc limit 1), (select count(*) from gone) into v_last, v_gone;
  if v_gone > 0 then
    update postrider.retention set removals = removals + 1;
  end if;
  return v_last;
end $$;
CREATE FUNCTION postrider.unlocked(p_id uuid) RETURNS void
    LANGUAGE sql
    AS $$
  update postrider.processes p set locked = false where p.id = p_id;
$$;
CREATE FUNCTION postrider.week_of(p_at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE STRICT
    AS $$
  select date_trunc('week', p_at at time zone 'UTC') at time zone 'UTC'
$$;
CREATE TABLE postrider.attempts (
    delivery uuid NOT NULL,
    n smallint NOT NULL,
    status smallint,
    endpoint_version integer NOT NULL,
    at timestamp with time zone NOT NULL,
    duration_ms integer NOT NULL,
    error text,
    response_body text
)
PARTITION BY RANGE (delivery);
CREATE TABLE postrider.attempts_20261123 (
    delivery uuid NOT NULL,
    n smallint NOT NULL,
    status smallint,
    endpoint_version integer NOT NULL,
    at timestamp with time zone NOT NULL,
    duration_ms integer NOT NULL,
    error text,
    response_body text
);
CREATE TABLE postrider.attempts_20261130 (
    delivery uuid NOT NULL,
    n smallint NOT NULL,
    status smallint,
    endpoint_version integer NOT NULL,
    at timestamp with time zone NOT NULL,
    duration_ms integer NOT NULL,
    error text,
    response_body text
);
CREATE TABLE postrider.attempts_20261207 (
    delivery uuid NOT NULL,
    n smallint NOT NULL,
    status smallint,
    endpoint_version integer NOT NULL,
    at timestamp with time zone NOT NULL,
    duration_ms integer NOT NULL,
    error text,
    response_body text
);
CREATE TABLE postrider.attempts_default (
    delivery uuid NOT NULL,
    n smallint NOT NULL,
    status smallint,
    endpoint_version integer NOT NULL,
    at timestamp with time zone NOT NULL,
    duration_ms integer NOT NULL,
    error text,
    response_body text
);
CREATE TABLE postrider.circuits (
    endpoint_no integer NOT NULL,
    partner_no integer NOT NULL,
    circuit_no integer NOT NULL,
    state text NOT NULL,
    opened_at_ms double precision,
    since_ms double precision NOT NULL,
    failing_since_ms double precision,
    failures integer NOT NULL,
    wait_ms double precision NOT NULL,
    probe_at_ms double precision,
    ramp integer,
    mark smallint NOT NULL,
    CONSTRAINT circuits_state_check CHECK ((state = ANY (ARRAY['closed'::text, 'open'::text])))
)
WITH (fillfactor='50');
CREATE TABLE postrider.finished (
    id uuid NOT NULL,
    event uuid NOT NULL,
    endpoint_no integer NOT NULL,
    partner_no integer NOT NULL,
    state postrider.delivery_state NOT NULL,
    reason postrider.reason NOT NULL,
    attempts_made smallint NOT NULL,
    last_status smallint,
    finished_at timestamp with time zone NOT NULL,
    last_error text
)
PARTITION BY RANGE (id);
CREATE TABLE postrider.pending (
    id uuid NOT NULL,
    event uuid NOT NULL,
    endpoint_no integer NOT NULL,
    partner_no integer NOT NULL,
    lane smallint DEFAULT 0 NOT NULL,
    attempts_made smallint DEFAULT 0 NOT NULL,
    client_errors smallint DEFAULT 0 NOT NULL,
    attempts_before smallint DEFAULT 0 NOT NULL,
    last_status smallint,
    due_at timestamp with time zone NOT NULL,
    enqueued_at timestamp with time zone NOT NULL,
    replay uuid,
    last_error text,
    expires_at timestamp with time zone,
    order_key text COLLATE pg_catalog."C",
    order_no bigint
)
WITH (autovacuum_vacuum_scale_factor='0.01', autovacuum_vacuum_threshold='5000', autovacuum_analyze_scale_factor='0.1', autovacuum_vacuum_cost_delay='0');
CREATE VIEW postrider.deliveries AS
 SELECT pending.id,
    pending.event,
    pending.endpoint_no,
    pending.partner_no,
    'pending'::postrider.delivery_state AS state,
    NULL::postrider.reason AS reason,
    pending.attempts_made,
    pending.last_status,
    pending.due_at AS next_attempt_at,
    NULL::timestamp with time zone AS finished_at,
    pending.last_error
   FROM postrider.pending
UNION ALL
 SELECT finished.id,
    finished.event,
    finished.endpoint_no,
    finished.partner_no,
    finished.state,
    finished.reason,
    finished.attempts_made,
    finished.last_status,
    NULL::timestamp with time zone AS next_attempt_at,
    finished.finished_at,
    finished.last_error
   FROM postrider.finished;
CREATE TABLE postrider.endpoints (
    endpoint_no integer NOT NULL,
    partner_no integer NOT NULL,
    id text NOT NULL,
    document json NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    enabled boolean NOT NULL,
    paused_at timestamp with time zone,
    held_until timestamp with time zone,
    note text,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    deleted_at timestamp with time zone,
    order_hold interval,
    circuit_no integer DEFAULT 0 NOT NULL
);
ALTER TABLE postrider.endpoints ALTER COLUMN endpoint_no ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME postrider.endpoints_endpoint_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE postrider.event_keys (
    event_id text NOT NULL COLLATE pg_catalog."C",
    event uuid NOT NULL
);
CREATE SEQUENCE postrider.event_order
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE postrider.events (
    id uuid NOT NULL,
    event_id text NOT NULL,
    type text NOT NULL,
    schema_version integer NOT NULL,
    occurred_at text NOT NULL,
    accepted_at timestamp with time zone NOT NULL,
    partner text,
    deliveries integer NOT NULL,
    data text NOT NULL,
    not_before timestamp with time zone,
    expires_after_ms double precision,
    order_key text COLLATE pg_catalog."C",
    order_no bigint
)
PARTITION BY RANGE (id);
CREATE TABLE postrider.events_20261123 (
    id uuid NOT NULL,
    event_id text NOT NULL,
    type text NOT NULL,
    schema_version integer NOT NULL,
    occurred_at text NOT NULL,
    accepted_at timestamp with time zone NOT NULL,
    partner text,
    deliveries integer NOT NULL,
    data text NOT NULL,
    not_before timestamp with time zone,
    expires_after_ms double precision,
    order_key text COLLATE pg_catalog."C",
    order_no bigint
);
CREATE TABLE postrider.events_20261130 (
    id uuid NOT NULL,
    event_id text NOT NULL,
    type text NOT NULL,
    schema_version integer NOT NULL,
    occurred_at text NOT NULL,
    accepted_at timestamp with time zone NOT NULL,
    partner text,
    deliveries integer NOT NULL,
    data text NOT NULL,
    not_before timestamp with time zone,
    expires_after_ms double precision,
    order_key text COLLATE pg_catalog."C",
    order_no bigint
);
CREATE TABLE postrider.events_20261207 (
    id uuid NOT NULL,
    event_id text NOT NULL,
    type text NOT NULL,
    schema_version integer NOT NULL,
    occurred_at text NOT NULL,
    accepted_at timestamp with time zone NOT NULL,
    partner text,
    deliveries integer NOT NULL,
    data text NOT NULL,
    not_before timestamp with time zone,
    expires_after_ms double precision,
    order_key text COLLATE pg_catalog."C",
    order_no bigint
);
CREATE TABLE postrider.events_default (
    id uuid NOT NULL,
    event_id text NOT NULL,
    type text NOT NULL,
    schema_version integer NOT NULL,
    occurred_at text NOT NULL,
    accepted_at timestamp with time zone NOT NULL,
    partner text,
    deliveries integer NOT NULL,
    data text NOT NULL,
    not_before timestamp with time zone,
    expires_after_ms double precision,
    order_key text COLLATE pg_catalog."C",
    order_no bigint
);
CREATE TABLE postrider.finished_20261123 (
    id uuid NOT NULL,
    event uuid NOT NULL,
    endpoint_no integer NOT NULL,
    partner_no integer NOT NULL,
    state postrider.delivery_state NOT NULL,
    reason postrider.reason NOT NULL,
    attempts_made smallint NOT NULL,
    last_status smallint,
    finished_at timestamp with time zone NOT NULL,
    last_error text
);
CREATE TABLE postrider.finished_20261130 (
    id uuid NOT NULL,
    event uuid NOT NULL,
    endpoint_no integer NOT NULL,
    partner_no integer NOT NULL,
    state postrider.delivery_state NOT NULL,
    reason postrider.reason NOT NULL,
    attempts_made smallint NOT NULL,
    last_status smallint,
    finished_at timestamp with time zone NOT NULL,
    last_error text
);
CREATE TABLE postrider.finished_20261207 (
    id uuid NOT NULL,
    event uuid NOT NULL,
    endpoint_no integer NOT NULL,
    partner_no integer NOT NULL,
    state postrider.delivery_state NOT NULL,
    reason postrider.reason NOT NULL,
    attempts_made smallint NOT NULL,
    last_status smallint,
    finished_at timestamp with time zone NOT NULL,
    last_error text
);
CREATE TABLE postrider.finished_default (
    id uuid NOT NULL,
    event uuid NOT NULL,
    endpoint_no integer NOT NULL,
    partner_no integer NOT NULL,
    state postrider.delivery_state NOT NULL,
    reason postrider.reason NOT NULL,
    attempts_made smallint NOT NULL,
    last_status smallint,
    finished_at timestamp with time zone NOT NULL,
    last_error text
);
CREATE TABLE postrider.order_checks (
    endpoint_no integer NOT NULL,
    order_key text NOT NULL COLLATE pg_catalog."C"
)
WITH (autovacuum_vacuum_scale_factor='0.01', autovacuum_vacuum_threshold='1000', autovacuum_vacuum_cost_delay='0');
CREATE TABLE postrider.partner_runtime (
    partner_no integer NOT NULL,
    fence bigint DEFAULT 0 NOT NULL,
    limiter_cursor_ms double precision DEFAULT 0 NOT NULL,
    holder uuid,
    held_until timestamp with time zone,
    rung_fence bigint
)
WITH (fillfactor='50');
CREATE TABLE postrider.partners (
    partner_no integer NOT NULL,
    id text NOT NULL,
    name text NOT NULL,
    rate_per_second double precision,
    burst integer,
    max_in_flight integer NOT NULL,
    paused boolean DEFAULT false NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    deleted_at timestamp with time zone,
    silent_after_ms double precision
);
ALTER TABLE postrider.partners ALTER COLUMN partner_no ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME postrider.partners_partner_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE postrider.processes (
    id uuid NOT NULL,
    name text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    busy real DEFAULT 0 NOT NULL,
    locked boolean DEFAULT false NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE postrider.replay_items (
    replay uuid NOT NULL,
    endpoint_no integer NOT NULL,
    delivery uuid NOT NULL
);
CREATE TABLE postrider.retention (
    one boolean DEFAULT true NOT NULL,
    removals bigint DEFAULT 0 NOT NULL,
    forgotten bigint DEFAULT 0 NOT NULL,
    reduced_until uuid,
    CONSTRAINT retention_one_check CHECK (one)
);
CREATE TABLE postrider.schema_state (
    one boolean DEFAULT true NOT NULL,
    migration integer NOT NULL,
    routines text NOT NULL,
    CONSTRAINT schema_state_one_check CHECK (one)
);
CREATE TABLE postrider.signing_keys (
    key_no integer NOT NULL,
    partner_no integer NOT NULL,
    scheme text NOT NULL,
    sealed bytea NOT NULL,
    public_key text,
    created_at timestamp with time zone NOT NULL,
    retires_at timestamp with time zone,
    CONSTRAINT signing_keys_scheme_check CHECK ((scheme = ANY (ARRAY['v1'::text, 'v1a'::text])))
);
ALTER TABLE postrider.signing_keys ALTER COLUMN key_no ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME postrider.signing_keys_key_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE postrider.subscriptions (
    endpoint_no integer NOT NULL,
    partner_no integer NOT NULL,
    pattern text NOT NULL
);
ALTER TABLE ONLY postrider.attempts ATTACH PARTITION postrider.attempts_20261123 FOR VALUES FROM ('01a205b3-d000-0000-0000-000000000000') TO ('01a229c0-5400-0000-0000-000000000000');
ALTER TABLE ONLY postrider.attempts ATTACH PARTITION postrider.attempts_20261130 FOR VALUES FROM ('01a229c0-5400-0000-0000-000000000000') TO ('01a24dcc-d800-0000-0000-000000000000');
ALTER TABLE ONLY postrider.attempts ATTACH PARTITION postrider.attempts_20261207 FOR VALUES FROM ('01a24dcc-d800-0000-0000-000000000000') TO ('01a271d9-5c00-0000-0000-000000000000');
ALTER TABLE ONLY postrider.attempts ATTACH PARTITION postrider.attempts_default DEFAULT;
ALTER TABLE ONLY postrider.events ATTACH PARTITION postrider.events_20261123 FOR VALUES FROM ('01a205b3-d000-0000-0000-000000000000') TO ('01a229c0-5400-0000-0000-000000000000');
ALTER TABLE ONLY postrider.events ATTACH PARTITION postrider.events_20261130 FOR VALUES FROM ('01a229c0-5400-0000-0000-000000000000') TO ('01a24dcc-d800-0000-0000-000000000000');
ALTER TABLE ONLY postrider.events ATTACH PARTITION postrider.events_20261207 FOR VALUES FROM ('01a24dcc-d800-0000-0000-000000000000') TO ('01a271d9-5c00-0000-0000-000000000000');
ALTER TABLE ONLY postrider.events ATTACH PARTITION postrider.events_default DEFAULT;
ALTER TABLE ONLY postrider.finished ATTACH PARTITION postrider.finished_20261123 FOR VALUES FROM ('01a205b3-d000-0000-0000-000000000000') TO ('01a229c0-5400-0000-0000-000000000000');
ALTER TABLE ONLY postrider.finished ATTACH PARTITION postrider.finished_20261130 FOR VALUES FROM ('01a229c0-5400-0000-0000-000000000000') TO ('01a24dcc-d800-0000-0000-000000000000');
ALTER TABLE ONLY postrider.finished ATTACH PARTITION postrider.finished_20261207 FOR VALUES FROM ('01a24dcc-d800-0000-0000-000000000000') TO ('01a271d9-5c00-0000-0000-000000000000');
ALTER TABLE ONLY postrider.finished ATTACH PARTITION postrider.finished_default DEFAULT;
INSERT INTO postrider.attempts_20261123 VALUES
	('01a21dbb-fc2e-7000-8015-cf958fc16c75', 1, 200, 1, '2026-11-27 15:59:48.803+00', 10, NULL, NULL),
	('01a21dbb-fc5a-7000-801d-97b78afaaee8', 1, 200, 1, '2026-11-27 15:59:48.84+00', 2, NULL, NULL),
	('01a21dbb-fc5d-7000-8016-63a126a39867', 1, 200, 1, '2026-11-27 15:59:48.841+00', 2, NULL, NULL),
	('01a21dbb-fc35-7000-8016-a94030f57d08', 1, 200, 1, '2026-11-27 15:59:48.848+00', 1, NULL, NULL),
	('01a21dbb-fc57-7000-8017-b83454ef878c', 1, 200, 1, '2026-11-27 15:59:48.851+00', 1, NULL, NULL),
	('01a21dbb-fc65-7000-8014-0a46d2a35bfa', 1, 200, 1, '2026-11-27 15:59:48.87+00', 1, NULL, NULL),
	('01a21dbb-fc82-7000-8012-f58cc4f894ea', 1, 500, 1, '2026-11-27 15:59:48.889+00', 3, 'status 500', NULL),
	('01a21dbb-fc8c-7000-8018-5440f580fcf2', 1, 500, 1, '2026-11-27 15:59:48.889+00', 3, 'status 500', NULL),
	('01a21dbb-fc91-7000-8013-168b7beff049', 1, 500, 1, '2026-11-27 15:59:48.893+00', 4, 'status 500', NULL),
	('01a21dbb-fc82-7000-8012-f58cc4f894ea', 2, 500, 1, '2026-11-27 15:59:48.908+00', 0, 'status 500', NULL),
	('01a21dbb-fc8c-7000-8018-5440f580fcf2', 2, 500, 1, '2026-11-27 15:59:48.909+00', 1, 'status 500', NULL),
	('01a21dbb-fc9d-7000-8017-5e1caae0178c', 1, 500, 1, '2026-11-27 15:59:48.918+00', 1, 'status 500', NULL),
	('01a21dbb-fca4-7000-8015-0114c062ba5e', 1, 500, 1, '2026-11-27 15:59:48.918+00', 1, 'status 500', NULL),
	('01a21dbb-fca8-7000-8013-635f36b14dad', 1, 500, 1, '2026-11-27 15:59:48.919+00', 0, 'status 500', NULL),
	('01a21dbb-fc91-7000-8013-168b7beff049', 2, 500, 1, '2026-11-27 15:59:48.925+00', 0, 'status 500', NULL),
	('01a21dbb-fc82-7000-8012-f58cc4f894ea', 3, 500, 1, '2026-11-27 15:59:48.967+00', 3, 'status 500', NULL),
	('01a21dbb-fc8c-7000-8018-5440f580fcf2', 3, 500, 1, '2026-11-27 15:59:48.97+00', 4, 'status 500', NULL),
	('01a21dbb-fc91-7000-8013-168b7beff049', 3, 500, 1, '2026-11-27 15:59:48.974+00', 2, 'status 500', NULL),
	('01a21dbb-fc82-7000-8012-f58cc4f894ea', 4, 500, 1, '2026-11-27 15:59:48.983+00', 1, 'status 500', NULL);
INSERT INTO postrider.circuits VALUES
	(3, 3, 0, 'open', 1795795188984, 1795795188984, 1795795188892, 10, 5000, 1795795192068, NULL, 0);
INSERT INTO postrider.endpoints OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 'main', '{"url":"http://127.0.0.1:45991/good","method":"POST","events":["*"],"headers":{},"body":{"id":"{event_id}","amount":"{data.amount}"},"retry":{"schedule":["5s","1m","5m","30m","2h","6h","12h","24h","24h"],"client_error_schedule":["5m","1h","6h"],"jitter":"full","expires_after":"80h","retry_after_max":"24h"},"timeout":"10s","enabled":true,"signing":["v1"],"order":null,"breaker":{"consecutive_failures":10,"failure_ratio":0.5,"window":"60s","minimum":20,"first_wait":"5s","longest_wait":"10m"},"disable_after":"5d"}', 1, true, NULL, NULL, NULL, '2026-11-27 15:59:48.677+00', '2026-11-27 15:59:48.677+00', NULL, NULL, 0),
	(2, 2, 'main', '{"url":"http://127.0.0.1:45991/get?id={event_id}&amount={data.amount}","method":"GET","events":["*"],"headers":{},"retry":{"schedule":["5s","1m","5m","30m","2h","6h","12h","24h","24h"],"client_error_schedule":["5m","1h","6h"],"jitter":"full","expires_after":"80h","retry_after_max":"24h"},"timeout":"10s","enabled":true,"signing":["v1"],"order":null,"breaker":{"consecutive_failures":10,"failure_ratio":0.5,"window":"60s","minimum":20,"first_wait":"5s","longest_wait":"10m"},"disable_after":"5d","body":"none"}', 1, true, NULL, NULL, NULL, '2026-11-27 15:59:48.706+00', '2026-11-27 15:59:48.706+00', NULL, NULL, 0),
	(4, 4, 'main', '{"url":"http://127.0.0.1:45991/down/waiting","method":"POST","events":["*"],"headers":{},"retry":{"schedule":["30m"],"client_error_schedule":["5m","1h","6h"],"jitter":"none","expires_after":"80h","retry_after_max":"24h"},"timeout":"10s","enabled":true,"signing":["v1"],"order":null,"breaker":{"consecutive_failures":10,"failure_ratio":0.5,"window":"60s","minimum":20,"first_wait":"5s","longest_wait":"10m"},"disable_after":"5d","body":"envelope"}', 1, true, NULL, NULL, NULL, '2026-11-27 15:59:48.744+00', '2026-11-27 15:59:48.744+00', NULL, NULL, 0),
	(5, 5, 'main', '{"url":"http://127.0.0.1:45991/paused","method":"POST","events":["*"],"headers":{},"retry":{"schedule":["5s","1m","5m","30m","2h","6h","12h","24h","24h"],"client_error_schedule":["5m","1h","6h"],"jitter":"full","expires_after":"80h","retry_after_max":"24h"},"timeout":"10s","enabled":true,"signing":["v1"],"order":null,"breaker":{"consecutive_failures":10,"failure_ratio":0.5,"window":"60s","minimum":20,"first_wait":"5s","longest_wait":"10m"},"disable_after":"5d","body":"envelope"}', 1, true, NULL, NULL, NULL, '2026-11-27 15:59:48.756+00', '2026-11-27 15:59:48.756+00', NULL, NULL, 0),
	(3, 3, 'main', '{"url":"http://127.0.0.1:45991/down/buried","method":"POST","events":["*"],"headers":{},"retry":{"schedule":["10ms"],"client_error_schedule":["5m","1h","6h"],"jitter":"none","expires_after":"80h","retry_after_max":"24h"},"timeout":"10s","enabled":true,"signing":["v1"],"order":null,"breaker":{"consecutive_failures":10,"failure_ratio":0.5,"window":"60s","minimum":20,"first_wait":"5s","longest_wait":"10m"},"disable_after":"5d","body":"envelope"}', 1, true, NULL, '2026-11-27 15:59:52.068+00', 'Its circuit is open, since it keeps failing (status 500): held until the next probe.', '2026-11-27 15:59:48.735+00', '2026-11-27 15:59:48.735+00', NULL, NULL, 0);
INSERT INTO postrider.event_keys VALUES
	('good-0', '01a21dbb-fc2e-7000-8015-cf958fc16c75'),
	('good-1', '01a21dbb-fc35-7000-8016-a94030f57d08'),
	('good-2', '01a21dbb-fc57-7000-8017-b83454ef878c'),
	('get-0', '01a21dbb-fc5a-7000-801d-97b78afaaee8'),
	('get-1', '01a21dbb-fc5d-7000-8016-63a126a39867'),
	('get-2', '01a21dbb-fc65-7000-8014-0a46d2a35bfa'),
	('buried-0', '01a21dbb-fc82-7000-8012-f58cc4f894ea'),
	('buried-1', '01a21dbb-fc8c-7000-8018-5440f580fcf2'),
	('buried-2', '01a21dbb-fc91-7000-8013-168b7beff049'),
	('waiting-0', '01a21dbb-fc9d-7000-8017-5e1caae0178c'),
	('waiting-1', '01a21dbb-fca4-7000-8015-0114c062ba5e'),
	('waiting-2', '01a21dbb-fca8-7000-8013-635f36b14dad'),
	('paused-0', '01a21dbb-fcaf-7000-8011-6c731b1be0b1'),
	('paused-1', '01a21dbb-fcb3-7000-8012-12a3b932b243'),
	('paused-2', '01a21dbb-fcba-7000-801c-1e217e86ad35'),
	('good-later', '01a21dbb-fd09-7000-8018-b780f6e42675'),
	('paused-first', '01a21dbb-fd0e-7000-8013-753ad033c30e'),
	('paused-second', '01a21dbb-fd11-7000-801b-b6423cd57b91');
INSERT INTO postrider.events_20261123 VALUES
	('01a21dbb-fc2e-7000-8015-cf958fc16c75', 'good-0', 'conversion.approved', 1, '2026-01-31T10:00:00Z', '2026-11-27 15:59:48.782+00', 'good', 1, '{"click_id":"click good-0","amount":12.5,"note":"Zoë 東京 ''quoted'' \\"}', NULL, NULL, NULL, NULL),
	('01a21dbb-fc35-7000-8016-a94030f57d08', 'good-1', 'conversion.approved', 1, '2026-01-31T10:00:00Z', '2026-11-27 15:59:48.789+00', 'good', 1, '{"click_id":"click good-1","amount":12.5,"note":"Zoë 東京 ''quoted'' \\"}', NULL, NULL, NULL, NULL),
	('01a21dbb-fc57-7000-8017-b83454ef878c', 'good-2', 'conversion.approved', 1, '2026-01-31T10:00:00Z', '2026-11-27 15:59:48.823+00', 'good', 1, '{"click_id":"click good-2","amount":12.5,"note":"Zoë 東京 ''quoted'' \\"}', NULL, NULL, NULL, NULL),
	('01a21dbb-fc5a-7000-801d-97b78afaaee8', 'get-0', 'conversion.approved', 1, '2026-01-31T10:00:00Z', '2026-11-27 15:59:48.826+00', 'get', 1, '{"click_id":"click get-0","amount":12.5,"note":"Zoë 東京 ''quoted'' \\"}', NULL, NULL, NULL, NULL),
	('01a21dbb-fc5d-7000-8016-63a126a39867', 'get-1', 'conversion.approved', 1, '2026-01-31T10:00:00Z', '2026-11-27 15:59:48.829+00', 'get', 1, '{"click_id":"click get-1","amount":12.5,"note":"Zoë 東京 ''quoted'' \\"}', NULL, NULL, NULL, NULL),
	('01a21dbb-fc65-7000-8014-0a46d2a35bfa', 'get-2', 'conversion.approved', 1, '2026-01-31T10:00:00Z', '2026-11-27 15:59:48.837+00', 'get', 1, '{"click_id":"click get-2","amount":12.5,"note":"Zoë 東京 ''quoted'' \\"}', NULL, NULL, NULL, NULL),
	('01a21dbb-fc82-7000-8012-f58cc4f894ea', 'buried-0', 'conversion.approved', 1, '2026-01-31T10:00:00Z', '2026-11-27 15:59:48.866+00', 'buried', 1, '{"click_id":"click buried-0","amount":12.5,"note":"Zoë 東京 ''quoted'' \\"}', NULL, NULL, NULL, NULL),
	('01a21dbb-fc8c-7000-8018-5440f580fcf2', 'buried-1', 'conversion.approved', 1, '2026-01-31T10:00:00Z', '2026-11-27 15:59:48.876+00', 'buried', 1, '{"click_id":"click buried-1","amount":12.5,"note":"Zoë 東京 ''quoted'' \\"}', NULL, NULL, NULL, NULL),
	('01a21dbb-fc91-7000-8013-168b7beff049', 'buried-2', 'conversion.approved', 1, '2026-01-31T10:00:00Z', '2026-11-27 15:59:48.881+00', 'buried', 1, '{"click_id":"click buried-2","amount":12.5,"note":"Zoë 東京 ''quoted'' \\"}', NULL, NULL, NULL, NULL),
	('01a21dbb-fc9d-7000-8017-5e1caae0178c', 'waiting-0', 'conversion.approved', 1, '2026-01-31T10:00:00Z', '2026-11-27 15:59:48.893+00', 'waiting', 1, '{"click_id":"click waiting-0","amount":12.5,"note":"Zoë 東京 ''quoted'' \\"}', NULL, NULL, NULL, NULL),
	('01a21dbb-fca4-7000-8015-0114c062ba5e', 'waiting-1', 'conversion.approved', 1, '2026-01-31T10:00:00Z', '2026-11-27 15:59:48.9+00', 'waiting', 1, '{"click_id":"click waiting-1","amount":12.5,"note":"Zoë 東京 ''quoted'' \\"}', NULL, NULL, NULL, NULL),
	('01a21dbb-fca8-7000-8013-635f36b14dad', 'waiting-2', 'conversion.approved', 1, '2026-01-31T10:00:00Z', '2026-11-27 15:59:48.904+00', 'waiting', 1, '{"click_id":"click waiting-2","amount":12.5,"note":"Zoë 東京 ''quoted'' \\"}', NULL, NULL, NULL, NULL),
	('01a21dbb-fcaf-7000-8011-6c731b1be0b1', 'paused-0', 'conversion.approved', 1, '2026-01-31T10:00:00Z', '2026-11-27 15:59:48.911+00', 'paused', 1, '{"click_id":"click paused-0","amount":12.5,"note":"Zoë 東京 ''quoted'' \\"}', NULL, NULL, NULL, NULL),
	('01a21dbb-fcb3-7000-8012-12a3b932b243', 'paused-1', 'conversion.approved', 1, '2026-01-31T10:00:00Z', '2026-11-27 15:59:48.915+00', 'paused', 1, '{"click_id":"click paused-1","amount":12.5,"note":"Zoë 東京 ''quoted'' \\"}', NULL, NULL, NULL, NULL),
	('01a21dbb-fcba-7000-801c-1e217e86ad35', 'paused-2', 'conversion.approved', 1, '2026-01-31T10:00:00Z', '2026-11-27 15:59:48.922+00', 'paused', 1, '{"click_id":"click paused-2","amount":12.5,"note":"Zoë 東京 ''quoted'' \\"}', NULL, NULL, NULL, NULL),
	('01a21dbb-fd09-7000-8018-b780f6e42675', 'good-later', 'conversion.approved', 1, '2026-01-31T10:00:00Z', '2026-11-27 15:59:49.001+00', 'good', 1, '{"click_id":"click good-later","amount":12.5,"note":"Zoë 東京 ''quoted'' \\"}', '2026-11-27 16:09:49.001+00', NULL, NULL, NULL),
	('01a21dbb-fd0e-7000-8013-753ad033c30e', 'paused-first', 'conversion.approved', 1, '2026-01-31T10:00:00Z', '2026-11-27 15:59:49.006+00', 'paused', 1, '{"click_id":"click paused-first","amount":12.5,"note":"Zoë 東京 ''quoted'' \\"}', NULL, NULL, 'o', 1),
	('01a21dbb-fd11-7000-801b-b6423cd57b91', 'paused-second', 'conversion.approved', 1, '2026-01-31T10:00:00Z', '2026-11-27 15:59:49.009+00', 'paused', 1, '{"click_id":"click paused-second","amount":12.5,"note":"Zoë 東京 ''quoted'' \\"}', NULL, NULL, 'o', 2);
INSERT INTO postrider.finished_20261123 VALUES
	('01a21dbb-fc2e-7000-8015-cf958fc16c75', '01a21dbb-fc2e-7000-8015-cf958fc16c75', 1, 1, 'delivered', 'accepted_by_partner', 1, 200, '2026-11-27 15:59:48.814+00', NULL),
	('01a21dbb-fc5a-7000-801d-97b78afaaee8', '01a21dbb-fc5a-7000-801d-97b78afaaee8', 2, 2, 'delivered', 'accepted_by_partner', 1, 200, '2026-11-27 15:59:48.843+00', NULL),
	('01a21dbb-fc5d-7000-8016-63a126a39867', '01a21dbb-fc5d-7000-8016-63a126a39867', 2, 2, 'delivered', 'accepted_by_partner', 1, 200, '2026-11-27 15:59:48.843+00', NULL),
	('01a21dbb-fc35-7000-8016-a94030f57d08', '01a21dbb-fc35-7000-8016-a94030f57d08', 1, 1, 'delivered', 'accepted_by_partner', 1, 200, '2026-11-27 15:59:48.849+00', NULL),
	('01a21dbb-fc57-7000-8017-b83454ef878c', '01a21dbb-fc57-7000-8017-b83454ef878c', 1, 1, 'delivered', 'accepted_by_partner', 1, 200, '2026-11-27 15:59:48.852+00', NULL),
	('01a21dbb-fc65-7000-8014-0a46d2a35bfa', '01a21dbb-fc65-7000-8014-0a46d2a35bfa', 2, 2, 'delivered', 'accepted_by_partner', 1, 200, '2026-11-27 15:59:48.871+00', NULL),
	('01a21dbb-fc82-7000-8012-f58cc4f894ea', '01a21dbb-fc82-7000-8012-f58cc4f894ea', 3, 3, 'dead', 'retries_exhausted', 4, 500, '2026-11-27 15:59:48.984+00', 'status 500');
INSERT INTO postrider.partner_runtime VALUES
	(1, 1, 1795795189803, '0f4a6c45-9fcb-4b30-ade1-5d6bd8f66457', '2026-11-27 15:59:53.791343+00', NULL),
	(2, 1, 1795795189840, '0f4a6c45-9fcb-4b30-ade1-5d6bd8f66457', '2026-11-27 15:59:53.832965+00', NULL),
	(3, 1, 1795795189883, '0f4a6c45-9fcb-4b30-ade1-5d6bd8f66457', '2026-11-27 15:59:53.873064+00', NULL),
	(4, 1, 1795795189911, '0f4a6c45-9fcb-4b30-ade1-5d6bd8f66457', '2026-11-27 15:59:53.901989+00', NULL),
	(5, 3, 0, NULL, NULL, NULL);
INSERT INTO postrider.partners OVERRIDING SYSTEM VALUE VALUES
	(3, 'buried', 'Partner buried', 200, NULL, 16, false, 2, '2026-11-27 15:59:48.728+00', '2026-11-27 15:59:48.728+00', NULL, NULL),
	(4, 'waiting', 'Partner waiting', 200, NULL, 16, false, 2, '2026-11-27 15:59:48.741+00', '2026-11-27 15:59:48.741+00', NULL, NULL),
	(1, 'good', 'Partner good', 200, NULL, 16, false, 3, '2026-11-27 15:59:48.636+00', '2026-11-27 15:59:48.636+00', NULL, NULL),
	(2, 'get', 'Partner get', 200, NULL, 16, false, 3, '2026-11-27 15:59:48.697+00', '2026-11-27 15:59:48.697+00', NULL, NULL),
	(5, 'paused', 'Partner paused', 200, NULL, 16, true, 3, '2026-11-27 15:59:48.751+00', '2026-11-27 15:59:48.778+00', NULL, NULL);
INSERT INTO postrider.pending VALUES
	('01a21dbb-fcaf-7000-8011-6c731b1be0b1', '01a21dbb-fcaf-7000-8011-6c731b1be0b1', 5, 5, 0, 0, 0, 0, NULL, '2026-11-27 15:59:48.911+00', '2026-11-27 15:59:48.911+00', NULL, NULL, NULL, NULL, NULL),
	('01a21dbb-fcb3-7000-8012-12a3b932b243', '01a21dbb-fcb3-7000-8012-12a3b932b243', 5, 5, 0, 0, 0, 0, NULL, '2026-11-27 15:59:48.915+00', '2026-11-27 15:59:48.915+00', NULL, NULL, NULL, NULL, NULL),
	('01a21dbb-fcba-7000-801c-1e217e86ad35', '01a21dbb-fcba-7000-801c-1e217e86ad35', 5, 5, 0, 0, 0, 0, NULL, '2026-11-27 15:59:48.922+00', '2026-11-27 15:59:48.922+00', NULL, NULL, NULL, NULL, NULL),
	('01a21dbb-fc9d-7000-8017-5e1caae0178c', '01a21dbb-fc9d-7000-8017-5e1caae0178c', 4, 4, 1, 1, 0, 0, 500, '2026-11-27 16:29:48.919+00', '2026-11-27 15:59:48.893+00', NULL, 'status 500', NULL, NULL, NULL),
	('01a21dbb-fca4-7000-8015-0114c062ba5e', '01a21dbb-fca4-7000-8015-0114c062ba5e', 4, 4, 1, 1, 0, 0, 500, '2026-11-27 16:29:48.919+00', '2026-11-27 15:59:48.9+00', NULL, 'status 500', NULL, NULL, NULL),
	('01a21dbb-fca8-7000-8013-635f36b14dad', '01a21dbb-fca8-7000-8013-635f36b14dad', 4, 4, 1, 1, 0, 0, 500, '2026-11-27 16:29:48.919+00', '2026-11-27 15:59:48.904+00', NULL, 'status 500', NULL, NULL, NULL),
	('01a21dbb-fc8c-7000-8018-5440f580fcf2', '01a21dbb-fc8c-7000-8018-5440f580fcf2', 3, 3, 2, 3, 0, 2, 500, '2026-11-27 15:59:48.984+00', '2026-11-27 15:59:48.956+00', '01a21dbb-fcd7-7000-8006-66aae7b77b95', 'status 500', NULL, NULL, NULL),
	('01a21dbb-fc91-7000-8013-168b7beff049', '01a21dbb-fc91-7000-8013-168b7beff049', 3, 3, 2, 3, 0, 2, 500, '2026-11-27 15:59:48.986+00', '2026-11-27 15:59:48.956+00', '01a21dbb-fcd7-7000-8006-66aae7b77b95', 'status 500', NULL, NULL, NULL),
	('01a21dbb-fd09-7000-8018-b780f6e42675', '01a21dbb-fd09-7000-8018-b780f6e42675', 1, 1, 0, 0, 0, 0, NULL, '2026-11-27 16:09:49.001+00', '2026-11-27 16:09:49.001+00', NULL, NULL, NULL, NULL, NULL),
	('01a21dbb-fd0e-7000-8013-753ad033c30e', '01a21dbb-fd0e-7000-8013-753ad033c30e', 5, 5, 0, 0, 0, 0, NULL, '2026-11-27 15:59:49.006+00', '2026-11-27 15:59:49.006+00', NULL, NULL, NULL, NULL, NULL),
	('01a21dbb-fd11-7000-801b-b6423cd57b91', '01a21dbb-fd11-7000-801b-b6423cd57b91', 5, 5, 0, 0, 0, 0, NULL, '2026-11-27 15:59:49.009+00', '2026-11-27 15:59:49.009+00', NULL, NULL, NULL, NULL, NULL);
INSERT INTO postrider.processes VALUES
	('0f4a6c45-9fcb-4b30-ade1-5d6bd8f66457', 'vm:23715', '2026-11-27 15:59:48.612163+00', '2026-11-27 15:59:48.958162+00', 0.56451786, true);
INSERT INTO postrider.replays VALUES
	('01a21dbb-fcd7-7000-8006-66aae7b77b95', 'done', '{"partner":"buried"}', NULL, 'key:7e0262c9d455', '2026-11-27 15:59:48.951+00', '2026-11-27 15:59:48.956+00', 3, 3, 0, 1795795188951);
INSERT INTO postrider.retention VALUES
	(true, 0, 0, NULL);
INSERT INTO postrider.schema_state VALUES
	(true, 6, '058392004ce3331fe7f4e21ad7745c8241ab3f336137f1e88044a49f8a753cdf');
INSERT INTO postrider.signing_keys OVERRIDING SYSTEM VALUE VALUES
	(2, 2, 'v1', '\x014bb06f8eefb9ed8b8928d8e29a4aa2719d5bd3090e097c030287580e7597667198826679a53e34e6f67b52f08e9978675c869890db4e80975dd86039a2c1402bd1ada81a2ea88e4c4d6017ed762dd7cad75f', NULL, '2026-11-27 15:59:48.697+00', NULL),
	(3, 3, 'v1', '\x014bb06f8e479f628346161146cb51546944e927d511bb44f5be66db55fa236ef6b03ffeaf66ec98922f5e60a7aa555737aa2add716f2da3f394acf7906be0c8beefb93d00b4c0ee9d9f87bfb8cac8f4389729', NULL, '2026-11-27 15:59:48.728+00', NULL),
	(4, 4, 'v1', '\x014bb06f8e68ec31bd7b5ac35b7ec72cb457e5257f93efb26ea5d4d0025261c766700b7b03bfa836fd085b2c38a8669a803be2bda65308595ae924ab817c5012eec4f75635cfc24060faa93d7847c967b1aa06', NULL, '2026-11-27 15:59:48.741+00', NULL),
	(5, 5, 'v1', '\x014bb06f8e978df1ed0b55468d929222ea042ca63ef2bc0c0db79e765558e0bd6250c3ec4f807a1972d37e8d7f7066b81d9c8881478290a64f0ec60bdc94fda93a326123f4c2b89b6d2204188755b208d255cd', NULL, '2026-11-27 15:59:48.751+00', NULL),
	(6, 1, 'v1', '\x014bb06f8ed96096c58a060a7d5e40fa81eeb842535d8c009633ee81f6df0c25b04656ec34ec01d11d15f86bf1fd52da3ffe9b1fae091cacd38d1b2f315c9a4bce199fc10cdf6a628295866e985fad1a8360d2', NULL, '2026-11-27 15:59:48.76+00', NULL),
	(1, 1, 'v1', '\x014bb06f8eea0cdf3e554582010e11ea452474fb8a02c10ef73ca4801499eb9b8725aad611e06ade250aad28cfcc48e79b219e6e737025b686b1f1b00525b59bdece0e9c0654dbff6ca5fd5a3c1f2f75dc9d2b', NULL, '2026-11-27 15:59:48.636+00', '2026-11-27 16:59:48.76+00'),
	(7, 2, 'v1a', '\x014bb06f8e36cf5fb216bbba96f9f47a64c9c585be49bb1358e72a526b292a8c3798c5338b62f116f1f7ca0cb82ee73c427b061adc925241f10c874da13ed87f52d8b09f4f0c2d2d9c4ffff8e53de8708a3094e271a8c3caa5549db35e1447240ff85a32a93ec6fc563bb0ad9904f5adc18c9d48af9d05f8fc31e7ef93b4', 'whpk_wrODay352SvRdj/BSmeVtWw8LCy04LdD32MYrVEnQ28=', '2026-11-27 15:59:48.767+00', NULL);
INSERT INTO postrider.subscriptions VALUES
	(1, 1, '*'),
	(2, 2, '*'),
	(3, 3, '*'),
	(4, 4, '*'),
	(5, 5, '*');
SELECT pg_catalog.setval('postrider.endpoints_endpoint_no_seq', 5, true);
SELECT pg_catalog.setval('postrider.event_order', 2, true);
SELECT pg_catalog.setval('postrider.partners_partner_no_seq', 5, true);
SELECT pg_catalog.setval('postrider.signing_keys_key_no_seq', 7, true);
ALTER TABLE ONLY postrider.circuits
    ADD CONSTRAINT circuits_pkey PRIMARY KEY (endpoint_no);
ALTER TABLE ONLY postrider.endpoints
    ADD CONSTRAINT endpoints_pkey PRIMARY KEY (endpoint_no);
ALTER TABLE ONLY postrider.event_keys
    ADD CONSTRAINT event_keys_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY postrider.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY postrider.events_20261123
    ADD CONSTRAINT events_20261123_pkey PRIMARY KEY (id);
ALTER TABLE ONLY postrider.events_20261130
    ADD CONSTRAINT events_20261130_pkey PRIMARY KEY (id);
ALTER TABLE ONLY postrider.events_20261207
    ADD CONSTRAINT events_20261207_pkey PRIMARY KEY (id);
ALTER TABLE ONLY postrider.events_default
    ADD CONSTRAINT events_default_pkey PRIMARY KEY (id);
ALTER TABLE ONLY postrider.finished
    ADD CONSTRAINT finished_pkey PRIMARY KEY (id);
ALTER TABLE ONLY postrider.finished_20261123
    ADD CONSTRAINT finished_20261123_pkey PRIMARY KEY (id);
ALTER TABLE ONLY postrider.finished_20261130
    ADD CONSTRAINT finished_20261130_pkey PRIMARY KEY (id);
ALTER TABLE ONLY postrider.finished_20261207
    ADD CONSTRAINT finished_20261207_pkey PRIMARY KEY (id);
ALTER TABLE ONLY postrider.finished_default
    ADD CONSTRAINT finished_default_pkey PRIMARY KEY (id);
ALTER TABLE ONLY postrider.partner_runtime
    ADD CONSTRAINT partner_runtime_pkey PRIMARY KEY (partner_no);
ALTER TABLE ONLY postrider.partners
    ADD CONSTRAINT partners_pkey PRIMARY KEY (partner_no);
ALTER TABLE ONLY postrider.pending
    ADD CONSTRAINT pending_pkey PRIMARY KEY (id);
ALTER TABLE ONLY postrider.processes
    ADD CONSTRAINT processes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY postrider.replay_items
    ADD CONSTRAINT replay_items_pkey PRIMARY KEY (replay, endpoint_no, delivery);
ALTER TABLE ONLY postrider.replays
    ADD CONSTRAINT replays_pkey PRIMARY KEY (id);
ALTER TABLE ONLY postrider.retention
    ADD CONSTRAINT retention_pkey PRIMARY KEY (one);
ALTER TABLE ONLY postrider.schema_state
    ADD CONSTRAINT schema_state_pkey PRIMARY KEY (one);
ALTER TABLE ONLY postrider.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (key_no);
ALTER TABLE ONLY postrider.subscriptions
    ADD CONSTRAINT subscriptions_pkey PRIMARY KEY (endpoint_no, pattern);
CREATE INDEX attempts_delivery ON ONLY postrider.attempts USING btree (delivery);
CREATE INDEX attempts_20261123_delivery_idx ON postrider.attempts_20261123 USING btree (delivery);
CREATE INDEX attempts_20261130_delivery_idx ON postrider.attempts_20261130 USING btree (delivery);
CREATE INDEX attempts_20261207_delivery_idx ON postrider.attempts_20261207 USING btree (delivery);
CREATE INDEX attempts_default_delivery_idx ON postrider.attempts_default USING btree (delivery);
CREATE INDEX circuits_partner ON postrider.circuits USING btree (partner_no);
CREATE UNIQUE INDEX endpoints_id ON postrider.endpoints USING btree (partner_no, id) WHERE (deleted_at IS NULL);
CREATE INDEX events_type ON ONLY postrider.events USING btree (type, id);
CREATE INDEX events_20261123_type_id_idx ON postrider.events_20261123 USING btree (type, id);
CREATE INDEX events_20261130_type_id_idx ON postrider.events_20261130 USING btree (type, id);
CREATE INDEX events_20261207_type_id_idx ON postrider.events_20261207 USING btree (type, id);
CREATE INDEX events_default_type_id_idx ON postrider.events_default USING btree (type, id);
CREATE INDEX finished_endpoint ON ONLY postrider.finished USING btree (endpoint_no, id);
CREATE INDEX finished_20261123_endpoint_no_id_idx ON postrider.finished_20261123 USING btree (endpoint_no, id);
CREATE INDEX finished_endpoint_undelivered ON ONLY postrider.finished USING btree (endpoint_no, id) WHERE (state <> 'delivered'::postrider.delivery_state);
CREATE INDEX finished_20261123_endpoint_no_id_idx1 ON postrider.finished_20261123 USING btree (endpoint_no, id) WHERE (state <> 'delivered'::postrider.delivery_state);
CREATE INDEX finished_undelivered ON ONLY postrider.finished USING btree (id) WHERE (state <> 'delivered'::postrider.delivery_state);
CREATE INDEX finished_20261123_id_idx ON postrider.finished_20261123 USING btree (id) WHERE (state <> 'delivered'::postrider.delivery_state);
CREATE INDEX finished_20261130_endpoint_no_id_idx ON postrider.finished_20261130 USING btree (endpoint_no, id);
CREATE INDEX finished_20261130_endpoint_no_id_idx1 ON postrider.finished_20261130 USING btree (endpoint_no, id) WHERE (state <> 'delivered'::postrider.delivery_state);
CREATE INDEX finished_20261130_id_idx ON postrider.finished_20261130 USING btree (id) WHERE (state <> 'delivered'::postrider.delivery_state);
CREATE INDEX finished_20261207_endpoint_no_id_idx ON postrider.finished_20261207 USING btree (endpoint_no, id);
CREATE INDEX finished_20261207_endpoint_no_id_idx1 ON postrider.finished_20261207 USING btree (endpoint_no, id) WHERE (state <> 'delivered'::postrider.delivery_state);
CREATE INDEX finished_20261207_id_idx ON postrider.finished_20261207 USING btree (id) WHERE (state <> 'delivered'::postrider.delivery_state);
CREATE INDEX finished_default_endpoint_no_id_idx ON postrider.finished_default USING btree (endpoint_no, id);
CREATE INDEX finished_default_endpoint_no_id_idx1 ON postrider.finished_default USING btree (endpoint_no, id) WHERE (state <> 'delivered'::postrider.delivery_state);
CREATE INDEX finished_default_id_idx ON postrider.finished_default USING btree (id) WHERE (state <> 'delivered'::postrider.delivery_state);
CREATE UNIQUE INDEX partners_id ON postrider.partners USING btree (id) WHERE (deleted_at IS NULL);
CREATE INDEX partners_silent ON postrider.partners USING btree (partner_no) WHERE (silent_after_ms IS NOT NULL);
CREATE INDEX pending_due ON postrider.pending USING btree (endpoint_no, lane, due_at, id);
CREATE INDEX pending_order ON postrider.pending USING btree (endpoint_no, order_key, order_no) WHERE (order_key IS NOT NULL);
CREATE INDEX pending_replay ON postrider.pending USING btree (replay, endpoint_no) WHERE (replay IS NOT NULL);
CREATE INDEX replays_running ON postrider.replays USING btree (created_at) WHERE (state = 'running'::text);
CREATE INDEX signing_keys_partner ON postrider.signing_keys USING btree (partner_no);
CREATE INDEX subscriptions_pattern ON postrider.subscriptions USING btree (pattern, partner_no, endpoint_no);
ALTER INDEX postrider.attempts_delivery ATTACH PARTITION postrider.attempts_20261123_delivery_idx;
ALTER INDEX postrider.attempts_delivery ATTACH PARTITION postrider.attempts_20261130_delivery_idx;
ALTER INDEX postrider.attempts_delivery ATTACH PARTITION postrider.attempts_20261207_delivery_idx;
ALTER INDEX postrider.attempts_delivery ATTACH PARTITION postrider.attempts_default_delivery_idx;
ALTER INDEX postrider.events_pkey ATTACH PARTITION postrider.events_20261123_pkey;
ALTER INDEX postrider.events_type ATTACH PARTITION postrider.events_20261123_type_id_idx;
ALTER INDEX postrider.events_pkey ATTACH PARTITION postrider.events_20261130_pkey;
ALTER INDEX postrider.events_type ATTACH PARTITION postrider.events_20261130_type_id_idx;
ALTER INDEX postrider.events_pkey ATTACH PARTITION postrider.events_20261207_pkey;
ALTER INDEX postrider.events_type ATTACH PARTITION postrider.events_20261207_type_id_idx;
ALTER INDEX postrider.events_pkey ATTACH PARTITION postrider.events_default_pkey;
ALTER INDEX postrider.events_type ATTACH PARTITION postrider.events_default_type_id_idx;
ALTER INDEX postrider.finished_endpoint ATTACH PARTITION postrider.finished_20261123_endpoint_no_id_idx;
ALTER INDEX postrider.finished_endpoint_undelivered ATTACH PARTITION postrider.finished_20261123_endpoint_no_id_idx1;
ALTER INDEX postrider.finished_undelivered ATTACH PARTITION postrider.finished_20261123_id_idx;
ALTER INDEX postrider.finished_pkey ATTACH PARTITION postrider.finished_20261123_pkey;
ALTER INDEX postrider.finished_endpoint ATTACH PARTITION postrider.finished_20261130_endpoint_no_id_idx;
ALTER INDEX postrider.finished_endpoint_undelivered ATTACH PARTITION postrider.finished_20261130_endpoint_no_id_idx1;
ALTER INDEX postrider.finished_undelivered ATTACH PARTITION postrider.finished_20261130_id_idx;
ALTER INDEX postrider.finished_pkey ATTACH PARTITION postrider.finished_20261130_pkey;
ALTER INDEX postrider.finished_endpoint ATTACH PARTITION postrider.finished_20261207_endpoint_no_id_idx;
ALTER INDEX postrider.finished_endpoint_undelivered ATTACH PARTITION postrider.finished_20261207_endpoint_no_id_idx1;
ALTER INDEX postrider.finished_undelivered ATTACH PARTITION postrider.finished_20261207_id_idx;
ALTER INDEX postrider.finished_pkey ATTACH PARTITION postrider.finished_20261207_pkey;
ALTER INDEX postrider.finished_endpoint ATTACH PARTITION postrider.finished_default_endpoint_no_id_idx;
ALTER INDEX postrider.finished_endpoint_undelivered ATTACH PARTITION postrider.finished_default_endpoint_no_id_idx1;
ALTER INDEX postrider.finished_undelivered ATTACH PARTITION postrider.finished_default_id_idx;
ALTER INDEX postrider.finished_pkey ATTACH PARTITION postrider.finished_default_pkey;
ALTER TABLE ONLY postrider.endpoints
    ADD CONSTRAINT endpoints_partner_no_fkey FOREIGN KEY (partner_no) REFERENCES postrider.partners(partner_no);
ALTER TABLE ONLY postrider.partner_runtime
    ADD CONSTRAINT partner_runtime_partner_no_fkey FOREIGN KEY (partner_no) REFERENCES postrider.partners(partner_no);
ALTER TABLE ONLY postrider.signing_keys
    ADD CONSTRAINT signing_keys_partner_no_fkey FOREIGN KEY (partner_no) REFERENCES postrider.partners(partner_no);
ALTER TABLE ONLY postrider.subscriptions
    ADD CONSTRAINT subscriptions_endpoint_no_fkey FOREIGN KEY (endpoint_no) REFERENCES postrider.endpoints(endpoint_no);
