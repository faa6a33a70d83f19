-- Endpoints that answer and refuse what they are sent: core/refusals.ts says what each column means.

alter table postrider.circuits
  add column refused_since_ms double precision,
  add column refused        integer not null default 0,
  add column refused_of     integer not null default 0,
  add column refusing       boolean not null default false,
  add column accepted_again smallint not null default 0;
