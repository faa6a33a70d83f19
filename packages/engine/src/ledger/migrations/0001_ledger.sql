-- The ledger: what is true. PostgreSQL 14 and later, and PGlite, alike.
--
-- A waiting delivery is a row of `pending`, a small hot table that is only ever as large as the backlog. A delivery
-- that ended is a row of `finished`, which is written once and dropped with its partition. The view `deliveries`
-- shows both. Ids are UUID version 7 (RFC 9562), so time ranges are id ranges and partitions are cut by id.

create schema if not exists postrider;

create type postrider.delivery_state as enum ('pending', 'delivered', 'dead', 'expired', 'cancelled', 'suppressed');
create type postrider.reason as enum (
  'accepted_by_partner', 'retries_exhausted', 'rejected', 'redirected', 'target_refused', 'missing_macro',
  'unresolved_macro', 'host_changed', 'path_changed', 'url_too_long', 'invalid_header', 'expired', 'cancelled', 'endpoint_deleted',
  'partner_deleted', 'endpoint_disabled');

create table postrider.partners (
  partner_no      integer generated always as identity primary key,
  id              text not null,
  name            text not null,
  rate_per_second double precision,
  burst           integer,
  max_in_flight   integer not null,
  paused          boolean not null default false,
  -- Bumped by every change of the partner, its endpoints or keys: dispatchers re-read what they cached.
  version         bigint not null default 1,
  created_at      timestamptz not null,
  updated_at      timestamptz not null,
  deleted_at      timestamptz
);
create unique index partners_id on postrider.partners (id) where deleted_at is null;

-- What a turn changes, apart from the settings so that the two never wait for each other.
create table postrider.partner_runtime (
  partner_no        integer primary key references postrider.partners,
  fence             bigint not null default 0,
  limiter_cursor_ms double precision not null default 0
) with (fillfactor = 50);

create table postrider.signing_keys (
  key_no     integer generated always as identity primary key,
  partner_no integer not null references postrider.partners,
  scheme     text not null check (scheme in ('v1', 'v1a')),
  sealed     bytea not null,
  public_key text,
  created_at timestamptz not null,
  retires_at timestamptz
);
create index signing_keys_partner on postrider.signing_keys (partner_no);

create table postrider.endpoints (
  endpoint_no integer generated always as identity primary key,
  partner_no  integer not null references postrider.partners,
  id          text not null,
  document    json not null,
  version     integer not null default 1,
  enabled     boolean not null,
  -- Set by a 410 answer; ended by an operator.
  paused_at   timestamptz,
  -- Set by Retry-After.
  held_until  timestamptz,
  note        text,
  created_at  timestamptz not null,
  updated_at  timestamptz not null,
  deleted_at  timestamptz
);
create unique index endpoints_id on postrider.endpoints (partner_no, id) where deleted_at is null;

-- Which endpoints want which event types: exact, `prefix.*` or `*`. One row per pattern of a living endpoint.
create table postrider.subscriptions (
  endpoint_no integer not null references postrider.endpoints,
  partner_no  integer not null,
  pattern     text not null,
  primary key (endpoint_no, pattern)
);
create index subscriptions_pattern on postrider.subscriptions (pattern, partner_no, endpoint_no);

create table postrider.events (
  id             uuid not null,
  event_id       text not null,
  type           text not null,
  schema_version integer not null,
  occurred_at    text not null,
  accepted_at    timestamptz not null,
  partner        text,
  deliveries     integer not null,
  -- The JSON text that was accepted is the text that is delivered, digit for digit. Not of type json: it was checked
  -- where it came in, and is not to be parsed again for each time it is stored.
  data           text not null,
  primary key (id)
) partition by range (id);
create table postrider.events_default partition of postrider.events default;

-- Idempotency: one row per event id for as long as its event is kept. A partitioned table cannot have a unique key
-- without the partition key in it, and the same event id may come again in another week.
create table postrider.event_keys (
  event_id text collate "C" primary key,
  event    uuid not null
);
create index event_keys_age on postrider.event_keys using brin (event) with (pages_per_range = 16);

