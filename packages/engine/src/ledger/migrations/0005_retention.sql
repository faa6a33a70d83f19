-- Retention: what removes history, and how far the keys of what was removed are forgotten.
create table postrider.retention (
  one       boolean primary key default true check (one),
  -- Counts removals of events. Where keys were forgotten after fewer of them, a walk over event_keys is due.
  removals  bigint not null default 0,
  forgotten bigint not null default 0,
  -- Where the newest reduced week ends: before it, what was delivered is rare.
  reduced_until uuid
);
insert into postrider.retention default values;

-- Keys are forgotten by a walk over the table: see forget_keys.
drop index postrider.event_keys_age;

-- A type is often rare among millions: without this, listing by it reads back through all that came since.
create index events_type on postrider.events (type, id);
