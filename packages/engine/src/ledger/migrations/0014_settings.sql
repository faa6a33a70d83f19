-- Settings never outlive their truth: docs/decisions/settings.md says why it looks so.

-- Versions are never used twice, also not after a failover or a restore that forgot some: see next_version. A new row
-- begins with the time, since its number may have been another partner's in what was forgotten. What is stored keeps the
-- small number it has until it is changed.
alter table postrider.partners alter column version set default (extract(epoch from clock_timestamp()) * 1000000)::bigint;
-- Seconds since 2026: it is an integer.
alter table postrider.endpoints alter column circuit_no set default (extract(epoch from clock_timestamp()) - 1767225600)::integer;

-- What each process that dispatches can do by its own settings, for the others: which master keys it has (their ids,
-- never a key), and which targets it allows. A row counts for as long as the process is in `processes`.
create table postrider.process_settings (
  process       uuid primary key,
  key_ids       text[] not null,
  allow_targets text[] not null,
  declared_at   timestamptz not null
);
