-- process_lock: the advisory lock that a process holds for as long as it lives, on a connection of its own.
create or replace function postrider.process_lock(p_id uuid) returns bigint
language sql immutable parallel safe as $$
  select hashtextextended('postrider.process.' || p_id::text, 0)
$$;

-- lives: whether a process counts as alive. One whose last sign lies ahead gave it before this server's clock was set back
-- (or on a server before this one): it is alive if it gives another.
create or replace function postrider.lives(p_seen_at timestamptz, p_dispatches boolean, p_ttl_ms double precision, p_clock timestamptz) returns boolean
language sql immutable parallel safe as $$
  -- Three missed signs. Those that do not dispatch give one each 3 seconds.
  select p_seen_at between p_clock - p_ttl_ms * case when p_dispatches then 1 else 2.5 end * interval '1 millisecond' and p_clock + interval '1 second'
$$;

-- attend: notes that a process is alive and how it is, and says how many dispatch, whether this one is the first of them,
-- how busy the least busy of the others is (null where there is none), how many were found dead, and when it was asked
-- and answered (epoch ms).
--
-- In:  p_id, p_name, p_version, p_roles  the process
--      p_busy, p_skew_ms, p_conditions   how it is
--      p_dispatches          whether it takes turns: if not, it is not counted, and finds nobody dead
--      p_locked              whether it holds its process_lock, as far as it knows
--      p_ttl_ms              how long one that dispatches counts as alive after its last sign of life
-- The first sweeps for all. For a moment after a change two may think so, or none: sweeping twice does no harm, and
-- what nobody swept the next sweep finds.
--
-- PostgreSQL lets go of the lock of a process that was killed as soon as its connection ends, so its turns need not
-- wait for the end of their leases. A process that lives on without its lock, because the connection was lost or the
-- server restarted, says so (unlocked), and only then asks for its turns again, before it sends anything more.
drop function if exists postrider.attend(uuid, text, double precision);
drop function if exists postrider.attend(uuid, text, double precision, double precision);
drop function if exists postrider.attend(uuid, text, double precision, boolean, double precision);
create or replace function postrider.attend(
  p_id uuid, p_name text, p_version text, p_roles text[], p_busy double precision, p_skew_ms double precision, p_conditions json,
  p_dispatches boolean, p_locked boolean, p_ttl_ms double precision)
returns table (alive integer, first boolean, idlest double precision, found_dead integer, arrived_ms double precision, answered_ms double precision)
language plpgsql volatile set jit = off as $$
#variable_conflict use_column
declare
  v_clock timestamptz := clock_timestamp();
  v_dead  uuid[] := '{}';
begin
  perform set_config('synchronous_commit', 'off', true);
  insert into postrider.processes as p (id, name, started_at, seen_at, busy, locked, dispatches, version, roles, skew_ms, conditions)
  values (p_id, p_name, v_clock, v_clock, p_busy, p_locked, p_dispatches, p_version, p_roles, p_skew_ms, p_conditions)
  on conflict (id) do update set seen_at = v_clock, busy = p_busy, locked = p_locked, dispatches = p_dispatches, skew_ms = p_skew_ms,
                                 conditions = p_conditions;

  if p_dispatches then
    v_dead := array(select p.id from postrider.processes p
                     where p.id <> p_id and p.locked and pg_try_advisory_xact_lock(postrider.process_lock(p.id))
                       -- One that says just now that it has lost its lock is not dead: see unlocked.
                       for update skip locked);
  end if;
  if cardinality(v_dead) > 0 then
    delete from postrider.processes p where p.id = any(v_dead);
    update postrider.partner_runtime r set holder = null, held_until = null where r.holder = any(v_dead);
  end if;

  delete from postrider.processes p where p.seen_at not between v_clock - interval '1 hour' and v_clock + interval '1 hour';
  return query
  select count(*)::integer, coalesce((array_agg(p.id order by p.started_at, p.id))[1] = p_id, p_dispatches),
         min(p.busy) filter (where p.id <> p_id)::float8, cardinality(v_dead),
         extract(epoch from v_clock)::float8 * 1000, extract(epoch from clock_timestamp())::float8 * 1000
    from postrider.processes p where p.dispatches and postrider.lives(p.seen_at, true, p_ttl_ms, v_clock);
end $$;

-- unlocked: a process says that it lives without its lock, so that nobody takes it for dead. Whoever takes its turns in
-- this moment is waited for, so that what it asks next is answered by what became of them.
create or replace function postrider.unlocked(p_id uuid) returns void
language sql volatile as $$
  update postrider.processes p set locked = false where p.id = p_id;
$$;

-- leave: a process that stops does not make the others wait for its time to live.
create or replace function postrider.leave(p_id uuid) returns void
language sql volatile as $$
  delete from postrider.processes p where p.id = p_id;
$$;
