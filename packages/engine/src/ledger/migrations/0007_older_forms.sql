-- Before migrations were frozen, 0002 was changed in place twice: ledgers made meanwhile lack these columns.
alter table postrider.processes
  add column if not exists busy   real not null default 0,
  add column if not exists locked boolean not null default false;
