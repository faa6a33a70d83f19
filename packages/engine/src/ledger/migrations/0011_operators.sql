-- What operators ask: docs/decisions/operators.md says why it looks so.

-- By the time of ending. Partial: a delivered row, which nearly all are, pays nothing for them.
create index finished_ended on postrider.finished (finished_at, id) where state <> 'delivered';
create index finished_endpoint_ended on postrider.finished (endpoint_no, finished_at, id) where state <> 'delivered';

-- By a name that anybody ever had: history keeps the deleted, and the unique indexes hold only the living.
create index partners_ever on postrider.partners (id);
create index endpoints_ever on postrider.endpoints (partner_no, id);

-- Why a replay passed deliveries over: a cause with its count, in all `skipped`.
alter table postrider.replays add column skipped_causes json not null default '{}';
