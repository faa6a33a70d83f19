-- One delivery per item of a list in the event: docs/decisions/fan-out.md says why it looks so.

-- Which item of its event's list a delivery is for, from 1, and how many there were when it was split. Null: the delivery
-- is for the whole event, or is not split yet.
alter table postrider.pending add column item smallint, add column items smallint;
alter table postrider.finished add column item smallint, add column items smallint;
alter type postrider.claimed add attribute item smallint, add attribute items smallint;

-- Room for the items of an event between it and the next one: order_no of an item is that of its event, plus item - 1.
alter sequence postrider.event_order increment by 1024;

create or replace view postrider.deliveries as
  select id, event, endpoint_no, partner_no, 'pending'::postrider.delivery_state as state, null::postrider.reason as reason,
         attempts_made, last_status, due_at as next_attempt_at, null::timestamptz as finished_at, last_error, item, items
    from postrider.pending
  union all
  select id, event, endpoint_no, partner_no, state, reason, attempts_made, last_status, null, finished_at, last_error, item, items
    from postrider.finished;

-- Their answers have more columns now.
drop function if exists postrider.claim(integer[], bigint[], integer[], text[], text[], uuid[], double precision, uuid, double precision,
  double precision[], uuid[], double precision[]);
drop function if exists postrider.select_deliveries(uuid[], integer[], postrider.delivery_state, postrider.reason, text[], uuid, uuid, uuid, bigint);
drop function if exists postrider.select_ended(uuid[], integer[], postrider.delivery_state, postrider.reason, text[], uuid, timestamptz, timestamptz, uuid, bigint);
