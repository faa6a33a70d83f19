-- cancel_deliveries: ends those of the given deliveries that wait. What another transaction holds is left to the next
-- call: two that wait for each other's rows would deadlock. Returns how many it ended.
create or replace function postrider.cancel_deliveries(p_ids uuid[], p_now double precision) returns integer
language plpgsql volatile
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan set jit = off as $$
declare
  v_ended integer;
begin
  with chosen as materialized (
    -- Everywhere here by the list of ids: joined, a table that was analyzed while empty is read whole for each of them.
    select q.id from postrider.pending q where q.id = any(p_ids) for update of q skip locked
  ), ended as (
    delete from postrider.pending q where q.id = any(array(select c.id from chosen c))
    returning q.id, q.event, q.endpoint_no, q.partner_no, q.attempts_made, q.last_status, q.last_error, q.order_key, q.item, q.items
  ), finished as (
    insert into postrider.finished (id, event, endpoint_no, partner_no, state, reason, attempts_made, last_status, finished_at, last_error, item, items)
    select id, event, endpoint_no, partner_no, 'cancelled', 'cancelled', attempts_made, last_status, to_timestamp(p_now / 1000), last_error, item, items from ended
    returning 1
  ), noted as (
    -- Those behind them are made due by the sweep, which waits for nobody: see settle_order.
    insert into postrider.order_checks (endpoint_no, order_key)
    select distinct endpoint_no, order_key from ended where order_key is not null
  )
  select count(*) into v_ended from finished;
  return v_ended;
end $$;

-- record_cancelled: what became of deliveries that were cancelled while they were in flight. One that the partner
-- accepted is delivered, for the partner has it; the others stay cancelled, and count the attempt.
create or replace function postrider.record_cancelled(
  p_delivery uuid[], p_state postrider.delivery_state[], p_at_ms double precision[], p_n integer[], p_status integer[]) returns void
language plpgsql volatile
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan set jit = off as $$
#variable_conflict use_column
begin
  update postrider.finished f
     set state = case when o.delivered then 'delivered' else f.state end,
         reason = case when o.delivered then 'accepted_by_partner' else f.reason end,
         finished_at = case when o.delivered then to_timestamp(o.at_ms / 1000) else f.finished_at end,
         last_error = case when o.delivered then null else f.last_error end,
         attempts_made = greatest(f.attempts_made, o.n), last_status = coalesce(o.status, f.last_status)
    from (select u.delivery, u.at_ms, u.n, u.status, coalesce(u.state = 'delivered', false) as delivered
            from unnest(p_delivery, p_state, p_at_ms, p_n, p_status) as u(delivery, state, at_ms, n, status)
           where u.n > 0) o
   where f.id = o.delivery and f.state = 'cancelled';
end $$;
