-- Secrets and constants of a partner: docs/decisions/secrets.md says why they look so.

-- Sealed as signing keys are, bound to the partner and the name: a row copied to another place does not open. Nothing
-- shows a value again.
create table postrider.partner_secrets (
  partner_no integer not null references postrider.partners,
  name       text not null,
  sealed     bytea not null,
  set_at     timestamptz not null,
  primary key (partner_no, name)
);

-- Names and texts, no secrets.
alter table postrider.partners add column constants json not null default '{}';
