-- save_circuits: keeps the circuits of endpoints, or drops them if the endpoint is well.
--
-- In:  p_saves  a JSON list of rows of postrider.circuits, each with the turn's fence; no state: the endpoint is well.
-- An older turn changes nothing. A turn that does not know yet of a resume or another URL changes nothing either.
create or replace function postrider.save_circuits(p_saves json) returns void
language plpgsql volatile
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan set jit = off as $$
begin
  with s as materialized (
    select s.* from json_to_recordset(p_saves) as s(
             endpoint_no integer, partner_no integer, fence bigint, circuit_no integer, state text, opened_at_ms double precision,
             since_ms double precision, failing_since_ms double precision, failures integer, wait_ms double precision,
             probe_at_ms double precision, ramp integer, mark smallint, refused_since_ms double precision, refused integer,
             refused_of integer, refusing boolean, accepted_again smallint)
      join postrider.partner_runtime r on r.partner_no = s.partner_no and r.fence = s.fence
      join postrider.endpoints n on n.endpoint_no = s.endpoint_no and n.circuit_no = s.circuit_no and n.deleted_at is null
  ), well as (
    delete from postrider.circuits c using s where c.endpoint_no = s.endpoint_no and s.state is null
  )
  insert into postrider.circuits as c
        (endpoint_no, partner_no, circuit_no, state, opened_at_ms, since_ms, failing_since_ms, failures, wait_ms, probe_at_ms, ramp, mark,
         refused_since_ms, refused, refused_of, refusing, accepted_again)
  select endpoint_no, partner_no, circuit_no, state, opened_at_ms, since_ms, failing_since_ms, failures, wait_ms, probe_at_ms, ramp, mark,
         refused_since_ms, coalesce(refused, 0), coalesce(refused_of, 0), coalesce(refusing, false), coalesce(accepted_again, 0)
    from s where s.state is not null
  on conflict (endpoint_no) do update
     set circuit_no = excluded.circuit_no, state = excluded.state, opened_at_ms = excluded.opened_at_ms, since_ms = excluded.since_ms,
         failing_since_ms = excluded.failing_since_ms, failures = excluded.failures, wait_ms = excluded.wait_ms,
         probe_at_ms = excluded.probe_at_ms, ramp = excluded.ramp, mark = excluded.mark,
         refused_since_ms = excluded.refused_since_ms, refused = excluded.refused, refused_of = excluded.refused_of,
         refusing = excluded.refusing, accepted_again = excluded.accepted_again;
end $$;

-- old_backlogs: partners whose oldest due delivery was due before p_before (epoch ms), and when. What an operator
-- paused or disabled is left out, what a circuit or Retry-After holds is not. One probe per endpoint and lane with
-- waiting deliveries, as in due_partners.
create or replace function postrider.old_backlogs(p_before double precision)
returns table (partner text, oldest_due_ms double precision)
language plpgsql stable
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan set jit = off as $$
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

-- silent_partners: active partners with silent_after of whose deliveries none accepted since then is delivered.
--
-- Delivery ids hold the time of acceptance: the newest hundred of each endpoint since then are looked at, one probe.
-- A backlog older than silent_after that is being worked off counts as silence: backlog.old tells of it as well.
create or replace function postrider.silent_partners(p_now double precision)
returns table (partner text, silent_after_ms double precision)
language plpgsql stable
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan set jit = off as $$
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
