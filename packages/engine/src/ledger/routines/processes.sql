-- attend: notes that a process is alive and how busy, and says how many are, whether this one is the first of them,
-- and how busy the least busy of the others is (null where there is none).
--
-- In:  p_id, p_name, p_busy  the process
--      p_ttl_ms              how long a process counts as alive after its last sign of life
-- The first sweeps for all. For a moment after a change two may think so, or none: sweeping twice does no harm, and
-- what nobody swept the next sweep finds.
create or replace function postrider.attend(p_id uuid, p_name text, p_busy double precision, p_ttl_ms double precision)
returns table (alive integer, first boolean, idlest double precision)
language plpgsql volatile set jit = off as $$
declare
  v_clock timestamptz := clock_timestamp();
  v_since timestamptz := v_clock - p_ttl_ms * interval '1 millisecond';
begin
  perform set_config('synchronous_commit', 'off', true);
  insert into postrider.processes as p (id, name, started_at, seen_at, busy) values (p_id, p_name, v_clock, v_clock, p_busy)
  on conflict (id) do update set seen_at = v_clock, busy = p_busy;
  delete from postrider.processes p where p.seen_at < v_clock - interval '1 hour';
  return query
  select count(*)::integer, coalesce((array_agg(p.id order by p.started_at, p.id))[1] = p_id, true),
         min(p.busy) filter (where p.id <> p_id)::float8
    from postrider.processes p where p.seen_at > v_since;
end $$;

-- leave: a process that stops does not make the others wait for its time to live.
create or replace function postrider.leave(p_id uuid) returns void
language sql volatile as $$
  delete from postrider.processes p where p.id = p_id;
$$;
