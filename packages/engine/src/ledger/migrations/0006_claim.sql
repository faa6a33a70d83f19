-- What claim reads of one delivery, or of a partner with none due, before it looks up the event.
create type postrider.claimed as (
  partner_no        integer,
  fence             bigint,
  standing          text,
  version           bigint,
  limiter_cursor_ms double precision,
  circuits          json,
  next_at           timestamptz,
  id                uuid,
  event             uuid,
  endpoint_no       integer,
  due_at            timestamptz,
  enqueued_at       timestamptz,
  attempts_made     smallint,
  client_errors     smallint,
  attempts_before   smallint,
  expires_at        timestamptz,
  order_key         text
);
