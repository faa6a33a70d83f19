-- Every process gives signs of life, those that only accept as well, and says how it is.

alter table postrider.processes
  -- Takes turns. Only such processes are counted, and the first of them sweeps for all.
  add column dispatches boolean not null default true,
  add column version    text,
  add column roles      text[] not null default '{}',
  -- How far the clock of its machine is ahead of this server's.
  add column skew_ms    double precision,
  -- What is not as it should be with it: [{name, message, sinceMs}].
  add column conditions json not null default '[]';
