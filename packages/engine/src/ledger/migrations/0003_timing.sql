-- Delay, expiry and order of deliveries; docs/decisions/order-and-timing.md says why it looks so.

-- What an event asked for, as far as it belongs to its content. order_no says which of two events with the same key
-- was accepted first, over processes and their clocks; ids say it to the millisecond of one clock only.
alter table postrider.events
  add column not_before timestamptz, add column expires_after_ms double precision,
  add column order_key text collate "C", add column order_no bigint;
create sequence postrider.event_order;

-- Null: deliveries of this endpoint are in no order. Else the longest that one waits for those before it.
alter table postrider.endpoints add column order_hold interval;

-- expires_at is the event's own end, beside the endpoint's. order_key and order_no are set where the endpoint was
-- ordered when the delivery was made.
alter table postrider.pending
  add column expires_at timestamptz, add column order_key text collate "C", add column order_no bigint;
create index pending_order on postrider.pending (endpoint_no, order_key, order_no) where order_key is not null;

-- Keys whose first delivery may be parked behind one that has ended: see settle_order.
create table postrider.order_checks (endpoint_no integer not null, order_key text collate "C" not null)
  with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

alter type postrider.given_event add attribute not_before text, add attribute expires_after text, add attribute order_key text;

-- Their parameters or columns change.
drop function if exists postrider.accept_batch(text[], text[], integer[], text[], text[], text[], timestamptz);
drop function if exists postrider.not_fresh(text[], text[], integer[], text[], text[], text[], integer[], postrider.route[]);
drop function if exists postrider.event_error(text, text, text, text, json);
drop function if exists postrider.claim(integer[], bigint[], integer[], text[], uuid[], double precision, uuid, double precision);
