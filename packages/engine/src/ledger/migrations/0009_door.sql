-- The SQL door judges a document as the API does, and a partner may have a ceiling on its backlog.

-- The most deliveries that may wait for a partner before events addressed to it are refused. Null: no ceiling.
alter table postrider.partners add column max_backlog integer;
alter type postrider.route add attribute max_backlog integer;
-- What was last counted for a partner with a ceiling. Not beside its runtime, which a turn writes: this row stays locked
-- for as long as the transaction of an application that accepts.
create table postrider.backlogs (
  partner_no integer primary key,
  waiting    integer not null,
  counted_at timestamptz not null
) with (fillfactor = 50);

-- Their parameters change, or nothing uses them any more.
drop function if exists postrider.event_error(text, text, text, text, json, text, text, text);
drop function if exists postrider.timing_error(text, text, text);
drop type if exists postrider.given_event;
create type postrider.accept_result as (ord integer, event_id text, status text, deliveries integer, error text, partners integer[]);
