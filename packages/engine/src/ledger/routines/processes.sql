-- process_lock: the advisory lock that a process holds for as long as it lives, on a connection of its own.
create or replace function postrider.process_lock(p_id uuid) returns bigint
language sql immutable parallel safe as $$
  select hashtextextended('postrider.process.' || p_id::text, 0)
$$;

-- attend: notes that a process is alive and how busy, and says how many are, whether this one is the first of them,
-- how busy the least busy of the others is (null where there is none), and how many were found dead.
--
-- In:  p_id, p_name, p_busy  the process
--      p_locked              whether it holds its process_lock, as far as it knows
--      p_ttl_ms              how long a process counts as alive after its last sign of life
-- The first sweeps for all. For a moment after a change two may think so, or none: sweeping twice does no harm, and
-- what nobody swept the next sweep finds.
--
-- PostgreSQL lets go of the lock of a process that was killed as soon as its connection ends, so its turns need not
-- wait for the end of their leases. A process that lives on without its lock, because the connection was lost or the
-- server restarted, says so (unlocked), and only then asks for its turns again, before it sends anything more.
drop function if exists postrider.attend(uuid, text, double precision);
drop function if exists postrider.attend(uuid, text, double precision, double precision);
create or replace function postrider.attend(p_id uuid, p_name text, p_busy double precision, p_locked boolean, p_ttl_ms double precision)
returns table (alive integer, first boolean, idlest double precision, found_dead integer)
language plpgsql volatile set jit = off as $$
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
