-- Many processes on one ledger. A partner's turn is leased to one of them: what it may not do without asking again,
-- no other may do before the lease is over or given back. The fence stays the number of the turn.
alter table postrider.partner_runtime
  add column holder     uuid,
  add column held_until timestamptz,
  -- The fence of the turn that somebody else had work for while it was held: its close rings again.
  add column rung_fence bigint;

-- The processes that dispatch, each with its last sign of life. The first of the living sweeps for all.
create table postrider.processes (
  id         uuid primary key,
  name       text not null,
  started_at timestamptz not null,
  seen_at    timestamptz not null,
  -- The share of the time in which its event loop works: 0 idle, 1 without a pause.
  busy       real not null default 0,
  -- It says that it holds the advisory lock of its name. Where that is free all the same, it died.
  locked     boolean not null default false
) with (fillfactor = 50);