create table postrider.pending (
  id            uuid primary key,
  event         uuid not null,
  endpoint_no   integer not null,
  partner_no    integer not null,
  -- 0: first attempts, 1: retries, 2: replays; served in this order.
  lane          smallint not null default 0,
  attempts_made smallint not null default 0,
  client_errors smallint not null default 0,
  -- Of attempts_made, those before the last replay: a replayed delivery climbs the retry ladder anew.
  attempts_before smallint not null default 0,
  last_status   smallint,
  due_at        timestamptz not null,
  enqueued_at   timestamptz not null,
  replay        uuid,
  last_error    text
) with (
  -- Rows live for milliseconds: vacuum by count, not by share, or the due index fills with the dead.
  autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000, autovacuum_analyze_scale_factor = 0.1,
  autovacuum_vacuum_cost_delay = 0);
create index pending_due on postrider.pending (endpoint_no, lane, due_at, id);
create index pending_replay on postrider.pending (replay, endpoint_no) where replay is not null;

create table postrider.finished (
  id            uuid not null,
  event         uuid not null,
  endpoint_no   integer not null,
  partner_no    integer not null,
  state         postrider.delivery_state not null,
  reason        postrider.reason not null,
  attempts_made smallint not null,
  last_status   smallint,
  finished_at   timestamptz not null,
  last_error    text,
  primary key (id)
) partition by range (id);
-- By endpoint, which serves partners too (a partner is its endpoints). What was not delivered is rare: two partial
-- indexes find it among millions that were, and cost a delivered row nothing.
create index finished_endpoint on postrider.finished (endpoint_no, id);
create index finished_undelivered on postrider.finished (id) where state <> 'delivered';
create index finished_endpoint_undelivered on postrider.finished (endpoint_no, id) where state <> 'delivered';
create table postrider.finished_default partition of postrider.finished default;

create table postrider.attempts (
  delivery         uuid not null,
  n                smallint not null,
  status           smallint,
  endpoint_version integer not null,
  at               timestamptz not null,
  duration_ms      integer not null,
  error            text,
  response_body    text
) partition by range (delivery);
create index attempts_delivery on postrider.attempts (delivery);
create table postrider.attempts_default partition of postrider.attempts default;

create table postrider.replays (
  id              uuid primary key,
  state           text not null check (state in ('running', 'done', 'cancelled')),
  filter          json not null,
  rate_per_second double precision,
  requested_by    text not null,
  created_at      timestamptz not null,
  finished_at     timestamptz,
  matched         bigint not null,
  replayed        bigint not null default 0,
  skipped         bigint not null default 0,
  -- The limiter's cursor of the replay itself, epoch ms.
  limiter_cursor_ms double precision not null default 0
);
create index replays_running on postrider.replays (created_at) where state = 'running';

-- The deliveries a replay chose when it was made, and has not put back yet. Kept by endpoint, so that one endpoint
-- that cannot be served does not hold back the others. Without a foreign key: a million rows may come in one statement.
create table postrider.replay_items (
  replay      uuid not null,
  endpoint_no integer not null,
  delivery    uuid not null,
  primary key (replay, endpoint_no, delivery)
);

create view postrider.deliveries as
  select id, event, endpoint_no, partner_no, 'pending'::postrider.delivery_state as state, null::postrider.reason as reason,
         attempts_made, last_status, due_at as next_attempt_at, null::timestamptz as finished_at, last_error
    from postrider.pending
  union all
  select id, event, endpoint_no, partner_no, state, reason, attempts_made, last_status, null, finished_at, last_error
    from postrider.finished;

create type postrider.route as (type text, partner text, known boolean, endpoint_nos integer[], partner_nos integer[]);
create type postrider.given_event as (
  ord integer, event_id text, type text, schema_version text, occurred_at text, partner text, data text, error text);
