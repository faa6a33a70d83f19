-- The versions of each endpoint's document: what was sent can be rendered again, and an old document be put back.

create table postrider.endpoint_versions (
  endpoint_no integer not null,
  version     integer not null,
  document    json not null,
  at          timestamptz not null,
  -- Who made it: `key:` and the beginning of the API key's digest, or `local`. Null: from before this was kept.
  by          text,
  -- With `at`, so that retention reads the index alone, never the documents.
  primary key (endpoint_no, version) include (at)
);

insert into postrider.endpoint_versions (endpoint_no, version, document, at)
select n.endpoint_no, n.version, n.document, n.updated_at from postrider.endpoints n;

-- When the constants changed last: a request that was sent before may have had others. Null: never.
alter table postrider.partners add column constants_at timestamptz;
