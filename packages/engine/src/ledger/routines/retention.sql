-- Retention. What was delivered is kept for one time, what was not for a longer one. A week whose ordinary time is over
-- is reduced to what was not delivered; at the end of the longer time the rest is dropped. Nothing of a delivery that
-- waits is ever taken away.

-- past_weeks: the weeks that ended before p_before, oldest first. `suffix` is '_undelivered' where a week is reduced.
create or replace function postrider.past_weeks(p_before timestamptz)
returns table (week text, suffix text, first_id uuid, end_id uuid)
language sql stable as $$
  select substr(c.relname, 8, 8), substr(c.relname, 16), postrider.id_floor(w.at), postrider.id_floor(w.at + interval '7 days')
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
   cross join lateral (select to_date(substr(c.relname, 8, 8), 'YYYYMMDD')::timestamp at time zone 'UTC' as at) w
   where i.inhparent = 'postrider.events'::regclass and c.relname ~ '^events_\d{8}(_undelivered)?$'
     and w.at + interval '7 days' <= p_before
   order by 1
$$;

-- drop_past: drops the oldest week that ended before p_before and in which nothing waits. Returns how many were
-- dropped: 0 or 1, so that a call holds its locks for one week only.
create or replace function postrider.drop_past(p_before timestamptz) returns integer
language plpgsql volatile
set lock_timeout = '100ms' as $$
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

-- drop_week: drops what there is of a week's three tables, and notes that keys may have lost their event.
create or replace function postrider.drop_week(p_week text, p_suffix text) returns void
language plpgsql volatile as $$
declare
  v_kind text;
begin
  foreach v_kind in array array['attempts', 'finished', 'events'] loop
    execute format('drop table if exists postrider.%I', v_kind || '_' || p_week || p_suffix);
  end loop;
  update postrider.retention set removals = removals + 1;
end $$;

-- reduce_past: replaces the oldest week that ended before p_before by one that holds only what was not delivered: those
-- deliveries, their events and their attempts. An event's `deliveries` then counts those that are kept. Returns how
-- many weeks were reduced: 0 or 1.
--
-- The copy is made while readers go on and writers of that week wait: so it does not begin while a replay runs, or
-- while a delivery waits that a turn may be working on. One that waits for a paused partner or a disabled endpoint is
-- copied with the rest. If a writer comes meanwhile, it waits for the copy, lock_history gives way to
-- it, and the next upkeep tries again. Everything is locked only for the exchange of the tables, which writes no row.
create or replace function postrider.reduce_past(p_before timestamptz) returns integer
language plpgsql volatile
set lock_timeout = '100ms' set work_mem = '64MB' set jit = off as $$
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
end $$;

-- copy_undelivered: fills the three tables of a reduced week, whose bounds are [p_first, p_end).
create or replace function postrider.copy_undelivered(p_week text, p_first uuid, p_end uuid) returns void
language plpgsql volatile as $$
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
end $$;

-- trim_default: retention for deliveries that came when no partition was made for their week. Looks at up to p_limit
-- ended ones after p_after, and deletes those past their time, their attempts, and events of which nothing is left.
-- Small steps, each its own transaction, which lock nothing but their rows.
--
-- Out: where to go on; null at the end.
create or replace function postrider.trim_default(p_after uuid, p_before timestamptz, p_undelivered_before timestamptz, p_limit integer)
returns uuid
language plpgsql volatile
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan set jit = off as $$
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

-- trim_default_events: the same for events that had no delivery at all.
create or replace function postrider.trim_default_events(p_after uuid, p_before timestamptz, p_limit integer) returns uuid
language plpgsql volatile
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan set jit = off as $$
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

-- forget_keys: deletes, from p_pages pages of event_keys on from p_page, the idempotency keys of events before p_before
-- that are gone. By place and not by age: keys of what was not delivered outlive their neighbours, so an index by age
-- would lead to every page again and again, where one walk per removal sees each page once.
--
-- Out: whether there are pages after these.
create or replace function postrider.forget_keys(p_before timestamptz, p_page bigint, p_pages integer) returns boolean
language plpgsql volatile
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan set jit = off as $$
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
