-- Partitions are weeks of UTC, Monday to Monday, cut by id. A week keeps 35 days of history in six or seven
-- partitions, which every read of an event may have to look through; days would make it 36.
create or replace function postrider.week_of(p_at timestamptz) returns timestamptz
language sql immutable strict as $$
  select date_trunc('week', p_at at time zone 'UTC') at time zone 'UTC'
$$;

-- lock_history: shuts events, finished and attempts for a moment, to change their partitions. False where it could not.
--
-- Whoever waits for this lock makes everybody behind it wait too, so it asks for a tenth of a second at most, three
-- times. That is less than deadlock_timeout: in a deadlock this side gives way, never an accept or a record. Only the
-- parents are locked: nobody reads a partition without holding its parent.
create or replace function postrider.lock_history() returns boolean
language plpgsql volatile
set lock_timeout = '100ms' as $$
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

-- ensure_partitions: makes the partitions of p_now's week and the two after it. Cheap where they exist. All three of a
-- week are made, or none: so a delivery, its event and its attempts are together, in partitions or in the defaults.
create or replace function postrider.ensure_partitions(p_now timestamptz) returns integer
language plpgsql volatile
set lock_timeout = '100ms' as $$
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
