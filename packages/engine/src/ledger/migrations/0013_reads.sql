-- Which ledger this is, and where it lives: docs/decisions/ledger-id.md.

-- One row. `system_identifier` and `database_oid` are the place; null: not noted yet.
create table postrider.ledger (
  one               boolean primary key default true check (one),
  id                uuid not null default gen_random_uuid(),
  made_at           timestamptz not null default clock_timestamp(),
  system_identifier text,
  database_oid      bigint
);
insert into postrider.ledger default values;
