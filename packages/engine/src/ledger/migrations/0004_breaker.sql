-- Circuits of endpoints that are not well, and what operators are told: docs/decisions/breaker.md says why so.

-- Moves on when an operator resumes the endpoint or its URL changes: what a turn knew of its circuit is void then.
alter table postrider.endpoints add column circuit_no integer not null default 0;

alter table postrider.partners add column silent_after_ms double precision;
create index partners_silent on postrider.partners (partner_no) where silent_after_ms is not null;

-- One row for each endpoint that fails, is open or comes back; none for those that are well, so that deliveries to
-- them write nothing here. Times are epoch ms. What each column means: core/breaker.ts.
create table postrider.circuits (
  endpoint_no      integer primary key,
  partner_no       integer not null,
  circuit_no       integer not null,
  state            text not null check (state in ('closed', 'open')),
  opened_at_ms     double precision,
  since_ms         double precision not null,
  failing_since_ms double precision,
  failures         integer not null,
  wait_ms          double precision not null,
  probe_at_ms      double precision,
  ramp             integer,
  mark             smallint not null
) with (fillfactor = 50);
create index circuits_partner on postrider.circuits (partner_no);

-- Their parameters or columns change.
drop function if exists postrider.claim(integer[], bigint[], integer[], text[], uuid[], double precision, uuid, double precision);
drop function if exists postrider.record(uuid[], integer[], bigint[], postrider.delivery_state[], postrider.reason[], double precision[],
  integer[], double precision[], integer[], double precision[], integer[], integer[], integer[], text[], text[], boolean, uuid);
