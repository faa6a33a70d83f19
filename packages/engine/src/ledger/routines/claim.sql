-- claim: opens turns and reads what is due, for many partners at once. Changes no delivery.
--
-- In:  p_partner_no, p_fence (0 opens a turn and takes the next fence), p_limit: one entry per partner
--      p_busy   for each partner its deliveries in flight or not yet recorded, to leave out: ids with commas between
--      p_pass_over  for each partner endpoints to leave out for now: numbers with commas between, or null
--      p_aside  deliveries of any partner to leave out
--      p_from_ms, p_from_id  three for each partner, one per lane: where to begin to read. The turn has read all that is due
--               before (due at, id). -infinity: at the head. Null: everything at the head
--      p_since_ms  for each partner when its turn last read from the head: an endpoint whose hold lasted until later is
--               read from the head
--      p_now    epoch ms
--      p_holder, p_lease_ms  the process, and how long the turn is its own from now on (by the server's clock); null
--               where the ledger belongs to one process
-- Out: for each partner at least one row; `id` is null where nothing is due. `next_ms` says when more is due after p_now
--      (null: never, or p_limit was 0). `circuits` are those of its endpoints that
--      are not well, where the turn was opened; null for nearly all. `lane` is the delivery's. `standing`:
--      held       the turn is this process's
--      inactive   the partner is paused or deleted
--      elsewhere  another process holds the turn, or a later turn was opened
--      unclear    the turn was given back in the very moment it was asked for: ask again
--
-- The plans are pinned: they must stay probes of pending_due per endpoint and lane, whatever the statistics of a table
-- that is empty one second and holds a million rows the next.
--
-- A turn begins where its last page ended, because an entry of a delivered row stays in the index until no snapshot needs it
-- and vacuum has come: while a dump ran for two minutes, each claim from the head stepped over all that was delivered meanwhile.
--
-- In statements of their own: turns are opened where there are any to open, and events are read between the smallest
-- and the largest id that is due, which leaves out all weeks but theirs before a plan begins. One statement that did
-- all of it took a quarter longer for one delivery, and longer with every week that is kept.
drop function if exists postrider.claim(integer[], bigint[], integer[], uuid[], double precision);
drop function if exists postrider.claim(integer[], bigint[], integer[], text[], text[], uuid[], double precision, uuid, double precision);
create or replace function postrider.claim(
  p_partner_no integer[], p_fence bigint[], p_limit integer[], p_busy text[], p_pass_over text[], p_aside uuid[], p_now double precision,
  p_holder uuid, p_lease_ms double precision, p_from_ms double precision[], p_from_id uuid[], p_since_ms double precision[])
returns table (partner_no integer, fence bigint, standing text, version bigint, limiter_cursor_ms double precision, circuits json,
               id uuid, endpoint_no integer, event_id text, type text, schema_version integer, occurred_at text,
               accepted_ms double precision, data text, due_ms double precision, enqueued_ms double precision,
               attempts_made smallint, client_errors smallint, attempts_before smallint,
               expires_ms double precision, order_key text, next_ms double precision, lane smallint, item smallint, items smallint)
language plpgsql volatile
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan set jit = off as $$
#variable_conflict use_column
declare
  v_now   timestamptz := to_timestamp(p_now / 1000);
  v_clock timestamptz := clock_timestamp();
  v_until timestamptz := v_clock + p_lease_ms * interval '1 millisecond';
  v_half timestamptz := v_clock + p_lease_ms / 2 * interval '1 millisecond';
  v_rows  postrider.claimed[];
  v_lanes smallint[];
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
                    d.expires_at, d.order_key, d.item, d.items)::postrider.claimed),
         array_agg(d.lane),
         min(d.event::text collate "C")::uuid, max(d.event::text collate "C")::uuid, bool_or(t.aging)
    into v_rows, v_lanes, v_first, v_last, v_aging
    from (
      select g.*, g.standing = 'held' and g.usable as active,
             case when g.standing = 'held' and g.opened then (select json_agg(c) from postrider.circuits c where c.partner_no = g.partner_no) end as circuits
        from (
          select w.partner_no, r.fence, p.version, r.limiter_cursor_ms, w.page, w.fence = 0 as opened, (w.ord * 3 - 2)::integer as slot,
                 to_timestamp(p_since_ms[w.ord] / 1000) as since,
                 not p.paused and p.deleted_at is null as usable,
                 case when r.holder is not distinct from p_holder and (w.fence = r.fence or w.fence = 0 and r.held_until is not distinct from v_until) then 'held'
                      when w.fence > 0 or r.rung_fence = r.fence and r.held_until > v_clock then 'elsewhere'
                      else 'unclear' end as standing,
                 r.holder is not distinct from p_holder and r.held_until < v_half as aging,
                 string_to_array(w.busy, ',')::uuid[] as busy, coalesce(string_to_array(w.pass_over, ',')::integer[], '{}') as pass_over
            from unnest(p_partner_no, p_fence, p_limit, p_busy, p_pass_over) with ordinality as w(partner_no, fence, page, busy, pass_over, ord)
            join postrider.partner_runtime r on r.partner_no = w.partner_no
            join postrider.partners p on p.partner_no = w.partner_no
          offset 0
        ) g
    ) t
    -- When the partner next has work after now: retries that earlier turns scheduled, perhaps in another process.
    left join lateral (
      -- Whether anything waits behind a hold is not looked for: the dead entries of all that was sent before it may be in the way.
      select min(case when n.held_until > v_now then n.held_until else (
               select q.due_at from postrider.pending q
                where q.endpoint_no = n.endpoint_no and q.lane = l.lane and q.due_at < 'infinity' and q.due_at > v_now
                order by q.due_at limit 1) end) as due_at
        from postrider.endpoints n
       cross join (values (0::smallint), (1::smallint), (2::smallint)) as l(lane)
       where n.partner_no = t.partner_no and n.deleted_at is null and n.enabled and n.paused_at is null and t.active and t.page > 0
    ) f on true
    left join lateral (
      select q.* from postrider.endpoints n
        cross join (values (0::smallint), (1::smallint), (2::smallint)) as l(lane)
        cross join lateral (
          select q.* from postrider.pending q
           where q.endpoint_no = n.endpoint_no and q.lane = l.lane and q.due_at <= v_now
             and (q.due_at, q.id) > (
               case when n.held_until > t.since then '-infinity' else coalesce(to_timestamp(p_from_ms[t.slot + l.lane] / 1000), '-infinity') end,
               coalesce(p_from_id[t.slot + l.lane], '00000000-0000-0000-0000-000000000000'))
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
         extract(epoch from c.next_at)::float8 * 1000, c.lane, c.item, c.items
    from unnest(v_rows, v_lanes) as c(partner_no, fence, standing, version, limiter_cursor_ms, circuits, next_at, id, event, endpoint_no,
      due_at, enqueued_at, attempts_made, client_errors, attempts_before, expires_at, order_key, item, items, lane)
    left join lateral (
      select e.* from postrider.events e where e.id = c.event and e.id between v_first and v_last offset 0
    ) e on true;
end $$;

-- open_turns: opens the turns with fence 0, each where nobody else holds it. The holder of another hears, when it gives
-- the turn back, that it was asked for.
create or replace function postrider.open_turns(p_partner_no integer[], p_fence bigint[], p_holder uuid, p_clock timestamptz, p_until timestamptz)
returns void
language plpgsql volatile
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan set jit = off as $$
declare
  v_opened bigint;
begin
  update postrider.partner_runtime r set fence = r.fence + 1, holder = p_holder, held_until = p_until
    from unnest(p_partner_no, p_fence) as w(partner_no, fence)
   where r.partner_no = w.partner_no and w.fence = 0
     and (r.held_until is null or r.held_until <= p_clock or r.holder is not distinct from p_holder);
  get diagnostics v_opened = row_count;
  if v_opened < (select count(*) from unnest(p_fence) as fence where fence = 0) then
    -- A lease that ends later than one of now was given before this server's clock was set back: it lasts for one lease more.
    update postrider.partner_runtime r set rung_fence = r.fence, held_until = least(r.held_until, p_until)
      from unnest(p_partner_no, p_fence) as w(partner_no, fence)
     where r.partner_no = w.partner_no and w.fence = 0
       and r.held_until > p_clock and r.holder is distinct from p_holder;
  end if;
end $$;

-- close_turns: gives turns back, with the limiter's cursor where one was used.
-- Out: of the turns that were still this process's, those that another process had work for meanwhile.
create or replace function postrider.close_turns(p_partner_no integer[], p_fence bigint[], p_cursor_ms double precision[], p_holder uuid)
returns integer[]
language plpgsql volatile
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan set jit = off as $$
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
