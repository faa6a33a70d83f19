-- longest_wait_ms: the longest that an endpoint's own document can have a retry wait, or the endpoint be held: a step of its
-- ladders, a Retry-After, the wait before a probe; not below 10 minutes, which is what a fault in Postrider may take.
create or replace function postrider.longest_wait_ms(p_document json) returns double precision
language plpgsql immutable parallel safe as $$
begin
  return greatest(600000, postrider.duration_ms(p_document #>> '{retry,retry_after_max}'), postrider.duration_ms(p_document #>> '{breaker,longest_wait}'),
                  (select max(postrider.duration_ms(t)) from json_array_elements_text(p_document #> '{retry,schedule}') t),
                  (select max(postrider.duration_ms(t)) from json_array_elements_text(p_document #> '{retry,client_error_schedule}') t));
end $$;

-- cut_back: brings back what lies further ahead than its own rule could have put it. A clock that was ahead put it there: that of
-- the server, or of a process of a version that followed its own. What an application asked for (not_before) is never touched.
--
-- In:  p_now  epoch ms
--      p_stale_ms  if p_now is over for longer, nothing is done: by such a time all that is new lies ahead, and would expire.
--               Null: however old it is
-- Out: how many deliveries and endpoints were brought back; they are due by then, and the next sweep rings.
--
-- A few probes per endpoint and lane with waiting deliveries, of the row that is furthest ahead: whatever a clock put too far is
-- there, or is hidden by what waits rightly for as long. With 10,000 endpoints that all have retries waiting, 140 ms; due_partners
-- takes 80 for them.
drop function if exists postrider.cut_back(double precision);
create or replace function postrider.cut_back(p_now double precision, p_stale_ms double precision) returns integer
language plpgsql volatile
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan set jit = off as $$
#variable_conflict use_column
declare
  v_now  timestamptz := to_timestamp(p_now / 1000);
  -- Servers and processes differ a little about what time it is, and nobody misses a minute.
  v_soon timestamptz := v_now + interval '1 minute';
  -- Within the longest wait of every document, and beyond that of most: these need not be read, which takes 0.25 ms each.
  v_short timestamptz := v_soon + interval '10 minutes';
  v_long timestamptz := v_now + interval '25 hours';
  v_endpoints integer[];
  v_lanes     smallint[];
  v_beyond    timestamptz[];
  v_held      integer[];
  v_retries   integer := 0;
  v_firsts    integer := 0;
  v_holds     integer := 0;
begin
  if clock_timestamp() > v_now + p_stale_ms * interval '1 millisecond' then
    return 0;
  end if;
  -- One at a time: the second would bring back once more what the first did.
  if not pg_try_advisory_xact_lock(hashtextextended('postrider.cut_back', 0)) then
    return 0;
  end if;
  with recursive heads as (
    (select q.endpoint_no, q.lane from postrider.pending q order by q.endpoint_no, q.lane limit 1)
    union all
    select n.* from heads h cross join lateral (
      select q.endpoint_no, q.lane from postrider.pending q
       where (q.endpoint_no, q.lane) > (h.endpoint_no, h.lane)
       order by q.endpoint_no, q.lane limit 1) n
  ), seen as (
    select h.endpoint_no, h.lane, l.id, l.due_at, l.due_at > v_soon as far, l.retried,
           case when e.held_until > v_short or l.due_at > v_long then v_soon + postrider.longest_wait_ms(e.document) * interval '1 millisecond' end as beyond,
           e.held_until
      from heads h
     cross join lateral (
        select q.id, q.due_at, q.attempts_made > q.attempts_before as retried from postrider.pending q
         where q.endpoint_no = h.endpoint_no and q.lane = h.lane and q.due_at < 'infinity'
         order by q.due_at desc limit 1) l
     cross join lateral (
        select e.held_until, e.document from postrider.endpoints e
         where e.endpoint_no = h.endpoint_no and (l.due_at > v_soon or e.held_until > v_short) offset 0) e
  ), found as (
    select s.*, s.far and (not s.retried or s.due_at > s.beyond
                           or exists (select 1 from postrider.attempts a
                                       where a.delivery = s.id and a.at > v_soon and s.due_at > a.at and s.due_at - a.at < a.at - v_now)) as suspect
      from seen s
  )
  select array_agg(f.endpoint_no) filter (where f.suspect), array_agg(f.lane) filter (where f.suspect),
         array_agg(coalesce(f.beyond, v_long)) filter (where f.suspect), array_agg(f.endpoint_no) filter (where f.held_until > f.beyond)
    into v_endpoints, v_lanes, v_beyond, v_held
    from found f;

  if v_endpoints is not null then
    -- A retry waits from the attempt before it. If that lies ahead as well, it was now at the latest. One that would be late by
    -- less than its own wait is left: once brought back, a retry is due before its attempt, which tells that it was.
    with far as materialized (
      select q.id, q.due_at, w.beyond, a.at
        from unnest(v_endpoints, v_lanes, v_beyond) as w(endpoint_no, lane, beyond)
       cross join lateral (
          select q.id, q.due_at from postrider.pending q
           where q.endpoint_no = w.endpoint_no and q.lane = w.lane and q.due_at > v_soon and q.due_at < 'infinity'
             and (q.attempts_made > q.attempts_before or q.order_key is null and q.due_at > q.enqueued_at)
           order by q.due_at desc limit 10000) q
        left join lateral (select max(a.at) as at from postrider.attempts a where a.delivery = q.id) a on true
    ), back as (
      update postrider.pending q
         set due_at = greatest(v_now, least(f.beyond - interval '1 minute', case when f.at > v_soon and f.due_at > f.at then v_now + (f.due_at - f.at) end))
        from far f where q.id = f.id and q.due_at > v_soon and (f.due_at > f.beyond or f.at > v_soon and f.due_at > f.at and f.due_at - f.at < f.at - v_now)
      returning 1
    )
    select count(*) into v_retries from back;

    -- Accepted, or put back by a replay, at a time that is not yet. One that waits for its not_before was accepted before that.
    with far as materialized (
      select q.id, q.enqueued_at - v_now as ahead
        from unnest(v_endpoints, v_lanes) as w(endpoint_no, lane)
       cross join lateral (
          select q.id, q.event, q.enqueued_at, q.lane from postrider.pending q
           where q.endpoint_no = w.endpoint_no and q.lane = w.lane and q.due_at > v_soon and q.due_at < 'infinity'
             and q.attempts_made = q.attempts_before
           order by q.due_at desc limit 1000) q
       where q.enqueued_at > v_soon
         and (q.lane = 2 or postrider.id_time(q.event) > v_soon and q.enqueued_at < postrider.id_time(q.event) + interval '2 milliseconds')
    ), back as (
      update postrider.pending q
         set due_at = q.due_at - f.ahead, enqueued_at = q.enqueued_at - f.ahead, expires_at = q.expires_at - f.ahead
        from far f where q.id = f.id and q.enqueued_at > v_soon and q.due_at > v_soon
      returning 1
    )
    select count(*) into v_firsts from back;
  end if;

  if v_held is not null then
    -- The wait that was meant is not known: the next request asks again.
    with back as (
      update postrider.endpoints e set held_until = v_now where e.endpoint_no = any(v_held) and e.held_until > v_soon returning e.endpoint_no
    ), probes as (
      update postrider.circuits c set probe_at_ms = p_now from back b where c.endpoint_no = b.endpoint_no and c.probe_at_ms > p_now
    )
    select count(*) into v_holds from back;
  end if;
  return v_retries + v_firsts + v_holds;
end $$;
