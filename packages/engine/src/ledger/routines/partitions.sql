-- Partitions are weeks of UTC, Monday to Monday, cut by id. A week keeps 35 days of history in six or seven
-- partitions, which every read of an event may have to look through; days would make it 36.
create or replace function postrider.week_of(p_at timestamptz) returns timestamptz
language sql immutable strict as $$
  select date_trunc('week', p_at at time zone 'UTC') at time zone 'UTC'
$$;

-- ensure_partitions: makes the partitions of p_now's week and the two after it. Cheap where they exist.
create or replace function postrider.ensure_partitions(p_now timestamptz) returns integer
language plpgsql volatile as $$
declare
  v_parent text;
  v_from   timestamptz;
  v_name   text;
  v_made   integer := 0;
begin
  for v_from in select postrider.week_of(p_now) + n * interval '7 days' from generate_series(0, 2) as n loop
    foreach v_parent in array array['events', 'finished', 'attempts'] loop
      v_name := v_parent || '_' || to_char(v_from at time zone 'UTC', 'YYYYMMDD');
      continue when to_regclass('postrider.' || v_name) is not null;
      begin
        execute format('create table postrider.%I partition of postrider.%I for values from (%L) to (%L)',
          v_name, v_parent, postrider.id_floor(v_from), postrider.id_floor(v_from + interval '7 days'));
        v_made := v_made + 1;
      exception when check_violation then
        -- Rows of that week are in the default partition already (the clock jumped): they stay there and are found there.
        null;
      end;
    end loop;
  end loop;
  return v_made;
end $$;

-- drop_past: drops whole weeks that ended before p_before. A week with a waiting delivery in it is kept: a backlog is
-- never dropped. A lock that cannot be had within a second is left to the next call.
create or replace function postrider.drop_past(p_before timestamptz) returns integer
language plpgsql volatile
set lock_timeout = '1s' as $$
declare
  v_week    text;
  v_from    timestamptz;
  v_floor   uuid;
  v_ceiling uuid;
  v_tables  text;
  v_dropped integer := 0;
begin
  for v_week in
    select right(c.relname, 8) from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'postrider.events'::regclass and c.relname ~ '^events_\d{8}$' order by 1
  loop
    v_from := to_date(v_week, 'YYYYMMDD')::timestamp at time zone 'UTC';
    exit when v_from + interval '7 days' > p_before;
    v_floor := postrider.id_floor(v_from);
    v_ceiling := postrider.id_floor(v_from + interval '7 days');
    continue when exists (select 1 from postrider.pending where id >= v_floor and id < v_ceiling);
    v_tables := (select string_agg(format('postrider.%I', t.name), ', ') from unnest(array['events_', 'finished_', 'attempts_']) as k(kind)
                  cross join lateral (select k.kind || v_week as name) t where to_regclass('postrider.' || t.name) is not null);
    begin
      -- A replay may be bringing a delivery of that week back: wait for it, then look again.
      execute 'lock table ' || v_tables || ' in access exclusive mode';
      continue when exists (select 1 from postrider.pending where id >= v_floor and id < v_ceiling);
      execute 'drop table ' || v_tables;
      v_dropped := v_dropped + 1;
    exception when lock_not_available then
      return v_dropped;
    end;
  end loop;
  return v_dropped;
end $$;

-- forget_keys: drops up to p_limit idempotency keys of events before p_before. Small rows, in small steps, so that
-- vacuum keeps up and nothing waits.
create or replace function postrider.forget_keys(p_before timestamptz, p_limit integer) returns integer
language sql volatile as $$
  with gone as (
    delete from postrider.event_keys where ctid = any(array(
      select k.ctid from postrider.event_keys k
       where k.event < postrider.id_floor(p_before)
         and not exists (select 1 from postrider.events e where e.id = k.event)
       limit p_limit))
    returning 1
  )
  select count(*)::integer from gone
$$;
