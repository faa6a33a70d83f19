-- fan_out: makes of each given delivery one delivery per item of its event's list, before anything of it is sent. The delivery itself
-- becomes item 1 and keeps its id; the others get ids of the same millisecond, so that they are in the week of their event.
--
-- In:  one array entry per delivery; p_items: how many items its list has, at least 1
--      p_holder the process; null where the ledger belongs to one
-- Out: how many were split. Left as they are: what another turn has by now, what no longer waits, what is split already.
--
-- Rows are locked in the order of their ids, so that two calls wait for each other and never deadlock: two endpoints may split
-- the same events. Whoever waited for a row that the other one has split finds that it has an item.
--
-- Of an order key the items go one after the other, before the next event of the key: the second is parked until its hold ends, those
-- behind it until it is their turn (order.sql).
create or replace function postrider.fan_out(p_delivery uuid[], p_partner_no integer[], p_fence bigint[], p_items integer[], p_holder uuid)
returns integer
language plpgsql volatile
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan set jit = off as $$
#variable_conflict use_column
declare
  v_ids    uuid[];
  v_events uuid[];
  v_split  integer;
begin
  v_ids := array(
    select u.delivery from unnest(p_delivery, p_partner_no, p_fence) as u(delivery, partner_no, fence)
     where (select r.fence = u.fence and r.holder is not distinct from p_holder from postrider.partner_runtime r where r.partner_no = u.partner_no));
  v_ids := array(select q.id from postrider.pending q where q.id = any(v_ids) and q.item is null order by q.id for update of q);
  if v_ids = '{}' then
    return 0;
  end if;
  v_events := array(select distinct q.event from postrider.pending q where q.id = any(v_ids));
  perform 1 from postrider.events e where e.id = any(v_events) order by e.id for no key update of e;

  with whole as materialized (
    select q.*, g.items as of, n.order_hold, left(q.id::text, 13) || '-7' as prefix, postrider.id_tail() as tail,
           postrider.id_order(q.id) as place
      from unnest(p_delivery, p_items) as g(delivery, items)
     cross join lateral (select * from postrider.pending q where q.id = g.delivery and q.id = any(v_ids) offset 0) q
     cross join lateral (select n.order_hold from postrider.endpoints n where n.endpoint_no = q.endpoint_no offset 0) n
  ), first as (
    update postrider.pending q set item = 1, items = w.of from whole w where q.id = w.id returning 1
  ), others as (
    insert into postrider.pending (id, event, endpoint_no, partner_no, lane, due_at, enqueued_at, expires_at, replay,
                                   order_key, order_no, item, items)
    select postrider.new_id(w.prefix, w.tail, w.place + k - 1 & 1048575), w.event, w.endpoint_no, w.partner_no, w.lane,
           case when w.order_key is null or w.order_hold is null then w.due_at
                when k = 2 then greatest(w.due_at, w.enqueued_at + w.order_hold) else 'infinity' end,
           w.enqueued_at, w.expires_at, w.replay, w.order_key, w.order_no + k - 1, k, w.of
      from whole w cross join lateral generate_series(2, w.of) as k
  ), counted as (
    update postrider.events e set deliveries = e.deliveries + c.more
      from (select w.event, sum(w.of - 1)::integer as more from whole w where w.of > 1 group by w.event) c
     where e.id = c.event
  )
  select count(*) into v_split from first;
  return v_split;
end $$;

-- id_order: the 20 bits of order in an id that new_id made.
create or replace function postrider.id_order(p_id uuid) returns integer
language sql immutable parallel safe as $$
  select ('x' || lpad(substr(u.hex, 14, 3) || substr(u.hex, 18, 2), 8, '0'))::bit(32)::integer from (select replace(p_id::text, '-', '') as hex) u
$$;
