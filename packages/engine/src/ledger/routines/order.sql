-- Order per endpoint and key: of the deliveries of one key only one is claimable at a time (claim.sql). The first is
-- due like any other. Of those behind it the first is parked until its hold ends, the others until they are moved up
-- (due at infinity): a key may have thousands of them, and claims must not pass over each. A delivery that was not
-- attempted since it was enqueued and is due later than that is parked: only being put back delays a first attempt
-- too, which leaves its error.

-- release_next: moves the deliveries of each key up. The first of a key becomes due; and where nobody is parked until a
-- hold ends, the next one is. Returns the partners of those moved.
--
-- Called by whoever recorded one of the key, in a statement of its own after that: only a snapshot from after an end
-- sees what was accepted just before.
create or replace function postrider.release_next(p_endpoint_no integer[], p_order_key text[], p_at timestamptz) returns integer[]
language plpgsql volatile
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan set jit = off as $$
#variable_conflict use_column
declare
  v_partners integer[];
begin
  with keys as materialized (
    select distinct u.endpoint_no, u.order_key from unnest(p_endpoint_no, p_order_key) as u(endpoint_no, order_key)
  ), first as materialized (
    select k.endpoint_no, k.order_key, f.id, greatest(f.enqueued_at, p_at) as due_at,
           f.attempts_made = f.attempts_before and f.due_at > greatest(f.enqueued_at, p_at)
             and (f.last_error is null or f.replay is not null) as parked
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

-- settle_order: looks at the keys noted in order_checks. Where the first delivery of a key is parked, the one before it
-- ended without seeing it: it is made due. Returns the partners to ring.
--
-- A first delivery that is under way is locked while its key is looked at. Whoever ends it then has to wait, and its
-- release_next, which comes after, sees all that is committed by now. One that is locked already (it is just ending) is
-- looked at again by the next call. So no delivery stays parked behind nobody, and nothing here waits for anybody.
create or replace function postrider.settle_order(p_limit integer, p_now timestamptz) returns integer[]
language plpgsql volatile
set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan set jit = off as $$
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

-- drop_order: takes up to p_limit waiting deliveries out of the order of endpoints that have none any more. What is
-- locked is left to the next call. Costs one probe per endpoint with keys where there is nothing to do.
create or replace function postrider.drop_order(p_now double precision, p_limit integer) returns integer
language plpgsql volatile
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan set jit = off as $$
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
